"""Cells that a spreadsheet would run as formulas, and files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pyarrow as pa
import pyarrow.compute as pc

from duecourse.kit.records.refusals import WriteFailed

_STARTS = r"=+\-@\t\r\n＝＋－＠"
_UNSEEN = r" \x0b\x0c\x{85}\x{a0}\x{1680}\x{2000}-\x{200f}\x{2028}-\x{202f}\x{205f}-\x{2064}\x{3000}\x{feff}"
_RISKY = rf"^('*[{_UNSEEN}]*[{_STARTS}])"
_NEGATIVE = r"^-[0-9]+([.,][0-9]+)*$"
_NEUTRAL = rf"^'('*[{_UNSEEN}]*[{_STARTS}])"
_REASONS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "it passes the largest size a file may have here",
    errno.EACCES: "writing there is not permitted",
    errno.EROFS: "the disk is read-only",
    errno.ENOENT: "the folder does not exist",
}


def neutralise(texts: pa.Array) -> pa.Array:
    """Put an apostrophe before texts that begin with = + - @ TAB CR LF or their full-width forms, so that no spreadsheet runs them.

    Blanks and characters without width before the sign are passed over, because some programs do so too.

    A negative number stays as it is. Texts that already look neutralised get one more, so `restore` always gives back the original.

    Source: OWASP, CSV Injection.
    """
    marked = pc.replace_substring_regex(texts, pattern=_RISKY, replacement=r"'\1", max_replacements=1)
    return pc.if_else(pc.match_substring_regex(texts, _NEGATIVE), texts, marked)


def restore(texts: pa.Array) -> pa.Array:
    """Take the apostrophe of `neutralise` off again."""
    if not pc.any(pc.starts_with(texts, "'")).as_py():
        return texts
    return pc.replace_substring_regex(texts, pattern=_NEUTRAL, replacement=r"\1", max_replacements=1)


@contextlib.contextmanager
def written_whole(path: Path) -> Iterator[IO[bytes]]:
    """Give a file to write; when the block ends well it is flushed to disk and takes the name `path`, else it vanishes.

    Raises:
        WriteFailed: the operating system refused; an older file of that name is untouched.
    """
    temporary: Path | None = None
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", suffix=".part", delete=False) as sink:
            temporary = Path(sink.name)
            yield sink
            sink.flush()
            os.fsync(sink.fileno())
        temporary.replace(path)
        temporary = None
        _sync_folder(path.parent)
    except OSError as error:
        reason = _REASONS.get(error.errno or 0, f"the system said {error.strerror or type(error).__name__}")
        raise WriteFailed(file=path.name, reason=reason) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

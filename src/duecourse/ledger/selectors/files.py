"""Reading stored files, and the form they are stored in.

A file lies at `files/<first two digits>/<sha256>.<creditor>.<kind>` under the home: one file per row, so that destroying one row's bytes
never takes another's. A personal file begins with `MAGIC`; after it every chunk of one MiB of plain bytes stands sealed under the file's
own key. The authenticated data of a chunk names the row's content, the chunk's number and whether it is the last, so that a chunk that is
moved, repeated or cut off does not open.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from django.conf import settings

from duecourse.kit.crypto import Sealer, Unsealable
from duecourse.ledger.errors import FileDamaged, FileDestroyed, FileMissing
from duecourse.ledger.models import StoredFile

CHUNK_BYTES = 1 << 20
MAGIC = b"duecourse-file-1"
_SEALED_EXTRA_BYTES = 2 + len("file") + 12 + 16


class Chunk(NamedTuple):
    """A chunk's place in its file: 0-based number, and whether nothing follows it."""

    number: int
    is_last: bool


def file_place(*, creditor_id: int, kind: str, sha256: str) -> Path:
    """Return where a file's bytes lie."""
    return Path(settings.DUECOURSE_HOME) / "files" / sha256[:2] / f"{sha256}.{creditor_id}.{kind}"


def key_aad(*, creditor_id: int, kind: str, sha256: str) -> bytes:
    """Return what authenticates the place of a file's wrapped key."""
    return f"ledger_storedfile|{creditor_id}|{kind}|{sha256}".encode()


def chunk_aad(*, creditor_id: int, kind: str, sha256: str, chunk: Chunk) -> bytes:
    """Return what authenticates the place of a chunk."""
    return f"ledger_storedfile|{creditor_id}|{kind}|{sha256}|{chunk.number}|{int(chunk.is_last)}".encode()


def file_ref(*, creditor_id: int, file_id: int) -> StoredFile:
    """Return a file's row.

    Raises:
        FileMissing: this creditor has no such file.
    """
    row = StoredFile.objects.filter(creditor_id=creditor_id, pk=file_id).first()
    if row is None:
        raise FileMissing(entity="file")
    return row


def file_read(*, creditor_id: int, file_id: int) -> bytes:
    """Return a file's plain bytes.

    Raises:
        FileMissing, FileDestroyed, FileDamaged: as `file_open`; no byte of a damaged file is returned.
    """
    return b"".join(_plain(file_ref(creditor_id=creditor_id, file_id=file_id)))


def file_open(*, creditor_id: int, file_id: int) -> io.BufferedReader:
    """Return a file's plain bytes as a stream without seeking; close it after use.

    Raises:
        FileMissing: this creditor has no such file.
        FileDestroyed: it was destroyed.
        FileDamaged: its bytes are missing, cut or changed. A chunk of a personal file is checked before it is returned; the whole
            file's hash is checked when the stream ends, so a reader that stops early has checked less.
    """
    return io.BufferedReader(_Stream(_plain(file_ref(creditor_id=creditor_id, file_id=file_id))), CHUNK_BYTES)


class _Stream(io.RawIOBase):
    """Bytes that come in pieces, as a raw stream."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = memoryview(next(pieces, b""))

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = memoryview(piece)
        taken = min(len(buffer), len(self._rest))
        buffer[:taken] = self._rest[:taken]
        self._rest = self._rest[taken:]
        return taken


def _plain(row: StoredFile) -> Iterator[bytes]:
    """Yield a file's plain bytes in pieces, and check their hash after the last."""
    if row.destroyed_at is not None:
        raise FileDestroyed(file_id=row.pk, destroyed_on=row.destroyed_at.date())
    sha = hashlib.sha256()
    try:
        for piece in _unsealed(row) if row.wrapped_key is not None else _stored(row, CHUNK_BYTES):
            sha.update(piece)
            yield piece
    except FileNotFoundError as error:
        raise FileDamaged(file_id=row.pk, reason="its bytes are not on the disk") from error
    except Unsealable as error:
        raise FileDamaged(file_id=row.pk, reason=error.parts()[0].rstrip(".")) from error
    if sha.hexdigest() != row.sha256:
        raise FileDamaged(file_id=row.pk, reason="it has another hash")


def _unsealed(row: StoredFile) -> Iterator[bytes]:
    place = {"creditor_id": row.creditor_id, "kind": row.kind, "sha256": row.sha256}
    sealer = Sealer(settings.DUECOURSE_KEYRING.unwrap(bytes(row.wrapped_key), key_aad(**place)), key_id="file")
    blocks = _stored(row, CHUNK_BYTES + _SEALED_EXTRA_BYTES, skipped=MAGIC)
    block, number = next(blocks, b""), 0
    while block is not None:
        following = next(blocks, None)
        yield sealer.unseal(block, aad=chunk_aad(**place, chunk=Chunk(number, is_last=following is None)))
        block, number = following, number + 1


def _stored(row: StoredFile, block_bytes: int, *, skipped: bytes = b"") -> Iterator[bytes]:
    with file_place(creditor_id=row.creditor_id, kind=row.kind, sha256=row.sha256).open("rb") as source:
        if source.read(len(skipped)) != skipped:
            raise FileDamaged(file_id=row.pk, reason="it has not the sealed form")
        while block := source.read(block_bytes):
            yield block

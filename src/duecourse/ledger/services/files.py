"""Putting files away by content, sealed when they are personal, and destroying them."""

from __future__ import annotations

import hashlib
import io
import os
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings
from django.db import connection, transaction

from duecourse.kit.clock import now
from duecourse.kit.crypto import Sealer, new_data_key
from duecourse.ledger.errors import FileClash, FileMissing, FileRefused
from duecourse.ledger.models import StoredFile
from duecourse.ledger.selectors.files import CHUNK_BYTES, MAGIC, Chunk, chunk_aad, file_place, key_aad
from duecourse.ledger.services.audit import audit_append

_KIND = re.compile(r"[a-z][a-z0-9_]{0,39}")
_LOCK_CLASS = 0xF11E


@dataclass(frozen=True, slots=True)
class StoredFileRef:
    """What a caller keeps of a stored file.

    Attributes:
        id: the row.
        sha256: of the plain bytes, 64 hexadecimal digits.
        size_bytes: of the plain bytes.
    """

    id: int
    sha256: str
    size_bytes: int


def file_put(
    *, creditor_id: int, kind: str, name: str, media_type: str, content: bytes | Path, is_personal: bool, row_count: int | None = None
) -> StoredFileRef:
    """Store a file under the home's `files/` and return its reference; the same bytes of the same kind give the same reference.

    Args:
        creditor_id: the creditor that is open in this transaction.
        kind: what it is, in lower-case words with underscores.
        name: the name people know it by.
        media_type: for example 'text/csv'.
        content: the bytes, or the path of a file that is read in blocks, twice; it must not change meanwhile.
        is_personal: seal it under a key of its own, chunk by chunk.
        row_count: number of rows it holds, if it is a table.

    Raises:
        FileRefused: the kind is no such word, or the file changed while it was read.
        FileClash: the same bytes are stored with the other answer to `is_personal`.
        OSError: the disk is full or not writable; nothing is left behind.

    Guarantees: the bytes are on the disk before the row is; a crash leaves at most bytes without a row, never a row without bytes.
    """
    if not _KIND.fullmatch(kind):
        raise FileRefused(reason=f"{kind!r} is no kind of file")
    sha256, size_bytes = _measured(content)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [_LOCK_CLASS, f"{creditor_id}|{kind}|{sha256}"])
    place: dict[str, Any] = {"creditor_id": creditor_id, "kind": kind, "sha256": sha256}
    row = StoredFile.objects.filter(**place).first()
    is_live = row is not None and row.destroyed_at is None
    if is_live and (row.wrapped_key is not None) != is_personal:
        raise FileClash(file_id=row.pk)
    path = file_place(**place)
    if is_live and path.exists():
        return StoredFileRef(row.pk, sha256, size_bytes)
    data_key = None
    if is_personal:
        data_key = settings.DUECOURSE_KEYRING.unwrap(bytes(row.wrapped_key), key_aad(**place)) if is_live else new_data_key()
    again = hashlib.sha256()
    plain = _hashing(content, again)
    _write(path, _sealed(plain, data_key, place) if data_key else plain, is_right=lambda: again.hexdigest() == sha256)
    if is_live:
        return StoredFileRef(row.pk, sha256, size_bytes)
    wrapped_key = settings.DUECOURSE_KEYRING.wrap(data_key, key_aad(**place)) if data_key else None
    facts = {"name": name, "media_type": media_type, "size_bytes": size_bytes, "row_count": row_count, "wrapped_key": wrapped_key}
    row, _ = StoredFile.objects.update_or_create(**place, defaults=facts | {"stored_at": now(), "destroyed_at": None})
    return StoredFileRef(row.pk, sha256, size_bytes)


def file_destroy(*, creditor_id: int, file_id: int, reason: str) -> None:
    """Destroy a file's key and, once the transaction has committed, its bytes; the row stays, and the trail says so.

    Raises:
        FileMissing: this creditor has no such file.
    """
    row = StoredFile.objects.select_for_update().filter(creditor_id=creditor_id, pk=file_id).first()
    if row is None:
        raise FileMissing(entity="file")
    if row.destroyed_at is not None:
        return
    StoredFile.objects.filter(pk=row.pk).update(wrapped_key=None, destroyed_at=now())
    audit_append(
        creditor_id=creditor_id,
        action="file_destroyed",
        subject_kind="stored_file",
        subject_id=row.pk,
        details={"kind": row.kind, "sha256": row.sha256, "reason": reason},
    )
    path = file_place(creditor_id=creditor_id, kind=row.kind, sha256=row.sha256)
    transaction.on_commit(lambda: path.unlink(missing_ok=True))


def _opened(content: bytes | Path) -> BinaryIO:
    return content.open("rb") if isinstance(content, Path) else io.BytesIO(content)


def _blocks(content: bytes | Path) -> Iterator[bytes]:
    with _opened(content) as source:
        while block := source.read(CHUNK_BYTES):
            yield block


def _measured(content: bytes | Path) -> tuple[str, int]:
    sha = hashlib.sha256()
    size_bytes = sum(len(block) for block in _hashing(content, sha))
    return sha.hexdigest(), size_bytes


def _hashing(content: bytes | Path, sha: Any) -> Iterator[bytes]:
    for block in _blocks(content):
        sha.update(block)
        yield block


def _sealed(chunks: Iterator[bytes], data_key: bytes, place: dict[str, Any]) -> Iterator[bytes]:
    """Yield the stored form: the magic, then each chunk sealed with its number and whether it is the last."""
    sealer = Sealer(data_key, key_id="file")
    yield MAGIC
    chunk, number = next(chunks, b""), 0
    while chunk is not None:
        following = next(chunks, None)
        yield sealer.seal(chunk, aad=chunk_aad(**place, chunk=Chunk(number, is_last=following is None)))
        chunk, number = following, number + 1


def _write(path: Path, blocks: Iterator[bytes], *, is_right: Callable[[], bool]) -> None:
    """Write a file whole or not at all: beside its place, to the disk, then under its name."""
    for folder in (path.parents[1], path.parent):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target:
            target.writelines(blocks)
            target.flush()
            os.fsync(target.fileno())
        _refuse_changed(is_right())
        temporary.replace(path)
    except BaseException:
        with suppress(FileNotFoundError):
            temporary.unlink()
        raise
    for folder in (path.parent, path.parent.parent):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _refuse_changed(is_right: bool) -> None:  # noqa: FBT001 - one answer
    if not is_right:
        raise FileRefused(reason="it changed while it was read")

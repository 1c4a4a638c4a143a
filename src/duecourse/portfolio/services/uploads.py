"""Files on their way in: kept sealed for two days while a person looks at them or a job takes them in, then destroyed.

They are the sender's files as they came, with everything over-collected in them, so they never stand in a session and never last.
"""

from __future__ import annotations

import shutil
import tempfile
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from io import BufferedReader
from pathlib import Path
from typing import Any

from duecourse.kit.clock import now
from duecourse.kit.records import check_file
from duecourse.ledger.errors import FileMissing
from duecourse.ledger.selectors import file_open, file_ref
from duecourse.ledger.selectors.rows import dicts
from duecourse.ledger.services import audit_append, file_destroy, file_put
from duecourse.parties.access import Actor, acting, require
from duecourse.parties.models import Role
from duecourse.portfolio.errors import TapeMissing, UploadMissing
from duecourse.portfolio.selectors.tapes import tape_page

UPLOAD_KEPT = timedelta(hours=48)
NAME_CHARACTERS_MAX = 60
SUFFIX_CHARACTERS_MAX = 10
_KIND = "upload"
_OLD = """
SELECT id FROM ledger_storedfile
WHERE creditor_id = %(creditor)s AND kind = 'upload' AND destroyed_at IS NULL AND stored_at < %(before)s ORDER BY id
"""


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """A file to hand to somebody: the name it gets, and its bytes as a stream that who takes it closes."""

    name: str
    media_type: str
    stream: BufferedReader


def upload_put(*, actor: Actor, path: Path, name: str) -> int:
    """Keep a file that came in, sealed, and return its number; old ones are destroyed on the way.

    Args:
        actor: a manager or compliance officer of the creditor.
        path: the bytes, on the disk.
        name: what the sender calls it.

    Raises:
        Forbidden: the actor has neither role.
        FileAbsent, TooLarge: it is no file that may be read.
    """
    require(actor, Role.MANAGER, Role.COMPLIANCE, action="upload a file")
    check_file(path)
    with acting(actor):
        uploads_expire(creditor_id=actor.creditor_id)
        stored = file_put(
            creditor_id=actor.creditor_id, kind=_KIND, name=file_name(name), media_type="application/octet-stream", content=path,
            is_personal=True,
        )  # fmt: skip
        return stored.id


@contextmanager
def upload_opened(*, actor: Actor, file_id: int) -> Iterator[Path]:
    """Yield an upload as a file on the disk under its own name, in a folder that only this process reads; it vanishes afterwards.

    Args:
        actor: somebody of the creditor.
        file_id: as `upload_put` gave it.

    Raises:
        UploadMissing: this creditor has no such upload.
        FileDestroyed: its two days are over.
    """
    with tempfile.TemporaryDirectory(prefix="duecourse-upload-") as folder:
        with acting(actor):
            row = upload_ref(actor=actor, file_id=file_id)
            path = Path(folder) / row.name
            with file_open(creditor_id=actor.creditor_id, file_id=file_id) as source, path.open("xb") as sink:
                shutil.copyfileobj(source, sink, 1 << 20)
        yield path


def upload_ref(*, actor: Actor, file_id: int) -> Any:
    """Return the row of an upload: its name, size and time; call it inside `acting`.

    Raises:
        UploadMissing: this creditor has no such upload.
    """
    try:
        row = None if actor.is_agency else file_ref(creditor_id=actor.creditor_id, file_id=file_id)
    except FileMissing:
        row = None
    if row is None or row.kind != _KIND:
        raise UploadMissing(entity="upload")
    return row


def uploads_expire(*, creditor_id: int) -> int:
    """Destroy the uploads whose two days are over and return how many; call it inside `acting`."""
    found = dicts(_OLD, creditor=creditor_id, before=now() - UPLOAD_KEPT)
    for row in found:
        file_destroy(creditor_id=creditor_id, file_id=row["id"], reason="an upload is kept for two days")
    return len(found)


def tape_file_open(*, actor: Actor, tape_id: int, part: str) -> OpenedFile:
    """Open the original of a file that was taken in, or its rejected rows, after writing to the trail who looks.

    Args:
        actor: a manager or compliance officer of the creditor.
        tape_id: the tape.
        part: `original` or `rejects`.

    Raises:
        Forbidden: the actor has neither role.
        TapeMissing: there is no such tape, or nothing of that part.
    """
    require(actor, Role.MANAGER, Role.COMPLIANCE, action="download a file of debtors")
    with acting(actor):
        tape = tape_page(actor, tape_id)
        if not tape[f"has_{part}"]:
            raise TapeMissing(entity="file")
        file_id = tape["file_id" if part == "original" else "rejects_file_id"]
        row = file_ref(creditor_id=actor.creditor_id, file_id=file_id)
        audit_append(
            creditor_id=actor.creditor_id, action="tape_file_opened", subject_kind="tape", subject_id=tape_id,
            details={"part": part, "file_id": file_id, "sha256": row.sha256, "row_count": row.row_count},
        )  # fmt: skip
        return OpenedFile(row.name, row.media_type, file_open(creditor_id=actor.creditor_id, file_id=file_id))


def file_name(name: str) -> str:
    """Return a name under which a file can lie on any disk: no folders, no control characters, not too long; its ending is kept."""
    plain = "".join(sign for sign in name.replace("\\", "/").rpartition("/")[2] if unicodedata.category(sign)[0] != "C").strip(" .")
    stem, dot, suffix = plain.rpartition(".")
    if not dot or len(suffix) > SUFFIX_CHARACTERS_MAX or not suffix.isascii():
        stem, suffix = plain, ""
    kept = (stem or "file")[:NAME_CHARACTERS_MAX]
    return f"{kept}.{suffix}" if suffix else kept

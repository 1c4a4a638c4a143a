"""What an agency does with a batch it is given: accept it, say what is wrong with it, and take its package home."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection

from duecourse.kit.clock import now
from duecourse.ledger.selectors import file_read
from duecourse.ledger.services import audit_append
from duecourse.parties.access import Actor, acting, require
from duecourse.parties.models import Role
from duecourse.placement.errors import BatchNotAccepted, DiscrepancyUnclear, PackageSpent, ReceiptDiffers
from duecourse.placement.models import Batch, BatchReceipt, Handover, Placement
from duecourse.placement.selectors import access_batch, access_handover
from duecourse.placement.services.moves import desk

DISCREPANCIES = ("count_differs", "hash_differs", "fields_missing", "out_of_scope", "conflict_of_interest", "paid_already", "other")
WORDS_MAX = 500
_LOCK_CLASS = 0x0FF2


@dataclass(frozen=True, slots=True)
class Package:
    """A handover package as it is downloaded."""

    name: str
    content: bytes


def batch_accept(*, actor: Actor, batch_id: int, sha256: str, row_count: int) -> BatchReceipt:
    """Accept a whole batch on the agency's behalf: its package is the one that was looked at, and its bytes are whole.

    Args:
        actor: a lead of the agency.
        batch_id: a batch of the agency's.
        sha256: the package's hash as the lead saw it.
        row_count: its number of rows as the lead saw it.

    Raises:
        Forbidden: the actor does not lead an agency.
        Absent: there is no such batch for this agency, or its package is not made yet.
        ReceiptDiffers: the package is another one.
        FileDamaged, FileDestroyed: its bytes are not what they were.

    Guarantees: a batch is accepted once; a repeat returns the first receipt.
    """
    require(actor, Role.LEAD, action="accept a batch")
    with acting(actor):
        batch = access_batch(actor, batch_id=batch_id)
        handover = access_handover(actor, batch_id=batch_id)
        if (sha256, row_count) != (handover.sha256, handover.row_count):
            raise ReceiptDiffers(code=batch.code, row_count=handover.row_count, sha256=handover.sha256[:12])
    with acting(desk(actor)):
        _lock(batch)
        earlier = BatchReceipt.objects.filter(creditor_id=actor.creditor_id, batch=batch, kind="accepted").first()
        if earlier is not None:
            return earlier
        file_read(creditor_id=actor.creditor_id, file_id=handover.file_id)
        return _receipt(actor, batch, handover, kind="accepted")


def batch_discrepancy(*, actor: Actor, batch_id: int, reason_code: str, case_count: int = 0, words: str = "") -> BatchReceipt:
    """Tell the creditor what is wrong with a batch; nothing else changes by it.

    Args:
        actor: a lead of the agency.
        batch_id: a batch of the agency's.
        reason_code: one of `DISCREPANCIES`.
        case_count: how many cases it is about, 0 for the batch as a whole.
        words: a sentence, at most 500 characters; nothing personal belongs there. `other` asks for one.

    Raises:
        Forbidden, Absent: as `batch_accept`.
        DiscrepancyUnclear: an unknown code, too many cases, no words where they are asked for, or too many.

    Guarantees: the same again changes nothing.
    """
    require(actor, Role.LEAD, action="report a discrepancy")
    words = words.strip()
    with acting(actor):
        batch = access_batch(actor, batch_id=batch_id)
        handover = Handover.objects.filter(creditor_id=actor.creditor_id, batch=batch).first()
    _check(batch, reason_code, case_count=case_count, words=words)
    with acting(desk(actor)):
        _lock(batch)
        same = {"reason_code": reason_code, "case_count": case_count, "words": words}
        earlier = BatchReceipt.objects.filter(creditor_id=actor.creditor_id, batch=batch, kind="discrepancy", **same).first()
        return earlier or _receipt(actor, batch, handover, kind="discrepancy", **same)


def package_open(*, actor: Actor, batch_id: int) -> Package:
    """Return the package of an accepted batch; each download stands in the trail before a byte is read.

    Raises:
        Forbidden, Absent: as `batch_accept`.
        BatchNotAccepted: it is not accepted.
        PackageSpent: some of its cases are not with the agency any more, so the package tells too much.
    """
    require(actor, Role.LEAD, action="download a handover package")
    with acting(actor):
        batch = access_batch(actor, batch_id=batch_id)
        handover = access_handover(actor, batch_id=batch_id)
        if not BatchReceipt.objects.filter(creditor_id=actor.creditor_id, batch=batch, kind="accepted").exists():
            raise BatchNotAccepted(code=batch.code)
        packed = Placement.objects.filter(creditor_id=actor.creditor_id, batch=batch, during__overlap=(handover.handed_over_at, None))
        gone_count = packed.filter(during__upper_inf=False).count()
        if gone_count:
            raise PackageSpent(code=batch.code, gone_count=gone_count)
        details = {"agency_id": batch.agency_id, "sha256": handover.sha256, "row_count": handover.row_count}
        audit_append(creditor_id=actor.creditor_id, action="package_downloaded", subject_kind="batch", subject_id=batch.pk, details=details)
    with acting(desk(actor)):
        return Package(f"{batch.code}.zip", file_read(creditor_id=actor.creditor_id, file_id=handover.file_id))


def _check(batch: Batch, reason_code: str, *, case_count: int, words: str) -> None:
    problems = [] if reason_code in DISCREPANCIES else [f"{reason_code} is none of {', '.join(DISCREPANCIES)}"]
    if not 0 <= case_count <= batch.case_count:
        problems.append(f"the batch has {batch.case_count} cases")
    if len(words) > WORDS_MAX or "\x00" in words or (reason_code == "other" and not words):
        problems.append(f"say in 1 to {WORDS_MAX} characters what is wrong")
    if problems:
        raise DiscrepancyUnclear(reasons="; ".join(problems))


def _lock(batch: Batch) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashint8(%s))", [_LOCK_CLASS, batch.pk])


def _receipt(
    actor: Actor, batch: Batch, handover: Handover | None, *, kind: str, reason_code: str = "", case_count: int = 0, words: str = ""
) -> BatchReceipt:
    receipt = BatchReceipt.objects.create(
        creditor_id=actor.creditor_id,
        batch=batch,
        agency_id=batch.agency_id,
        kind=kind,
        sha256=handover.sha256 if handover else "",
        row_count=handover.row_count if handover else 0,
        reason_code=reason_code,
        case_count=case_count,
        words=words,
        user_id=actor.user_id,
        at=now(),
    )
    details = {"agency_id": batch.agency_id, "sha256": receipt.sha256, "row_count": receipt.row_count}
    details |= {"reason_code": reason_code, "case_count": case_count} if reason_code else {}
    action = "batch_accepted" if kind == "accepted" else "batch_disputed"
    audit_append(creditor_id=actor.creditor_id, action=action, subject_kind="batch", subject_id=batch.pk, details=details)
    return receipt

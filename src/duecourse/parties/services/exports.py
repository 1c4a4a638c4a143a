"""Exports: asked for, decided by a second person, made, downloaded by who asked, destroyed after a day."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection

from duecourse.kit.clock import now
from duecourse.kit.errors import Absent, Forbidden
from duecourse.kit.ids import content_hash
from duecourse.ledger.services import audit_append, file_destroy
from duecourse.parties.access import Actor, acting, require
from duecourse.parties.errors import ExportExpired, ExportGrew, ExportLeaving, ExportNotOpen, ExportTermsRefused
from duecourse.parties.models import CREDITOR_ROLES, Export, Role
from duecourse.parties.selectors.exports import (
    DAY_EXPORTS_MAX,
    DAY_ROWS_MAX,
    LEAVING_DAYS,
    Taken,
    access_export,
    exported_today,
    leaving_on,
)
from duecourse.parties.services.people import approval_decide

SUBJECT = "export"
ROWS_AT_ONCE_MAX = 1_000
KEPT = timedelta(hours=24)
PURPOSE_LENGTHS = (5, 500)
GROWTH_MAX_BP = 1_000
DECIDERS = (Role.MANAGER, Role.COMPLIANCE)
_LOCK_CLASS = 0xE4907


def export_ask(
    *,
    actor: Actor,
    on: date,
    listing: str,
    query: str,
    columns: Sequence[str],
    row_count: int,
    is_personal: bool,
    purpose: str,
    file_format: str = "csv",
) -> Export:
    """Ask for rows of a listing as a file.

    Args:
        actor: a person of the creditor's side.
        on: today in the creditor's zone.
        listing: the listing's name.
        query: filters and order as an address's query string.
        columns: keys of the columns, in order.
        row_count: how many rows there are now.
        is_personal: the rows tell about persons.
        purpose: a sentence about what the file is for; kept with the export, out of the trail.
        file_format: csv or xlsx.

    Returns:
        The export: `approved` when it may be made at once, `asked` when a second person decides. A second person is needed for personal
        rows, for more than `ROWS_AT_ONCE_MAX` rows, and for who has taken out much within 24 hours.

    Raises:
        Forbidden: the actor is no person of the creditor's side.
        ExportLeaving: the actor's membership ends within `LEAVING_DAYS` days.
        ExportTermsRefused: no purpose, no column, no row, or no such format.
    """
    require(actor, *CREDITOR_ROLES, action="export rows")
    if actor.user_id <= 0 or actor.is_agency:
        raise Forbidden(action="export rows without a person", role="a person of the creditor")
    purpose = " ".join(purpose.split())
    reasons = _faults(columns=columns, row_count=row_count, purpose=purpose, file_format=file_format)
    if reasons:
        raise ExportTermsRefused(reasons="; ".join(reasons))
    with acting(actor):
        _one_after_the_other(actor)
        refuse_leaving(actor, on=on)
        at = now()
        is_much = much_with(exported_today(actor=actor, at=at), row_count=row_count)
        needs_second = is_personal or row_count > ROWS_AT_ONCE_MAX or is_much
        terms: dict[str, Any] = {
            "listing": listing,
            "query": query,
            "columns": list(columns),
            "file_format": file_format,
            "row_count": row_count,
            "is_personal": is_personal,
            "purpose": purpose,
            "asked_at": at,
        }
        export = Export.objects.create(
            creditor_id=actor.creditor_id,
            **terms,
            needs_second=needs_second,
            content_hash=content_hash(terms | {"asked_by": actor.user_id}),
            mark=secrets.token_hex(16),
            state="asked" if needs_second else "approved",
            asked_by_id=actor.user_id,
        )
        facts = ("listing", "file_format", "row_count", "is_personal")
        details = {name: terms[name] for name in facts} | {"needs_second": needs_second, "content_hash": export.content_hash}
        _note(export, "export_asked", details | {"is_much": is_much})
    return export


def much_with(before: Taken, *, row_count: int) -> bool:
    """Say whether one more export of so many rows is above what a day allows without a second person."""
    return before.export_count >= DAY_EXPORTS_MAX or before.row_count + row_count > DAY_ROWS_MAX


def export_approve(*, actor: Actor, export_id: int, reason: str = "") -> None:
    """Agree, as a second person, that exactly these rows leave the house; a repeat changes nothing.

    Raises:
        Forbidden: the actor is neither manager nor compliance officer.
        SamePersonTwice: the actor asked for it.
        ExportNotOpen: it was rejected or has expired.
        Absent: there is no such export.
    """
    _decide(actor, export_id, is_granted=True, reason=reason)


def export_reject(*, actor: Actor, export_id: int, reason: str = "") -> None:
    """Refuse an export as a second person. Raises as `export_approve`."""
    _decide(actor, export_id, is_granted=False, reason=reason)


def export_begin(*, actor: Actor, export_id: int, on: date, now_count: int) -> Export:
    """Check, before the file is made, that it may be made: approved, asked by this actor, who stays, and not much more than approved.

    Raises:
        Absent: there is no such export of this actor.
        ExportNotOpen: it is not approved.
        ExportLeaving: the actor leaves.
        ExportGrew: there are over a tenth more rows than were approved.
    """
    with acting(actor):
        export = _own(actor, export_id)
        if export.state != "approved":
            raise ExportNotOpen(export_id=export.pk, state=export.state, wanted="made")
        refuse_leaving(actor, on=on)
        if (now_count - export.row_count) * 10_000 > export.row_count * GROWTH_MAX_BP:
            raise ExportGrew(export_id=export.pk, row_count=export.row_count, now_count=now_count)
    return export


def export_ready(*, actor: Actor, export_id: int, file_id: int, row_count: int) -> None:
    """Record that the file was made; it can be downloaded for `KEPT`. A repeat with an export that is ready keeps the first file.

    Raises:
        Absent: there is no such export of this actor.
        ExportNotOpen: it is neither approved nor ready.
    """
    with acting(actor):
        export = _own(actor, export_id, is_locked=True)
        if export.state == "ready":
            return
        if export.state != "approved":
            raise ExportNotOpen(export_id=export.pk, state=export.state, wanted="made")
        at = now()
        Export.objects.filter(pk=export.pk).update(state="ready", ready_at=at, expires_at=at + KEPT, file_id=file_id)
        _note(export, "export_made", {"file_id": file_id, "row_count": row_count})


def export_download(*, actor: Actor, export_id: int, on: date) -> Export:
    """Record one download and return the export; every download is an event of the trail.

    Raises:
        Absent: there is no such export of this actor.
        ExportNotOpen: its file is not made.
        ExportExpired: the file is kept no more.
        ExportLeaving: the actor's membership ends soon.
    """
    with acting(actor):
        export = _own(actor, export_id)
        at = now()
        if export.state == "expired" or (export.state == "ready" and export.expires_at <= at):
            raise ExportExpired(export_id=export.pk, hours=int(KEPT.total_seconds()) // 3600)
        if export.state != "ready":
            raise ExportNotOpen(export_id=export.pk, state=export.state, wanted="downloaded")
        refuse_leaving(actor, on=on)
        _note(export, "export_downloaded", {"file_id": export.file_id})
    return export


def exports_expire(*, actor: Actor, at: datetime | None = None) -> int:
    """Destroy the files of exports whose time is over, let those that were never made lapse after a week, and return how many."""
    at = at or now()
    with acting(actor):
        over = Export.objects.select_for_update(skip_locked=True).filter(creditor_id=actor.creditor_id)
        found = [
            *over.filter(state="ready", expires_at__lte=at),
            *over.filter(state__in=["asked", "approved"], asked_at__lte=at - timedelta(days=7)),
        ]
        for export in found:
            Export.objects.filter(pk=export.pk).update(state="expired")
            if export.file_id is not None:
                file_destroy(creditor_id=actor.creditor_id, file_id=export.file_id, reason="export expired")
            _note(export, "export_expired", {})
    return len(found)


def refuse_leaving(actor: Actor, *, on: date) -> None:
    """Refuse an actor whose last membership of this side ends within `LEAVING_DAYS` days.

    Raises:
        ExportLeaving: it does.
    """
    until_on = leaving_on(actor=actor, on=on)
    if until_on is not None:
        raise ExportLeaving(until_on=until_on, days=LEAVING_DAYS)


def _decide(actor: Actor, export_id: int, *, is_granted: bool, reason: str) -> None:
    require(actor, *DECIDERS, action="decide on an export")
    state = "approved" if is_granted else "rejected"
    with acting(actor):
        export = access_export(actor=actor, export_id=export_id, is_locked=True)
        if export.state not in ("asked", state, *(("ready", "expired") if is_granted else ())) or not export.needs_second:
            raise ExportNotOpen(export_id=export.pk, state=export.state, wanted="decided on")
        approval_decide(
            actor=actor,
            subject_kind=SUBJECT,
            subject_id=export.pk,
            content_hash=export.content_hash,
            requested_by=export.asked_by_id,
            is_granted=is_granted,
            reason=reason,
            roles=DECIDERS,
        )
        Export.objects.filter(pk=export.pk, state="asked").update(state=state)


def _one_after_the_other(actor: Actor) -> None:
    """Let a user ask for one export at a time, so that many windows do not pass the day's limits together."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_LOCK_CLASS, actor.user_id])


def _own(actor: Actor, export_id: int, *, is_locked: bool = False) -> Export:
    export = access_export(actor=actor, export_id=export_id, is_locked=is_locked)
    if export.asked_by_id != actor.user_id:
        raise Absent(entity="export")
    return export


def _faults(*, columns: Sequence[str], row_count: int, purpose: str, file_format: str) -> list[str]:
    shortest, longest = PURPOSE_LENGTHS
    checks = [
        (not shortest <= len(purpose) <= longest, f"its purpose has between {shortest} and {longest} characters"),
        (not columns, "no column is chosen"),
        (row_count < 1, "there are no rows"),
        (file_format not in ("csv", "xlsx"), "the format is csv or xlsx"),
    ]
    return [reason for is_wrong, reason in checks if is_wrong]


def _note(export: Export, action: str, details: dict[str, Any]) -> None:
    audit_append(creditor_id=export.creditor_id, action=action, subject_kind=SUBJECT, subject_id=export.pk, details=details)

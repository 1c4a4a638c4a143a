"""What becomes of files of call records after they were loaded: rejected rows to be mended, and an end when their time is over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from django.db import connection, transaction

from duecourse.contact.errors import CallRetentionRefused
from duecourse.contact.models import CallRecordFile, CallRemoval, CallRetention
from duecourse.contact.services.known import packs_of
from duecourse.contact.services.records import loader_of
from duecourse.contact.services.violation_sums import violation_day_open
from duecourse.kit.calendar import add_months, local_day
from duecourse.kit.clock import now
from duecourse.kit.errors import Absent
from duecourse.ledger.selectors import file_open, file_ref
from duecourse.ledger.selectors.rows import dicts
from duecourse.ledger.services import audit_append, file_destroy
from duecourse.parties.access import Actor, acting, creditor_of, require
from duecourse.parties.models import Creditor, Role
from duecourse.portfolio.services.uploads import OpenedFile
from duecourse.rules.decide import judge
from duecourse.rules.resolve import vocabulary_of

NOTICE = timedelta(days=30)
"""How long before its day a period is said, so that one said by mistake or in bad faith is seen before anything is gone."""
MONTHS_MAX = 1_200
RECORD, KEPT_FACTS = "record", ("record_kept_months", "months_since_call", "months_since_last_activity")
"""The subject of rules about keeping records, and the facts by which packs tell how long one was kept."""
_OLD = """
SELECT f.id, f.local_on, f.file_id, f.rejects_file_id FROM contact_callrecordfile f
WHERE f.creditor_id = %(creditor)s AND f.local_on < %(until)s AND (f.file_id IS NOT NULL OR f.rejects_file_id IS NOT NULL OR EXISTS (
    SELECT 1 FROM contact_callrecord r WHERE r.creditor_id = f.creditor_id AND r.local_on = f.local_on
        AND r.performer_id = f.performer_id AND r.record_file_id = f.id))
ORDER BY f.local_on, f.id
"""
_LEFT = """
SELECT count(*) AS number FROM contact_callrecord r JOIN contact_callrecordfile f
    ON f.creditor_id = r.creditor_id AND f.local_on = r.local_on AND f.performer_id = r.performer_id AND f.id = r.record_file_id
WHERE f.creditor_id = %(creditor)s AND f.id = ANY(%(files)s)
"""
_SHARING = """
SELECT id FROM contact_callrecordfile WHERE creditor_id = %(creditor)s AND (file_id = %(stored)s OR rejects_file_id = %(stored)s)
"""


@dataclass(frozen=True, slots=True)
class CallsForgotten:
    """What was removed because its time is over.

    Attributes:
        until_on: calls from before this day; None where call records are kept for ever, and nothing was done.
        record_count: calls removed.
        kept_count: calls from before that day that are kept: a case of the debtor is open or was closed since, or a hold stands.
        file_count: originals and files of rejected rows whose bytes were destroyed.
    """

    until_on: date | None
    record_count: int = 0
    kept_count: int = 0
    file_count: int = 0


def call_rejects_open(*, actor: Actor, record_file_id: int) -> OpenedFile:
    """Open the rejected rows of a file of call records, after writing to the trail who looks.

    Args:
        actor: who may load calls of this performer: for an agency's its lead or program, for any a manager or compliance officer.
        record_file_id: the file's row.

    Raises:
        Absent: there is no such file for this actor, or no row of it was rejected.
        Forbidden: the actor may not load calls.
    """
    with acting(actor):
        found = CallRecordFile.objects.filter(creditor_id=actor.creditor_id, pk=record_file_id).first()
    if found is None:
        raise Absent(entity="file of call records")
    with acting(loader_of(actor, performer_id=found.performer_id)) as loader:
        stored = found.rejects_file_id and file_ref(creditor_id=loader.creditor_id, file_id=found.rejects_file_id)
        if not stored or stored.destroyed_at is not None:
            raise Absent(entity="file of rejected rows")
        audit_append(
            creditor_id=loader.creditor_id, action="call_rejects_opened", subject_kind="call_record_file", subject_id=found.pk,
            details={"performer_id": found.performer_id, "sha256": stored.sha256, "row_count": stored.row_count},
        )  # fmt: skip
        return OpenedFile(stored.name, stored.media_type, file_open(creditor_id=loader.creditor_id, file_id=stored.pk))


def call_retention_set(*, actor: Actor, kept_months: int | None, from_on: date) -> CallRetention:
    """Say for how many months call records are kept from a day on; until somebody says so they are kept for ever.

    Args:
        actor: a compliance officer of the creditor, or the system.
        kept_months: months since the call, not fewer than the rules in force ask for; None keeps them for ever.
        from_on: 30 days from now or later; for ever begins today or later.

    Raises:
        CallRetentionRefused: the day is too near, or the rules ask for more.
        Forbidden: the actor is no compliance officer.
    """
    require(actor, Role.COMPLIANCE, action="say how long call records are kept")
    with acting(actor):
        creditor = creditor_of(actor)
        first_on = local_day(now(), creditor.zone) + (NOTICE if kept_months is not None else timedelta())
        if from_on < first_on:
            raise CallRetentionRefused(reason=f"it can begin on {first_on.isoformat()} at the earliest")
        if kept_months is not None and not 1 <= kept_months <= MONTHS_MAX:
            raise CallRetentionRefused(reason=f"months lie between 1 and {MONTHS_MAX}")
        if kept_months is not None and (asked := _asked_for(creditor, kept_months=kept_months, on=from_on)):
            raise CallRetentionRefused(reason=asked)
        made = CallRetention.objects.create(
            creditor_id=actor.creditor_id, from_on=from_on, kept_months=kept_months, user_id=actor.user_id, known_at=now()
        )
        audit_append(
            creditor_id=actor.creditor_id, action="call_retention_set", subject_kind="call_retention", subject_id=made.pk,
            details={"from_on": from_on, "kept_months": kept_months},
        )  # fmt: skip
        return made


def call_retention_on(*, creditor_id: int, on: date) -> CallRetention | None:
    """Return what was said about keeping call records for a day, None where nothing was. Call it inside `acting`."""
    said = CallRetention.objects.filter(creditor_id=creditor_id, from_on__lte=on)
    return said.order_by("-from_on", "-known_at", "-pk").first()


def calls_forget(*, actor: Actor, is_trial: bool = False) -> CallsForgotten:
    """Remove the calls whose time is over, file by file, and destroy the originals and rejected rows of files of which no call is left.

    A call stays, however old, while a case of the debtor is open or was closed within the period, or a hold stands on them: an interruption
    of limitation must be proved. That a file came stays in any case, with its counts.

    Args:
        actor: a manager or compliance officer of the creditor, or the system.
        is_trial: tell what would happen, and take it back.

    Raises:
        Forbidden: the actor has neither role.

    Guarantees: each file is one transaction with its line in the trail, so killed at any moment, and run again, it ends the same; where no
        period was said nothing is touched; the database looks at the period itself.
    """
    require(actor, Role.MANAGER, Role.COMPLIANCE, action="remove call records")
    with acting(actor):
        today = local_day(now(), creditor_of(actor).zone)
        said = call_retention_on(creditor_id=actor.creditor_id, on=today)
        if said is None or said.kept_months is None:
            return CallsForgotten(None)
        until_on = add_months(today, -said.kept_months)
        old = dicts(_OLD, creditor=actor.creditor_id, until=until_on)
    removed_count = file_count = 0
    if is_trial:
        with acting(actor):
            counts = [_file_forget(actor, row["id"], today=today, until_on=until_on) for row in old]
            kept_count = _left_count(actor, [row["id"] for row in old])
            transaction.set_rollback(True)
        return CallsForgotten(until_on, sum(one for one, _ in counts), kept_count, sum(files for _, files in counts))
    for row in old:
        records, files = _file_forget(actor, row["id"], today=today, until_on=until_on)
        removed_count, file_count = removed_count + records, file_count + files
    with acting(actor):
        return CallsForgotten(until_on, removed_count, _left_count(actor, [row["id"] for row in old]), file_count)


def _file_forget(actor: Actor, record_file_id: int, *, today: date, until_on: date) -> tuple[int, int]:
    """Remove a file's calls, destroy its bytes if none is left, and return how many calls and files went."""
    with acting(actor), connection.cursor() as cursor:
        row = CallRecordFile.objects.select_for_update().get(creditor_id=actor.creditor_id, pk=record_file_id)
        cursor.execute("SELECT gate.calls_remove(%s, %s, %s)", [actor.creditor_id, today, row.pk])
        record_count = int(cursor.fetchone()[0])
        stored = [number for number in (row.file_id, row.rejects_file_id) if number is not None]
        destroyed = [number for number in stored if _is_over(actor, number, until_on=until_on)] if not _left_count(actor, [row.pk]) else []
        for number in destroyed:
            file_destroy(creditor_id=actor.creditor_id, file_id=number, reason="call records past their time")
        violation_day_open(creditor_id=actor.creditor_id, on=row.local_on)
        if record_count or destroyed:
            CallRemoval.objects.create(
                creditor_id=actor.creditor_id, record_file=row, until_on=until_on, record_count=record_count, user_id=actor.user_id,
                removed_at=now(),
            )  # fmt: skip
            audit_append(
                creditor_id=actor.creditor_id, action="calls_removed", subject_kind="call_record_file", subject_id=row.pk,
                details={"on": row.local_on, "until_on": until_on, "record_count": record_count, "files_destroyed": destroyed},
            )  # fmt: skip
        return record_count, len(destroyed)


def _left_count(actor: Actor, record_file_ids: list[int]) -> int:
    (row,) = dicts(_LEFT, creditor=actor.creditor_id, files=record_file_ids)
    return int(row["number"])


def _is_over(actor: Actor, file_id: int, *, until_on: date) -> bool:
    """Say whether stored bytes are there and belong to no file that has calls left or is of a day that is kept."""
    sharing = [row["id"] for row in dicts(_SHARING, creditor=actor.creditor_id, stored=file_id)]
    is_kept = CallRecordFile.objects.filter(creditor_id=actor.creditor_id, pk__in=sharing, local_on__gte=until_on).exists()
    is_there = file_ref(creditor_id=actor.creditor_id, file_id=file_id).destroyed_at is None
    return is_there and not is_kept and not _left_count(actor, sharing)


def _asked_for(creditor: Creditor, *, kept_months: int, on: date) -> str:
    """Say which rule in force asks for more months, '' when none does."""
    for pack in packs_of(tuple(creditor.packs)):
        facts = vocabulary_of((pack,)).facts
        known = {name: kept_months for name in KEPT_FACTS if name in facts}
        if RECORD not in vocabulary_of((pack,)).subjects or not known:
            continue
        for is_recording in (0, 1) if "is_recording" in facts else (None,):
            given = known if is_recording is None else known | {"is_recording": is_recording}
            judgement = judge(RECORD, given, packs=(pack,), as_of=on, lender_class=creditor.lender_class)
            for reason in judgement.reasons:
                least = "; ".join(f"{one.parameter.name} {one.value}" for one in reason.effective)
                if any(name in reason.facts for name in KEPT_FACTS):
                    return f"{reason.rule_id} ({least})"
    return ""

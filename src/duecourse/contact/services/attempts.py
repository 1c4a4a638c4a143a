"""Reporting what came of a permit."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from duecourse.contact.errors import (
    AttemptReported,
    NoteUnknown,
    OutcomeFromFuture,
    OutcomeUnknown,
    PermitExpired,
    PermitNotBegun,
    TalkContradictsOutcome,
)
from duecourse.contact.models import CONNECTED_OUTCOMES, NOTES, Attempt, Outcome
from duecourse.contact.services.permits import CLOCK_TOLERANCE
from duecourse.kit.calendar import days_anywhere
from duecourse.kit.clock import now
from duecourse.kit.errors import Absent
from duecourse.parties.access import Actor, acting
from duecourse.rules.errors import NaiveInstant

_FIELDS = (
    "id",
    "creditor_id",
    "permit_id",
    "local_on",
    "performer_id",
    "outcome",
    "is_connected",
    "started_at",
    "talk_seconds",
    "note_codes",
    "reported_at",
)
"""All columns, in the model's order."""

_REPORT = """
WITH permit AS (
    SELECT id, creditor_id, performer_id, contact_at, valid_until_at, local_on FROM contact_permit
    WHERE creditor_id = %(creditor)s AND id = %(permit)s AND performer_id = coalesce(%(agency)s, performer_id) {days}
), made AS (
    INSERT INTO contact_attempt ({stored})
    SELECT creditor_id, id, local_on, performer_id, %(outcome)s, %(connected)s, %(started)s, %(talk)s, %(notes)s::jsonb, %(reported)s FROM permit
    WHERE %(started)s BETWEEN contact_at AND valid_until_at
    ON CONFLICT (permit_id, local_on) DO NOTHING
    RETURNING {fields}
)
SELECT permit.contact_at, permit.valid_until_at, made.* FROM permit LEFT JOIN made ON true
"""
_NAMES = {"fields": ", ".join(_FIELDS), "stored": ", ".join(_FIELDS[1:])}
_NEAR = _REPORT.format(days="AND local_on BETWEEN %(first_on)s AND %(last_on)s", **_NAMES)
"""A report that is in time lies on the local day of its permit, so one month is looked into; any other is told why from all of them."""
_ANYWHERE = _REPORT.format(days="", **_NAMES)


def attempt_report(
    *, actor: Actor, permit_id: int, outcome: str, started_at: datetime, talk_seconds: int = 0, note_codes: Sequence[str] = ()
) -> Attempt:
    """Report what came of a permit, once. An outcome that reached nobody gives the day's slot back.

    Args:
        actor: the performer, or the creditor's side.
        permit_id: the permit.
        outcome: of `Outcome`.
        started_at: when it began, an aware instant within the permit's time and not in the future.
        talk_seconds: 0 where nobody was reached.
        note_codes: some of `NOTES`, what was said besides.

    Raises:
        Absent: there is no such permit for this actor.
        NaiveInstant: `started_at` has no zone.
        OutcomeFromFuture, OutcomeUnknown, NoteUnknown, TalkContradictsOutcome, PermitExpired, PermitNotBegun, AttemptReported: see their texts.

    Guarantees: reporting the same outcome again changes nothing.
    """
    if outcome not in Outcome.values:
        raise OutcomeUnknown(outcome=outcome, known=", ".join(Outcome.values))
    if unknown := sorted(set(note_codes) - set(NOTES)):
        raise NoteUnknown(code=", ".join(unknown), known=", ".join(NOTES))
    if talk_seconds < 0 or (talk_seconds and outcome not in CONNECTED_OUTCOMES):
        raise TalkContradictsOutcome(outcome=outcome, talk_seconds=talk_seconds)
    if started_at.tzinfo is None:
        raise NaiveInstant(at=started_at.isoformat())
    if started_at > now() + CLOCK_TOLERANCE:
        raise OutcomeFromFuture(started_at=started_at.isoformat(), now=now().isoformat())
    with acting(actor), connection.cursor() as cursor:
        wanted = {
            "creditor": actor.creditor_id,
            "permit": permit_id,
            "agency": actor.agency_id,
            "outcome": outcome,
            "connected": outcome in CONNECTED_OUTCOMES,
            "started": started_at,
            "talk": talk_seconds,
            "notes": json.dumps(sorted(set(note_codes))),
            "reported": now(),
        }
        wanted["first_on"], wanted["last_on"] = days_anywhere(started_at, started_at)
        row = _told(cursor, _NEAR, wanted) or _told(cursor, _ANYWHERE, wanted)
        if row is None:
            raise Absent(entity="permit")
        contact_at, valid_until_at, attempt_id, *_ = row
        if started_at > valid_until_at:
            raise PermitExpired(permit_id=permit_id, valid_until_at=valid_until_at.isoformat())
        if started_at < contact_at:
            raise PermitNotBegun(permit_id=permit_id, contact_at=contact_at.isoformat())
        if attempt_id is not None:
            return Attempt.from_db(connection.alias, _FIELDS, [json.loads(value) if name == "note_codes" else value
                                                              for name, value in zip(_FIELDS, row[2:], strict=True)])  # fmt: skip
        stored = Attempt.objects.get(
            creditor_id=actor.creditor_id, permit_id=permit_id, local_on__range=(wanted["first_on"], wanted["last_on"])
        )
        if stored.outcome != outcome or stored.started_at != started_at:
            raise AttemptReported(permit_id=permit_id, outcome=stored.outcome)
        return stored


def _told(cursor: Any, query: str, wanted: dict[str, Any]) -> tuple[Any, ...] | None:
    cursor.execute(query, wanted)
    return cursor.fetchone()  # type: ignore[no-any-return]

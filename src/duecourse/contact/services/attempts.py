"""Reporting what came of a permit."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

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
from duecourse.kit.clock import now
from duecourse.kit.errors import Absent
from duecourse.parties.access import Actor, acting
from duecourse.rules.errors import NaiveInstant

_FIELDS = (
    "id",
    "creditor_id",
    "permit_id",
    "performer_id",
    "outcome",
    "is_connected",
    "started_at",
    "talk_seconds",
    "note_codes",
    "reported_at",
)

_REPORT = f"""
WITH permit AS (
    SELECT id, creditor_id, performer_id, contact_at, valid_until_at FROM contact_permit
    WHERE creditor_id = %(creditor)s AND id = %(permit)s AND performer_id = coalesce(%(agency)s, performer_id)
), made AS (
    INSERT INTO contact_attempt ({", ".join(_FIELDS[1:])})
    SELECT creditor_id, id, performer_id, %(outcome)s, %(connected)s, %(started)s, %(talk)s, %(notes)s::jsonb, %(reported)s FROM permit
    WHERE %(started)s BETWEEN contact_at AND valid_until_at
    ON CONFLICT (permit_id) DO NOTHING
    RETURNING {", ".join(_FIELDS)}
)
SELECT permit.contact_at, permit.valid_until_at, made.* FROM permit LEFT JOIN made ON true
"""  # noqa: S608


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
        cursor.execute(_REPORT, wanted)
        row = cursor.fetchone()
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
        stored = Attempt.objects.get(creditor_id=actor.creditor_id, permit_id=permit_id)
        if stored.outcome != outcome or stored.started_at != started_at:
            raise AttemptReported(permit_id=permit_id, outcome=stored.outcome)
        return stored

"""Reporting what came of a permit."""

from __future__ import annotations

from datetime import datetime

from duecourse.contact.errors import AttemptReported, OutcomeUnknown, PermitExpired
from duecourse.contact.models import CONNECTED_OUTCOMES, Attempt, Outcome
from duecourse.contact.selectors import access_permit
from duecourse.kit.clock import now
from duecourse.parties.access import Actor, acting


def attempt_report(*, actor: Actor, permit_id: int, outcome: str, started_at: datetime, talk_seconds: int = 0) -> Attempt:
    """Report what came of a permit, once. An outcome that reached nobody gives the day's slot back.

    Raises:
        Absent: there is no such permit for this actor.
        OutcomeUnknown, PermitExpired, AttemptReported: see their texts.

    Guarantees: reporting the same outcome again changes nothing.
    """
    if outcome not in Outcome.values:
        raise OutcomeUnknown(outcome=outcome, known=", ".join(Outcome.values))
    with acting(actor):
        permit = access_permit(actor, permit_id)
        if started_at > permit.valid_until_at:
            raise PermitExpired(permit_id=permit_id, valid_until_at=permit.valid_until_at.isoformat())
        made = Attempt(
            creditor_id=actor.creditor_id,
            permit=permit,
            performer_id=permit.performer_id,
            outcome=outcome,
            is_connected=outcome in CONNECTED_OUTCOMES,
            started_at=started_at,
            talk_seconds=talk_seconds,
            reported_at=now(),
        )
        Attempt.objects.bulk_create([made], ignore_conflicts=True)
        stored = Attempt.objects.get(creditor_id=actor.creditor_id, permit_id=permit_id)
        if stored.outcome != outcome or stored.started_at != started_at:
            raise AttemptReported(permit_id=permit_id, outcome=stored.outcome)
        return stored

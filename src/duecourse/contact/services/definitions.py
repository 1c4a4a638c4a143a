"""What counts as a connected and as an effective call, from which day on."""

from __future__ import annotations

from datetime import date

from duecourse.contact.errors import CallDefinitionRefused
from duecourse.contact.models import CallDefinition
from duecourse.kit.calendar import local_day
from duecourse.kit.clock import now
from duecourse.ledger.services import audit_append
from duecourse.parties.access import Actor, acting, creditor_of, require
from duecourse.parties.models import Role

SECONDS_MAX = 3_600


def call_definition_set(
    *,
    actor: Actor,
    from_on: date,
    connected_seconds_min: int = 0,
    effective_seconds_min: int = 0,
    is_voicemail_connected: bool = True,
    clock_tolerance_seconds: int = 60,
    duration_tolerance_seconds: int = 15,
) -> CallDefinition:
    """Say what counts as a connected and as an effective call from a day on.

    Where nothing was said the defaults here hold: every answered call is connected and effective, voicemail too.

    Args:
        actor: a compliance officer of the creditor, or the system.
        from_on: tomorrow in the creditor's zone or later; of two from the same day the later said counts.
        connected_seconds_min: least seconds of talk of a connected call.
        effective_seconds_min: least seconds of talk of an effective one; not less than of a connected one counts for anything.
        is_voicemail_connected: voicemail that answers counts as connected.
        clock_tolerance_seconds: how far outside its permit a call may begin without being a finding.
        duration_tolerance_seconds: how far a reported duration may differ from the recorded one without being a finding.

    Raises:
        CallDefinitionRefused: the day is not after today, or seconds are below 0 or above an hour.
        Forbidden: the actor is no compliance officer.
    """
    require(actor, Role.COMPLIANCE, action="define what a connected call is")
    seconds = (connected_seconds_min, effective_seconds_min, clock_tolerance_seconds, duration_tolerance_seconds)
    if not all(0 <= number <= SECONDS_MAX for number in seconds):
        raise CallDefinitionRefused(reason="seconds lie between 0 and 3600")
    with acting(actor):
        if from_on <= local_day(now(), creditor_of(actor).zone):
            raise CallDefinitionRefused(reason="it would begin on a day that has begun already")
        definition = CallDefinition.objects.create(
            creditor_id=actor.creditor_id, from_on=from_on, connected_seconds_min=connected_seconds_min,
            effective_seconds_min=effective_seconds_min, is_voicemail_connected=is_voicemail_connected,
            clock_tolerance_seconds=clock_tolerance_seconds, duration_tolerance_seconds=duration_tolerance_seconds,
            user_id=actor.user_id, known_at=now(),
        )  # fmt: skip
        details = {"from_on": from_on, "connected_seconds_min": connected_seconds_min, "effective_seconds_min": effective_seconds_min}
        details |= {"is_voicemail_connected": is_voicemail_connected, "clock_tolerance_seconds": clock_tolerance_seconds}
        details |= {"duration_tolerance_seconds": duration_tolerance_seconds}
        audit_append(
            creditor_id=actor.creditor_id, action="call_definition_set", subject_kind="call_definition", subject_id=definition.pk,
            details=details,
        )  # fmt: skip
        return definition


def definition_on(*, creditor_id: int, on: date) -> CallDefinition:
    """Return what holds on a day; the defaults, unsaved, where nothing was said. Call it inside `acting`."""
    said = CallDefinition.objects.filter(creditor_id=creditor_id, from_on__lte=on).order_by("-from_on", "-known_at", "-pk").first()
    return said or CallDefinition(creditor_id=creditor_id, from_on=on, user_id=0, known_at=now())

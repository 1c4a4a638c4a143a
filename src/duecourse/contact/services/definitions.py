"""What counts as a connected and as an effective call, from which day on; what may loosen takes a second person."""

from __future__ import annotations

from datetime import date
from typing import Any

from duecourse.contact.errors import CallDefinitionRefused
from duecourse.contact.models import CallDefinition
from duecourse.contact.selectors.terms import SUBJECTS, in_force, undecided
from duecourse.contact.services.versions import WRITERS, version_decide, versions_lock
from duecourse.kit.calendar import local_day
from duecourse.kit.clock import now
from duecourse.kit.ids import content_hash
from duecourse.ledger.services import audit_append
from duecourse.parties.access import Actor, acting, creditor_of, require
from duecourse.parties.models import Role

SECONDS_MAX = 3_600
SUBJECT = SUBJECTS[CallDefinition]
_SECONDS = ("connected_seconds_min", "effective_seconds_min", "clock_tolerance_seconds", "duration_tolerance_seconds")


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

    Returns:
        The definition. Where `needs_approval` says so it holds once another person approves it; one by which no call counts less and no
        finding is lost holds by itself, unless others wait.

    Raises:
        CallDefinitionRefused: the day is not after today, or seconds are below 0 or above an hour.
        Forbidden: the actor is no compliance officer.
    """
    require(actor, Role.COMPLIANCE, action="define what a connected call is")
    content: dict[str, Any] = {"connected_seconds_min": connected_seconds_min, "effective_seconds_min": effective_seconds_min}
    content |= {"is_voicemail_connected": is_voicemail_connected, "clock_tolerance_seconds": clock_tolerance_seconds}
    content |= {"duration_tolerance_seconds": duration_tolerance_seconds}
    if not all(0 <= content[name] <= SECONDS_MAX for name in _SECONDS):
        raise CallDefinitionRefused(reason="seconds lie between 0 and 3600")
    with acting(actor):
        versions_lock(actor, subject=SUBJECT)
        _check_day(actor, from_on)
        before = definition_on(creditor_id=actor.creditor_id, on=from_on)
        is_waiting = undecided(CallDefinition, creditor_id=actor.creditor_id).exists()
        said_at, said = now(), content | {"from_on": from_on}
        definition = CallDefinition.objects.create(
            creditor_id=actor.creditor_id,
            needs_approval=is_waiting or not only_tightens(content, before=before),
            content_hash=content_hash([actor.creditor_id, SUBJECT, said_at, said]),
            added_by=actor.user_id,
            known_at=said_at,
            **said,
        )
        details = said | {"content_hash": definition.content_hash, "needs_approval": definition.needs_approval}
        audit_append(
            creditor_id=actor.creditor_id, action="call_definition_set", subject_kind=SUBJECT, subject_id=definition.pk, details=details
        )
        return definition


def call_definition_approve(*, actor: Actor, definition_id: int, reason: str = "") -> CallDefinition:
    """Approve a definition, so that it holds from its day on.

    Raises:
        Forbidden, SamePersonTwice, AlreadyDecided: as `approval_decide`.
        CallDefinitionRefused: its day has begun; calls of days gone by stay what they were counted as.
        Absent: there is no such definition, or it needs nobody's approval.
    """
    return _decide(actor, definition_id, is_granted=True, reason=reason)


def call_definition_reject(*, actor: Actor, definition_id: int, reason: str) -> CallDefinition:
    """Refuse a definition; what was in force stays. Raises as `call_definition_approve`, whatever its day."""
    return _decide(actor, definition_id, is_granted=False, reason=reason)


def definition_on(*, creditor_id: int, on: date) -> CallDefinition:
    """Return what holds on a day; the defaults, unsaved, where nothing is in force. Call it inside `acting`."""
    said = in_force(CallDefinition, creditor_id=creditor_id).filter(from_on__lte=on).order_by("-from_on", "-known_at", "-pk").first()
    return said or CallDefinition(creditor_id=creditor_id, from_on=on, added_by=0, known_at=now())


def only_tightens(content: dict[str, Any], *, before: CallDefinition) -> bool:
    """Say whether by a definition no call counts less than before and no finding is lost."""
    is_stricter = all(content[name] <= getattr(before, name) for name in _SECONDS)
    return is_stricter and content["is_voicemail_connected"] >= before.is_voicemail_connected


def _decide(actor: Actor, definition_id: int, *, is_granted: bool, reason: str) -> CallDefinition:
    require(actor, *WRITERS, action="decide on a definition of calls")
    with acting(actor):
        versions_lock(actor, subject=SUBJECT)
        found = CallDefinition.objects.filter(creditor_id=actor.creditor_id, pk=definition_id, needs_approval=True).first()
        if found is not None and is_granted:
            _check_day(actor, found.from_on)
        return version_decide(found, actor=actor, subject=SUBJECT, entity="call definition", is_granted=is_granted, reason=reason)


def _check_day(actor: Actor, from_on: date) -> None:
    if from_on <= local_day(now(), creditor_of(actor).zone):
        raise CallDefinitionRefused(reason="it would begin on a day that has begun already")

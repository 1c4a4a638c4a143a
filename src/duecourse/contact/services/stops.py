"""The emergency stop: ending contact at once, everywhere, and taking it up again with a second person."""

from __future__ import annotations

from typing import Any

from django.db import connection

from duecourse.contact.errors import StopInvalid, StopLifted
from duecourse.contact.models import ContactStop, ContactStopLift, StopReasonCode, StopScope
from duecourse.kit.clock import now
from duecourse.kit.errors import Absent
from duecourse.kit.ids import content_hash
from duecourse.ledger.services import audit_append
from duecourse.parties.access import Actor, acting, require
from duecourse.parties.models import Agency, Membership, Role
from duecourse.parties.services import approval_decide
from duecourse.portfolio.models import Person
from duecourse.rules.form import CHANNELS

SUBJECT = "contact_stop"
LIFT_SUBJECT = "contact_stop_lift"
DECIDERS = (Role.COMPLIANCE,)
NOTE_MAX = 500
_LOCK = "SELECT pg_advisory_xact_lock(49410, hashint8(%s))"


def contact_stop(
    *,
    actor: Actor,
    scope: str,
    reason_code: str,
    note: str = "",
    agency_id: int | None = None,
    user_id: int | None = None,
    channel: str = "",
    person_id: int | None = None,
) -> ContactStop:
    """Stop contact now: no permit is given for what the stop covers, and permits not used yet open no number any more.

    Args:
        actor: a compliance officer.
        scope: of `StopScope`; agency, collector, channel and debtor name their target in the argument of that kind, everything names none.
        reason_code: of `StopReasonCode`; performers are told it.
        note: in words, for the creditor's side; needed where the reason is other. Nothing personal.
        agency_id: for the scope agency.
        user_id: for the scope collector: a person who works or worked for the creditor or one of its agencies.
        channel: for the scope channel.
        person_id: for the scope debtor.

    Raises:
        Forbidden: the actor is no compliance officer.
        StopInvalid: scope, target and reason do not go together.
        Absent: there is no such agency, collector or debtor.

    Guarantees: when it returns, and its transaction commits, every request decided afterwards sees it; requests under way are waited for.
        A stop that stands already is returned as it is, with `stood_already`; who asked for it again and for which reason is in the trail.
    """
    require(actor, *DECIDERS, action="stop contact")
    target = {"agency_id": agency_id, "user_id": user_id, "channel": channel, "person_id": person_id}
    _check(scope, reason_code=reason_code, note=note, target=target)
    with acting(actor):
        _check_exists(actor, target)
        with connection.cursor() as cursor:
            cursor.execute(_LOCK, [actor.creditor_id])
        wanted = {"creditor_id": actor.creditor_id, "scope": scope, **target, "lifted_at": None}
        standing = ContactStop.objects.filter(**_filter(wanted)).first()
        if standing is not None:
            return _again(standing, actor=actor, reason_code=reason_code, note=note.strip())
        stop = ContactStop.objects.create(**wanted, reason_code=reason_code, note=note.strip(), from_at=now(), stopped_by=actor.user_id)
        _note(stop, "contact_stopped", {"scope": scope, "reason_code": reason_code, **target})
        return stop


def _again(standing: ContactStop, *, actor: Actor, reason_code: str, note: str) -> ContactStop:
    """Return the stop that stands, and put into the trail that it was asked for again, unless it is the same press of a button twice."""
    standing.stood_already = True
    if (standing.stopped_by, standing.reason_code, standing.note) != (actor.user_id, reason_code, note):
        _note(standing, "contact_stop_asked_again", {"reason_code": reason_code, "is_said_in_words": bool(note)})
    return standing


def contact_stop_lift(*, actor: Actor, stop_id: int, reason: str) -> ContactStopLift:
    """Ask to lift a stop; it stands until another person agrees.

    Raises:
        Forbidden: the actor is no compliance officer.
        StopInvalid: no reason is given.
        Absent: there is no such stop.
        StopLifted: it is lifted already.

    Guarantees: a request of the same person that nobody decided on yet is returned as it is.
    """
    require(actor, *DECIDERS, action="lift a stop")
    reason = reason.strip()
    if not reason or len(reason) > NOTE_MAX:
        raise StopInvalid(reasons=[f"a reason of at most {NOTE_MAX} characters is needed"])
    with acting(actor):
        stop = _standing(actor, stop_id)
        for lift in ContactStopLift.objects.filter(creditor_id=actor.creditor_id, stop=stop, asked_by=actor.user_id):
            if lift.reason == reason and not _is_decided(lift):
                return lift
        asked_at = now()
        lift = ContactStopLift.objects.create(
            creditor_id=actor.creditor_id,
            stop=stop,
            asked_by=actor.user_id,
            asked_at=asked_at,
            reason=reason,
            content_hash=content_hash([actor.creditor_id, stop.pk, actor.user_id, asked_at, reason]),
        )
        _note(stop, "contact_stop_lift_asked", {"lift_id": lift.pk})
        return lift


def contact_stop_lift_approve(*, actor: Actor, lift_id: int, reason: str = "") -> ContactStop:
    """Agree to lift a stop, which ends at once.

    Raises:
        Forbidden, SamePersonTwice, AlreadyDecided: as `approval_decide`.
        Absent: nobody asked for that.
        StopLifted: it was lifted meanwhile by another request.
    """
    require(actor, *DECIDERS, action="lift a stop")
    with acting(actor):
        lift = _lift(actor, lift_id)
        _decide(actor, lift, is_granted=True, reason=reason)
        if ContactStop.objects.filter(pk=lift.stop_id, lifted_at__isnull=True).update(lifted_at=now(), lifted_by=actor.user_id):
            _note(lift.stop, "contact_stop_lifted", {"lift_id": lift.pk, "asked_by": lift.asked_by})
        lift.stop.refresh_from_db()
        return lift.stop


def contact_stop_lift_reject(*, actor: Actor, lift_id: int, reason: str) -> ContactStop:
    """Refuse to lift a stop, which stands; it may be asked for again. Raises as `contact_stop_lift_approve`."""
    require(actor, *DECIDERS, action="lift a stop")
    with acting(actor):
        lift = _lift(actor, lift_id)
        _decide(actor, lift, is_granted=False, reason=reason)
        return lift.stop


def _check(scope: str, *, reason_code: str, note: str, target: dict[str, Any]) -> None:
    named = {"agency": "agency_id", "collector": "user_id", "channel": "channel", "debtor": "person_id"}
    given = [name for name, value in target.items() if value not in (None, "")]
    wanted = [named[scope]] if scope in named else []
    channel = target["channel"]
    checks = [
        (scope not in StopScope.values, f"the scope is one of {', '.join(StopScope.values)}"),
        (scope in StopScope.values and given != wanted, f"a stop of {scope} names {wanted[0] if wanted else 'nothing'} and nothing else"),
        (bool(channel) and channel not in CHANNELS, f"the channel is one of {', '.join(CHANNELS)}"),
        (reason_code not in StopReasonCode.values, f"the reason is one of {', '.join(StopReasonCode.values)}"),
        (reason_code == StopReasonCode.OTHER and not note.strip(), "another reason is said in words"),
        (len(note) > NOTE_MAX, f"the note has at most {NOTE_MAX} characters"),
    ]
    reasons = [reason for is_wrong, reason in checks if is_wrong]
    if reasons:
        raise StopInvalid(reasons=reasons)


def _check_exists(actor: Actor, target: dict[str, Any]) -> None:
    of = {"creditor_id": actor.creditor_id}
    if target["agency_id"] is not None and not Agency.objects.filter(**of, pk=target["agency_id"]).exists():
        raise Absent(entity="agency")
    if target["user_id"] is not None and not Membership.objects.filter(**of, user_id=target["user_id"]).exists():
        raise Absent(entity="user")
    if target["person_id"] is not None and not Person.objects.filter(**of, pk=target["person_id"]).exists():
        raise Absent(entity="person")


def _filter(wanted: dict[str, Any]) -> dict[str, Any]:
    return {f"{name}__isnull" if value is None else name: True if value is None else value for name, value in wanted.items()}


def _standing(actor: Actor, stop_id: int) -> ContactStop:
    stop = ContactStop.objects.filter(creditor_id=actor.creditor_id, pk=stop_id).first()
    if stop is None:
        raise Absent(entity="contact stop")
    if stop.lifted_at is not None:
        raise StopLifted(stop_id=stop.pk)
    return stop


def _lift(actor: Actor, lift_id: int) -> ContactStopLift:
    lift = ContactStopLift.objects.select_related("stop").filter(creditor_id=actor.creditor_id, pk=lift_id).first()
    if lift is None:
        raise Absent(entity="contact stop")
    return lift


def _is_decided(lift: ContactStopLift) -> bool:
    from duecourse.parties.models import Approval

    return Approval.objects.filter(creditor_id=lift.creditor_id, subject_kind=LIFT_SUBJECT, subject_id=lift.pk).exists()


def _decide(actor: Actor, lift: ContactStopLift, *, is_granted: bool, reason: str) -> None:
    approval_decide(
        actor=actor,
        subject_kind=LIFT_SUBJECT,
        subject_id=lift.pk,
        content_hash=lift.content_hash,
        requested_by=lift.asked_by,
        is_granted=is_granted,
        reason=reason,
        roles=DECIDERS,
    )


def _note(stop: ContactStop, action: str, details: dict[str, Any]) -> None:
    audit_append(creditor_id=stop.creditor_id, action=action, subject_kind=SUBJECT, subject_id=stop.pk, details=details)

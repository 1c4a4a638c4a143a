"""Holds that a person places and lifts from a case, each with its reason in the trail."""

from __future__ import annotations

from datetime import date

from django.db.models import Q

from duecourse.kit.errors import Absent
from duecourse.ledger.services import audit_append
from duecourse.parties.access import Actor, acting, require
from duecourse.parties.models import Role
from duecourse.portfolio.errors import HoldNotByHand, HoldStands
from duecourse.portfolio.models import Hold, Person
from duecourse.portfolio.selectors.access import access_case
from duecourse.portfolio.selectors.stops import stop_reasons
from duecourse.portfolio.services.holds import hold_lift, hold_place
from duecourse.portfolio.services.stops import SOURCE, stops_lift

BY_HAND = "audit_event"
"""The source of a hold placed by hand is the event in the trail that tells who asked for it."""
ELSEWHERE = frozenset({"dispute", "plan"})
"""Kinds that another room places, because it keeps the matter itself."""


def hold_by_hand(*, actor: Actor, case_id: int, kind: str, from_on: date, until_on: date | None = None) -> int:
    """Leave a case's debtor alone for a reason of the table, with what that reason stops, and return the hold's number.

    Args:
        actor: a manager or compliance officer of the creditor.
        case_id: the case from which it is asked.
        kind: a reason of `stop_reasons`, none of those that another room keeps.
        from_on: first day.
        until_on: the day after the last, None for open.

    Raises:
        Forbidden: the actor has another role.
        CaseMissing: there is no such case for this actor.
        Absent: there is no such reason.
        HoldStands: a hold of the kind is open.
        SpanEmpty: it ends before it begins.

    Guarantees: two people who press at once place one hold.
    """
    require(actor, Role.MANAGER, Role.COMPLIANCE, action="place a hold")
    reason = stop_reasons().get(kind)
    if reason is None or kind in ELSEWHERE:
        raise Absent(entity="reason")
    with acting(actor):
        case = access_case(actor, case_id)
        Person.objects.select_for_update(no_key=True).get(creditor_id=actor.creditor_id, pk=case.person_id)
        standing = Hold.objects.filter(creditor_id=actor.creditor_id, person_id=case.person_id, kind=kind)
        if standing.filter(Q(until_on__isnull=True) | Q(until_on__gt=from_on)).exists():
            raise HoldStands
        event_id = audit_append(
            creditor_id=actor.creditor_id, action="hold_asked", subject_kind="case", subject_id=case_id, details={"kind": kind}
        )
        return hold_place(
            actor=actor,
            person_id=case.person_id,
            kind=kind,
            stops_contact="contact" in reason.stops,
            stops_placement="placement" in reason.stops,
            source_kind=BY_HAND,
            source_id=event_id,
            from_on=from_on,
            until_on=until_on,
        )


def hold_lift_by_hand(*, actor: Actor, case_id: int, hold_id: int, on: date) -> None:
    """Lift a hold of a case's debtor that was placed by hand or by a stop list; one that has ended already stays as it is.

    Raises:
        Forbidden: the actor is neither manager nor compliance officer.
        CaseMissing: there is no such case for this actor.
        Absent: the debtor has no such hold.
        HoldNotByHand: another room placed it and keeps its cause.
    """
    require(actor, Role.MANAGER, Role.COMPLIANCE, action="lift a hold")
    with acting(actor):
        case = access_case(actor, case_id)
        hold = Hold.objects.filter(creditor_id=actor.creditor_id, person_id=case.person_id, pk=hold_id).first()
        if hold is None:
            raise Absent(entity="hold")
        if hold.source_kind == SOURCE:
            stops_lift(actor=actor, person_ids=[case.person_id], on=on, reason_code=hold.kind)
        elif hold.source_kind == BY_HAND:
            hold_lift(actor=actor, source_kind=BY_HAND, source_id=hold.source_id, on=on)
        else:
            raise HoldNotByHand

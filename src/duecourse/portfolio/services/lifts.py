"""Lifting chosen stops by hand, with a reason that stays in the trail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.db import connection

from duecourse.kit.errors import InvalidInput
from duecourse.kit.ids import content_hash
from duecourse.ledger.services import audit_append
from duecourse.parties.access import Actor, acting, require
from duecourse.parties.models import Role
from duecourse.portfolio.services.by_hand import BY_HAND
from duecourse.portfolio.services.stops import SOURCE

HOLDS_MAX = 1_000
LIFT_REASONS: Mapping[str, tuple[str, str]] = {
    "cause_over": ("The cause of the stop is over.", "停催原因已消除"),
    "listed_in_error": ("The debtor was listed in error.", "误列入名单"),
    "core_disagrees": ("The core system shows that the cause does not apply.", "核心系统核实原因不成立"),
    "compliance_agreed": ("Compliance has agreed.", "合规部门已同意"),
}
"""Reason → English and Chinese; codes, because what is written in the trail stays beyond every erasure."""
_LOCK = """
SELECT p.id FROM portfolio_person p
WHERE p.creditor_id = %s AND p.id IN (SELECT person_id FROM portfolio_hold WHERE creditor_id = %s AND id = ANY(%s)) ORDER BY p.id FOR NO KEY UPDATE
"""
_LIFT = """
UPDATE portfolio_hold SET until_on = greatest(%s, from_on)
WHERE creditor_id = %s AND id = ANY(%s) AND source_kind = ANY(%s) AND (until_on IS NULL OR until_on > greatest(%s, from_on)) RETURNING id, person_id
"""


class LiftUnclear(InvalidInput):
    """Stops are to be lifted without a reason of the list, or none or too many were chosen."""

    what = "Nothing was lifted, because it is not clear what to lift."
    todo = "Choose at least one stop and at most {maximum}, one of the reasons, and a day."


@dataclass(frozen=True, slots=True)
class HoldsLifted:
    """What came of it: how many stops were lifted, and how many stay because they have ended already or another room keeps their cause."""

    lifted_count: int
    kept_count: int


def holds_lift(*, actor: Actor, hold_ids: Sequence[int], on: date, why: str) -> HoldsLifted:
    """Lift the chosen stops that lists or people have placed, from a day on; stops of other rooms end when their cause ends.

    Args:
        actor: a manager or compliance officer of the creditor.
        hold_ids: the stops; those of another creditor count as not there.
        on: the first day without them; a stop never ends before it began.
        why: a key of `LIFT_REASONS`.

    Raises:
        Forbidden: the actor has neither role.
        LiftUnclear: nothing, too much or no known reason was given.

    Guarantees: the debtors are locked meanwhile, and a repeat lifts nothing twice.
    """
    require(actor, Role.MANAGER, Role.COMPLIANCE, action="lift stops")
    chosen = sorted(set(hold_ids))
    if why not in LIFT_REASONS or not 0 < len(chosen) <= HOLDS_MAX:
        raise LiftUnclear(maximum=HOLDS_MAX)
    with acting(actor), connection.cursor() as cursor:
        cursor.execute(_LOCK, [actor.creditor_id, actor.creditor_id, chosen])
        cursor.execute(_LIFT, [on, actor.creditor_id, chosen, [SOURCE, BY_HAND], on])
        lifted = sorted(cursor.fetchall())
        if lifted:
            persons = {person_id for _, person_id in lifted}
            subject = ("person", persons.pop()) if len(persons) == 1 else ("creditor", actor.creditor_id)
            details = {"hold_count": len(lifted), "holds_hash": content_hash([hold_id for hold_id, _ in lifted]), "on": on, "why": why}
            audit_append(
                creditor_id=actor.creditor_id, action="holds_lifted", subject_kind=subject[0], subject_id=subject[1], details=details
            )
    return HoldsLifted(len(lifted), len(chosen) - len(lifted))

"""The daily scrub: what is due on a day is done, what is held or lies idle is counted.

Each part is a transaction of its own and does nothing twice, so a day that was interrupted is finished by running it again.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import Any

from duecourse.cycle.services.feeds import follow
from duecourse.ledger.selectors.rows import frame
from duecourse.ledger.services import audit_append
from duecourse.parties.access import Actor, acting, require
from duecourse.parties.models import Role
from duecourse.placement import selectors as placements
from duecourse.placement.services import placements_end_due
from duecourse.portfolio.errors import IntakeBusy
from duecourse.portfolio.selectors import left_out
from duecourse.portfolio.services.feeds import waiting_take
from duecourse.portfolio.services.intake import intake_lock

_ATTEMPTED = """
SELECT DISTINCT m.case_id, m.local_on FROM contact_permit m
JOIN contact_attempt a ON a.creditor_id = m.creditor_id AND a.permit_id = m.id AND a.local_on = m.local_on
WHERE m.creditor_id = %(creditor)s AND m.local_on <= %(on)s
    AND EXISTS (SELECT FROM portfolio_case c WHERE c.creditor_id = m.creditor_id AND c.id = m.case_id AND c.open_agency_id IS NOT NULL)
"""


@dataclass(frozen=True, slots=True)
class DayResult:
    """What a day's scrub did and found.

    Attributes:
        on: the creditor's day.
        counts: `placement_ended_count` (terms over, and recalls that became final), `waited_count` (rows that had waited for their account), what
            followed from feeds (as `cycle.services.feeds.follow`), then what there is: `held` open cases by kind of hold, `held_case_count`,
            `held_placed_count` of them with an agency, `contact_owed_count`, `idle_count`, `rotation_count`.
    """

    on: date
    counts: dict[str, Any]


def day_run(*, actor: Actor, on: date) -> DayResult:
    """Run the daily scrub of a day.

    Args:
        actor: a manager of the creditor, or the system.
        on: today in the creditor's zone.

    Raises:
        IntakeBusy: a file is being taken in; run it again afterwards.
        Forbidden: the actor is not a manager.

    Guarantees: idempotent; stopped at any moment, the same call does the rest; each whole run is one event in the trail, with its counts.
    """
    require(actor, Role.MANAGER, action="run the day")
    counts: dict[str, Any] = {"placement_ended_count": placements_end_due(actor=actor, on=on)}
    with acting(actor):
        if not intake_lock(actor.creditor_id):
            raise IntakeBusy
        waited = waiting_take(actor=actor)
        counts["waited_count"] = waited.applied_count + waited.superseded_count if waited else 0
        followed = follow(actor=actor, tape_id=None, on=on)
    counts["placement_ended_count"] += followed.pop("placement_ended_count")
    counts |= followed
    with acting(actor):
        counts |= found_on(actor=actor, on=on)
        audit_append(
            creditor_id=actor.creditor_id, action="day_run", subject_kind="creditor", subject_id=actor.creditor_id,
            details={"on": on, **counts},
        )  # fmt: skip
    return DayResult(on, counts)


def found_on(*, actor: Actor, on: date) -> dict[str, Any]:
    """Return what there is on a day: open cases under a hold, first contacts owed, idle cases, rotations that are due; inside `acting`."""
    held = left_out(creditor_id=actor.creditor_id, on=on).to_pylist()
    attempted = frame(_ATTEMPTED, schema=placements.ATTEMPTED, creditor=actor.creditor_id, on=on)
    return {
        "held": dict(sorted(Counter(kind for _, kind in {(row["case_id"], row["kind"]) for row in held}).items())),
        "held_case_count": len({row["case_id"] for row in held}),
        "held_placed_count": len({row["case_id"] for row in held if row["open_agency_id"] is not None}),
        "contact_owed_count": len(placements.first_contact_owed(creditor_id=actor.creditor_id, on=on, attempted=attempted)),
        "idle_count": len(placements.idle_placements(creditor_id=actor.creditor_id, on=on, attempted=attempted)),
        "rotation_count": len(placements.rotation_due(creditor_id=actor.creditor_id, on=on)),
    }

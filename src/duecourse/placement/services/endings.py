"""How placements end: the term runs out, the creditor recalls, the agency returns, the case is closed.

Whatever the way, access ends in the same transaction: the case has no agency any more, and row-level security shows it to nobody else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pyarrow as pa
from django.db import connection

from duecourse.kit.clock import now
from duecourse.kit.errors import Absent
from duecourse.kit.ids import content_hash
from duecourse.ledger.services import audit_append
from duecourse.parties.access import Actor, acting, require
from duecourse.parties.models import Role
from duecourse.placement.errors import PlacementTimeWrong, ReasonMissing, ReasonUnknown
from duecourse.placement.models import Placement
from duecourse.placement.selectors.reasons import move_reasons
from duecourse.placement.services.locks import cases_lock, moves_lock
from duecourse.portfolio.services import CASES_PLACED, cases_placed

# The term's last day, and the final day of a pending recall, end where the next day begins in the creditor's zone; a placement never
# lasts longer than either.
_TERM_END = "((p.term_until_on + 1)::timestamp AT TIME ZONE cr.zone)"
_RECALL_END = "CASE WHEN n.status = 'recall_pending' THEN (n.last_on + 1)::timestamp AT TIME ZONE cr.zone END"

_NEWEST = """
    SELECT DISTINCT ON (t.placement_id) t.placement_id, t.status, t.reason_code, t.reason, t.last_on, t.move_set_id
    FROM placement_placementtransition t
    WHERE t.creditor_id = %(creditor)s AND t.placement_id = ANY(%(placements)s) ORDER BY t.placement_id, t.id DESC
"""

_TOO_EARLY = """
SELECT p.id, lower(p.during) FROM placement_placement p
WHERE p.creditor_id = %(creditor)s AND p.id = ANY(%(placements)s) AND upper_inf(p.during) AND lower(p.during) >= %(at)s
ORDER BY p.id LIMIT 1
"""

_END = f"""
WITH newest AS ({_NEWEST}), ended AS (
    UPDATE placement_placement p
    SET during = tstzrange(lower(p.during), least(%(at)s, {_TERM_END}, {_RECALL_END})),
        end_reason = coalesce(nullif(%(end_reason)s, ''), nullif(n.reason, ''), nullif(n.reason_code, ''), %(status)s)
    FROM parties_creditor cr, newest n
    WHERE cr.id = p.creditor_id AND p.creditor_id = %(creditor)s AND p.id = n.placement_id AND upper_inf(p.during)
    RETURNING p.creditor_id, p.id, p.case_id, p.hand, n.status, n.reason_code, n.reason,
              ((upper(p.during) - interval '1 microsecond') AT TIME ZONE cr.zone)::date AS last_on
), steps AS (
    INSERT INTO placement_placementtransition
        (creditor_id, placement_id, status, reason_code, reason, effective_on, move_set_id, known_at, actor_id)
    SELECT e.creditor_id, e.id, step.status, coalesce(%(reason_code)s, e.reason_code), coalesce(%(reason)s, e.reason), e.last_on, %(set)s,
           %(now)s, %(user)s
    FROM ended e CROSS JOIN unnest(%(statuses)s::text[]) WITH ORDINALITY AS step (status, n)
    WHERE step.status <> e.status ORDER BY e.id, step.n
)
SELECT id, case_id, hand FROM ended ORDER BY id
"""  # noqa: S608 - fragments of this file

_DUE = """
SELECT p.id, t.status = 'recall_pending' AND t.last_on <= p.term_until_on
FROM placement_placement p
JOIN LATERAL (
    SELECT t.status, t.last_on FROM placement_placementtransition t
    WHERE t.creditor_id = p.creditor_id AND t.placement_id = p.id ORDER BY t.id DESC LIMIT 1) t ON true
WHERE p.creditor_id = %(creditor)s AND upper_inf(p.during)
  AND (p.term_until_on < %(on)s OR (t.status = 'recall_pending' AND t.last_on < %(on)s))
ORDER BY p.id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a set of placements ends.

    Attributes:
        statuses: the steps of the history; one that is the newest step already is not written again.
        at: the instant, or None at the end of the term or of the recall's final day.
        reason: in words, and reason_code as data; None takes those of the newest step.
        move_set_id: the set of moves it belongs to, or None.
    """

    statuses: tuple[str, ...]
    at: datetime | None
    reason: str | None = ""
    reason_code: str | None = ""
    move_set_id: int | None = None


def placements_end_due(*, actor: Actor, on: date) -> int:
    """End the placements whose last day lies before `on`, at the end of that day in the creditor's zone; return how many.

    The last day is that of the term, or the final day of a recall that is pending, whichever is earlier.

    Args:
        actor: a manager of the creditor, or the system.
        on: today in the creditor's zone; a placement works its last day to the end.

    Guarantees: a repeat ends nothing twice; the cases are free to be placed anew; a recall that is undone at the same time is either
        undone or ended, never both.
    """
    require(actor, Role.MANAGER, action="end placements")
    with acting(actor):
        moves_lock(creditor_id=actor.creditor_id)
        due = _due(actor, on)
        recalled = [placement_id for placement_id, is_recall in due if is_recall]
        ended_count = end_placements(
            actor, placement_ids=recalled, ending=Ending(statuses=("recalled",), at=None, reason=None, reason_code=None)
        )
        over = [placement_id for placement_id, is_recall in due if not is_recall]
        return ended_count + end_placements(actor, placement_ids=over, ending=Ending(statuses=("term_ended",), at=None))


def placement_recall(*, actor: Actor, placement_ids: Sequence[int], reason: str = "", at: datetime, reason_code: str = "") -> int:
    """Take cases back from their agencies at once; return how many placements ended, those that had ended before not counted.

    The history shows both steps, recall_pending and recalled; here they come together, or only the second where the first was made before
    by a set of moves.

    Raises:
        Absent: one of the placements does not exist for this actor.
        ReasonMissing: there is neither a reason in words nor a code.
        ReasonUnknown: there is no such code for a recall.
        PlacementTimeWrong: a placement begins at `at` or later.

    Guarantees: when this returns (and its transaction commits) the agency sees the cases no more.
    """
    require(actor, Role.MANAGER, Role.COMPLIANCE, action="recall a placement")
    with acting(actor):
        _known(actor, placement_ids)
        return end_placements(
            actor, placement_ids=placement_ids, ending=_ending(("recall_pending", "recalled"), at, reason, "recall", reason_code)
        )


def placement_return(*, actor: Actor, placement_ids: Sequence[int], reason: str = "", at: datetime, reason_code: str = "") -> int:
    """Give cases back to the creditor; return how many placements ended. Called by the agency's lead, or by a manager on its behalf.

    What the agency may not see it cannot return: the placements are looked up under its own database role, and only the ending is
    written with the creditor's.

    Raises:
        Absent, ReasonMissing, ReasonUnknown, PlacementTimeWrong: as `placement_recall`.
    """
    require(actor, Role.LEAD, Role.MANAGER, action="return a placement")
    with acting(actor):
        _known(actor, placement_ids)
        desk = Actor(user_id=actor.user_id, creditor_id=actor.creditor_id, agency_id=None, roles=frozenset())
        with acting(desk):
            return end_placements(actor, placement_ids=placement_ids, ending=_ending(("returned",), at, reason, "return", reason_code))


def cases_closed(*, actor: Actor, case_ids: Sequence[int], reason: str = "", at: datetime, reason_code: str = "") -> int:
    """End the open placements of cases that are paid or off the tape; return how many. The cases themselves are closed by portfolio.

    Raises:
        ReasonMissing, ReasonUnknown, PlacementTimeWrong: as `placement_recall`.
    """
    require(actor, Role.MANAGER, Role.COMPLIANCE, action="close placements")
    with acting(actor):
        found = Placement.objects.filter(creditor_id=actor.creditor_id, during__upper_inf=True, case_id__in=list(case_ids))
        return end_placements(
            actor, placement_ids=list(found.values_list("pk", flat=True)), ending=_ending(("closed",), at, reason, "close", reason_code)
        )


def _ending(statuses: tuple[str, ...], at: datetime, reason: str, kind: str, reason_code: str) -> Ending:
    if reason_code and reason_code not in move_reasons(kind):
        raise ReasonUnknown(code=reason_code, kind=kind, known=", ".join(move_reasons(kind)))
    if not reason.strip() and not reason_code:
        raise ReasonMissing
    return Ending(statuses=statuses, at=at, reason=reason.strip(), reason_code=reason_code)


def _due(actor: Actor, on: date) -> list[tuple[int, bool]]:
    """Return the open placements whose last day is over, and whether it is a recall that ends them."""
    with connection.cursor() as cursor:
        cursor.execute(_DUE, {"creditor": actor.creditor_id, "on": on})
        return cursor.fetchall()


def _known(actor: Actor, placement_ids: Sequence[int]) -> None:
    found = Placement.objects.filter(creditor_id=actor.creditor_id, pk__in=list(placement_ids))
    if found.count() != len(set(placement_ids)):
        raise Absent(entity="placement")


def end_placements(actor: Actor, *, placement_ids: Sequence[int], ending: Ending) -> int:
    """Lock persons and cases, end what is still open, write the history, free the cases, and note it once; for the services of this room."""
    if not placement_ids:
        return 0
    cases = Placement.objects.filter(creditor_id=actor.creditor_id, pk__in=list(placement_ids)).values_list("case_id", flat=True)
    cases_lock(creditor_id=actor.creditor_id, case_ids=list(cases))
    wanted: dict[str, Any] = {"creditor": actor.creditor_id, "placements": list(placement_ids), "at": ending.at, "now": now()}
    wanted |= {"user": actor.user_id, "reason": ending.reason, "reason_code": ending.reason_code, "set": ending.move_set_id}
    wanted |= {"statuses": list(ending.statuses), "status": ending.statuses[-1]}
    is_told = ending.reason is None or ending.reason or ending.reason_code
    wanted["end_reason"] = (ending.reason or ending.reason_code or "") if is_told else ending.statuses[-1]
    with connection.cursor() as cursor:
        if ending.at is not None:
            cursor.execute(_TOO_EARLY, wanted)
            if early := cursor.fetchone():
                raise PlacementTimeWrong(placement_id=early[0], began_at=early[1].isoformat(), at=ending.at.isoformat())
        cursor.execute(_END, wanted)
        ended = cursor.fetchall()
    if not ended:
        return 0
    ids, case_ids, hands = (list(column) for column in zip(*ended, strict=True))
    rows = pa.table([case_ids, pa.nulls(len(ids), pa.int64()), hands], schema=CASES_PLACED)
    cases_placed(actor=actor, rows=rows)
    _note(actor, ids, ending)
    return len(ids)


def _note(actor: Actor, ids: list[int], ending: Ending) -> None:
    """Write one audit event: on the placement if it is one, else on the creditor with the hash of the placements' numbers."""
    subject = (
        {"subject_kind": "placement", "subject_id": ids[0]}
        if len(ids) == 1
        else {"subject_kind": "creditor", "subject_id": actor.creditor_id}
    )
    details = {"placement_count": len(ids), "placements_hash": content_hash(ids), "at": ending.at, "agency_id": actor.agency_id}
    audit_append(creditor_id=actor.creditor_id, action=f"placement_{ending.statuses[-1]}", details=details, **subject)

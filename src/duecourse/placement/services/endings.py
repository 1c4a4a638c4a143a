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
from duecourse.placement.errors import PlacementTimeWrong, ReasonMissing
from duecourse.placement.models import Placement
from duecourse.placement.services.locks import cases_lock
from duecourse.portfolio.services import CASES_PLACED, cases_placed

# The term's last day ends where the next day begins in the creditor's zone; a placement never lasts longer than its term.
_TERM_END = "((p.term_until_on + 1)::timestamp AT TIME ZONE cr.zone)"

_TOO_EARLY = """
SELECT p.id, lower(p.during) FROM placement_placement p
WHERE p.creditor_id = %(creditor)s AND p.id = ANY(%(placements)s) AND upper_inf(p.during) AND lower(p.during) >= %(at)s
ORDER BY p.id LIMIT 1
"""

_END = f"""
WITH ended AS (
    UPDATE placement_placement p
    SET during = tstzrange(lower(p.during), least(coalesce(%(at)s, 'infinity'::timestamptz), {_TERM_END})), end_reason = %(end_reason)s
    FROM parties_creditor cr
    WHERE cr.id = p.creditor_id AND p.creditor_id = %(creditor)s AND p.id = ANY(%(placements)s) AND upper_inf(p.during)
    RETURNING p.creditor_id, p.id, p.case_id, p.hand, ((upper(p.during) - interval '1 microsecond') AT TIME ZONE cr.zone)::date AS last_on
), steps AS (
    INSERT INTO placement_placementtransition (creditor_id, placement_id, status, reason, effective_on, known_at, actor_id)
    SELECT e.creditor_id, e.id, step.status, %(reason)s, e.last_on, %(now)s, %(user)s
    FROM ended e CROSS JOIN unnest(%(statuses)s::text[]) WITH ORDINALITY AS step (status, n) ORDER BY e.id, step.n
)
SELECT id, case_id, hand FROM ended ORDER BY id
"""  # noqa: S608 - fragments of this file


@dataclass(frozen=True, slots=True)
class _Ending:
    """How a set of placements ends: the steps of the history, the instant (None: at the end of the term), the reason."""

    statuses: tuple[str, ...]
    at: datetime | None
    reason: str


def placements_end_due(*, actor: Actor, on: date) -> int:
    """End the placements whose term's last day lies before `on`, at the end of that day in the creditor's zone; return how many.

    Args:
        actor: a manager of the creditor, or the system.
        on: today in the creditor's zone; a placement works its last day to the end.

    Guarantees: a repeat ends nothing twice; the cases are free to be placed anew.
    """
    require(actor, Role.MANAGER, action="end placements")
    with acting(actor):
        due = Placement.objects.filter(creditor_id=actor.creditor_id, during__upper_inf=True, term_until_on__lt=on)
        return _end(actor, list(due.values_list("pk", flat=True)), _Ending(("term_ended",), None, ""))


def placement_recall(*, actor: Actor, placement_ids: Sequence[int], reason: str, at: datetime) -> int:
    """Take cases back from their agencies at once; return how many placements ended, those that had ended before not counted.

    The history shows both steps, recall_pending and recalled; here they come together.

    Raises:
        Absent: one of the placements does not exist for this actor.
        ReasonMissing: there is no reason.
        PlacementTimeWrong: a placement begins at `at` or later.

    Guarantees: when this returns (and its transaction commits) the agency sees the cases no more.
    """
    require(actor, Role.MANAGER, Role.COMPLIANCE, action="recall a placement")
    with acting(actor):
        _known(actor, placement_ids)
        return _end(actor, placement_ids, _Ending(("recall_pending", "recalled"), at, _said(reason)))


def placement_return(*, actor: Actor, placement_ids: Sequence[int], reason: str, at: datetime) -> int:
    """Give cases back to the creditor; return how many placements ended. Called by the agency's lead, or by a manager on its behalf.

    What the agency may not see it cannot return: the placements are looked up under its own database role, and only the ending is
    written with the creditor's.

    Raises:
        Absent, ReasonMissing, PlacementTimeWrong: as `placement_recall`.
    """
    require(actor, Role.LEAD, Role.MANAGER, action="return a placement")
    with acting(actor):
        _known(actor, placement_ids)
        desk = Actor(user_id=actor.user_id, creditor_id=actor.creditor_id, agency_id=None, roles=frozenset())
        with acting(desk):
            return _end(actor, placement_ids, _Ending(("returned",), at, _said(reason)))


def cases_closed(*, actor: Actor, case_ids: Sequence[int], reason: str, at: datetime) -> int:
    """End the open placements of cases that are paid or off the tape; return how many. The cases themselves are closed by portfolio.

    Raises:
        ReasonMissing, PlacementTimeWrong: as `placement_recall`.
    """
    require(actor, Role.MANAGER, Role.COMPLIANCE, action="close placements")
    with acting(actor):
        found = Placement.objects.filter(creditor_id=actor.creditor_id, during__upper_inf=True, case_id__in=list(case_ids))
        return _end(actor, list(found.values_list("pk", flat=True)), _Ending(("closed",), at, _said(reason)))


def _said(reason: str) -> str:
    if not reason.strip():
        raise ReasonMissing
    return reason.strip()


def _known(actor: Actor, placement_ids: Sequence[int]) -> None:
    found = Placement.objects.filter(creditor_id=actor.creditor_id, pk__in=list(placement_ids))
    if found.count() != len(set(placement_ids)):
        raise Absent(entity="placement")


def _end(actor: Actor, placement_ids: Sequence[int], ending: _Ending) -> int:
    """Lock persons and cases, end what is still open, write the history, free the cases, and note it once."""
    cases = Placement.objects.filter(creditor_id=actor.creditor_id, pk__in=list(placement_ids)).values_list("case_id", flat=True)
    cases_lock(creditor_id=actor.creditor_id, case_ids=list(cases))
    wanted: dict[str, Any] = {"creditor": actor.creditor_id, "placements": list(placement_ids), "at": ending.at, "now": now()}
    wanted |= {"user": actor.user_id, "reason": ending.reason, "statuses": list(ending.statuses)}
    wanted["end_reason"] = ending.reason or ending.statuses[-1]
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


def _note(actor: Actor, ids: list[int], ending: _Ending) -> None:
    """Write one audit event: on the placement if it is one, else on the creditor with the hash of the placements' numbers."""
    subject = (
        {"subject_kind": "placement", "subject_id": ids[0]}
        if len(ids) == 1
        else {"subject_kind": "creditor", "subject_id": actor.creditor_id}
    )
    details = {"placement_count": len(ids), "placements_hash": content_hash(ids), "at": ending.at, "agency_id": actor.agency_id}
    audit_append(creditor_id=actor.creditor_id, action=f"placement_{ending.statuses[-1]}", details=details, **subject)

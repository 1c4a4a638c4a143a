"""Carrying moves out: longer terms, recalls that become pending, endings, closures and swaps, set-wise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.db import connection

from duecourse.kit.calendar import local_day
from duecourse.kit.clock import now
from duecourse.parties.access import Actor, creditor_of
from duecourse.placement.models import PlacementMove, PlacementMoveSet
from duecourse.placement.selectors.moves import Facts
from duecourse.placement.selectors.reasons import MoveReason
from duecourse.placement.selectors.verdicts import ALLOWED
from duecourse.placement.services.endings import Ending, end_placements
from duecourse.placement.services.judging import Judged, judged
from duecourse.placement.services.locks import cases_lock
from duecourse.placement.services.swaps import swap_publish, swap_record
from duecourse.portfolio.services import cases_close

APPLIED, CHANGED = "applied", "changed"
_ENDINGS = {"return": ("returned",), "recall": ("recall_pending", "recalled"), "close": ("closed",), "swap": ("swapped",)}

_STEPS = """
INSERT INTO placement_placementtransition
    (creditor_id, placement_id, status, reason_code, reason, effective_on, last_on, move_set_id, known_at, actor_id)
SELECT %(creditor)s, line.placement_id, %(status)s, %(reason_code)s, %(reason)s, %(effective_on)s, line.last_on, %(set)s, %(now)s, %(user)s
FROM unnest(%(placements)s::bigint[], %(last_ons)s::date[]) AS line (placement_id, last_on) ORDER BY line.placement_id
"""
_LONGER = """
UPDATE placement_placement p SET term_until_on = line.last_on
FROM unnest(%(placements)s::bigint[], %(last_ons)s::date[]) AS line (placement_id, last_on)
WHERE p.creditor_id = %(creditor)s AND p.id = line.placement_id AND upper_inf(p.during)
"""
_PENDING = """
SELECT m.case_id, m.placement_id FROM placement_placementmove m
JOIN placement_placement p ON p.creditor_id = m.creditor_id AND p.id = m.placement_id AND upper_inf(p.during)
JOIN LATERAL (
    SELECT t.status, t.move_set_id FROM placement_placementtransition t
    WHERE t.creditor_id = m.creditor_id AND t.placement_id = m.placement_id ORDER BY t.id DESC LIMIT 1) t ON true
WHERE m.creditor_id = %(creditor)s AND m.move_set_id = %(set)s AND m.outcome = 'applied' AND t.status = 'recall_pending'
  AND t.move_set_id = %(set)s
ORDER BY m.case_id
"""


def carry(actor: Actor, *, move_set: PlacementMoveSet, reason: MoveReason, at: datetime) -> tuple[dict[int, str], list[int]]:
    """Move the rows of a set that are unchanged and still allowed; return each case's outcome and the batches a swap made.

    Called inside the transaction that holds the creditor's lock on moves.
    """
    rows = list(PlacementMove.objects.filter(creditor_id=actor.creditor_id, move_set=move_set).order_by("case_id"))
    outcomes = {row.case_id: row.verdict for row in rows if row.verdict != ALLOWED}
    wanted = {row.case_id: row for row in rows if row.verdict == ALLOWED}
    cases_lock(creditor_id=actor.creditor_id, case_ids=list(wanted))
    day = local_day(at, creditor_of(actor).zone)
    grounds = {case_id: row.ground.split(",") for case_id, row in wanted.items() if row.ground}
    arguments: dict[str, Any] = {"as_of": day, "parameters": move_set.parameters, "grounds": grounds, "at": at}
    found = judged(actor, reason=reason, case_ids=list(wanted), **arguments)
    same = [row.case_id for row, _ in found.rows if _is_as_seen(row, wanted[row.case_id])]
    if len(same) != len(wanted):
        outcomes |= dict.fromkeys(set(wanted) - set(same), CHANGED)
        found = judged(actor, reason=reason, case_ids=same, **arguments)
    outcomes |= {row.case_id: APPLIED if verdict == ALLOWED else verdict for row, verdict in found.rows}
    moving = [row for row, verdict in found.rows if verdict == ALLOWED]
    return outcomes, _move(actor, move_set, found, moving, at=at, day=day) if moving else []


def recalls_cancel(actor: Actor, *, move_set: PlacementMoveSet) -> list[int]:
    """Cancel the recalls of a set that are pending still and return their cases."""
    cases = PlacementMove.objects.filter(creditor_id=actor.creditor_id, move_set=move_set, outcome=APPLIED)
    cases_lock(creditor_id=actor.creditor_id, case_ids=list(cases.values_list("case_id", flat=True)))
    with connection.cursor() as cursor:
        cursor.execute(_PENDING, {"creditor": actor.creditor_id, "set": move_set.pk})
        pending = cursor.fetchall()
    day = local_day(now(), creditor_of(actor).zone)
    _steps(actor, move_set, "recall_cancelled", {placement_id: None for _, placement_id in pending}, day=day)
    return [case_id for case_id, _ in pending]


def _is_as_seen(row: Facts, seen: PlacementMove) -> bool:
    return (row.placement_id, row.seen_transition_id) == (seen.placement_id, seen.seen_transition_id)


def _move(actor: Actor, move_set: PlacementMoveSet, found: Judged, moving: Sequence[Facts], *, at: datetime, day: date) -> list[int]:
    """Carry one kind of move out for the rows that may move."""
    terms = found.terms
    if move_set.kind == "extend":
        ends = {row.placement_id: terms.end(row.contract_id).until_on for row in moving}
        _steps(actor, move_set, "extended", ends, day=day, query=_LONGER)
        return []
    if move_set.kind == "recall" and terms.final_on is not None:
        finals = {row.placement_id: min(terms.final_on, row.term_until_on) for row in moving}
        _steps(actor, move_set, "recall_pending", finals, day=day)
        return []
    run_id = swap_record(actor=actor, move_set=move_set, swap=found.swap) if move_set.kind == "swap" else None
    ending = Ending(
        statuses=_ENDINGS[move_set.kind], at=at, reason=move_set.words, reason_code=move_set.reason_code, move_set_id=move_set.pk
    )
    placement_ids = [row.placement_id for row in moving if row.placement_id is not None]
    end_placements(actor, placement_ids=placement_ids, ending=ending)
    if run_id is not None:
        return swap_publish(actor=actor, allocation_run_id=run_id, case_count=len(moving), at=at)
    if move_set.kind == "close":
        cases_close(actor=actor, case_ids=[row.case_id for row in moving], on=day, reason=move_set.reason_code)
    return []


def _steps(
    actor: Actor, move_set: PlacementMoveSet, status: str, last_ons: Mapping[int | None, date | None], *, day: date, query: str = ""
) -> None:
    """Write a step in each placement's history, then what follows from it."""
    wanted = {
        "creditor": actor.creditor_id,
        "user": actor.user_id,
        "now": now(),
        "set": move_set.pk,
        "status": status,
        "reason_code": move_set.reason_code,
        "reason": move_set.words,
        "effective_on": day,
        "placements": list(last_ons),
        "last_ons": list(last_ons.values()),
    }
    with connection.cursor() as cursor:
        cursor.execute(_STEPS, wanted)
        if query:
            cursor.execute(query, wanted)

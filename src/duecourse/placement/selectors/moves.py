"""Reading moves: the facts a row is judged by, the sets, and what became of their rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from django.db import connection

from duecourse.kit.errors import Absent
from duecourse.kit.money import BASIS_POINTS
from duecourse.ledger.selectors.rows import dicts
from duecourse.parties.access import Actor
from duecourse.placement.models import PlacementMoveSet
from duecourse.placement.selectors.policies import policies_on
from duecourse.placement.selectors.reasons import move_reasons, verdict_text


class Facts(NamedTuple):
    """What is known of a case and its open placement, as its rows stand at this moment.

    Attributes:
        case_id: the case.
        closed_on: the day it was closed, or None.
        placement_id: its open placement, or None; the fields after it are None then.
        agency_id, batch_id, contract_id: of the placement.
        term_until_on: last day of the term.
        placed_minor: the frozen balance.
        began_at: when the placement began; began_on is the creditor's day.
        began_on: as above.
        seen_transition_id: the newest step of its history.
        status: that step.
        last_on: the final day, when a recall is pending.
        extension_count: how often it was extended.
        is_share_used: it counts already in the batch's share of extensions.
        is_held: a stop on the debtor forbids placing it on the day.
    """

    case_id: int
    closed_on: date | None
    placement_id: int | None
    agency_id: int | None
    batch_id: int | None
    contract_id: int | None
    term_until_on: date | None
    placed_minor: int | None
    began_at: datetime | None
    began_on: date | None
    seen_transition_id: int | None
    status: str | None
    last_on: date | None
    extension_count: int
    is_share_used: bool
    is_held: bool


_FACTS = """
SELECT c.id, c.closed_on, p.id, p.agency_id, p.batch_id, b.contract_id, p.term_until_on, p.placed_minor, lower(p.during),
       (lower(p.during) AT TIME ZONE cr.zone)::date, t.id, t.status, t.last_on, coalesce(e.extension_count, 0),
       coalesce(e.is_share_used, false),
       EXISTS (SELECT 1 FROM portfolio_hold h WHERE h.creditor_id = c.creditor_id AND h.person_id = c.person_id AND h.stops_placement
           AND h.from_on <= %(on)s AND (h.until_on IS NULL OR h.until_on > %(on)s))
FROM unnest(%(cases)s::bigint[]) AS wanted (case_id)
JOIN LATERAL (
    SELECT * FROM portfolio_case c WHERE c.creditor_id = %(creditor)s AND c.id = wanted.case_id LIMIT 1) c ON true
JOIN parties_creditor cr ON cr.id = c.creditor_id
LEFT JOIN LATERAL (
    SELECT * FROM placement_placement p WHERE p.creditor_id = c.creditor_id AND p.case_id = c.id AND upper_inf(p.during) LIMIT 1) p ON true
LEFT JOIN LATERAL (
    SELECT b.contract_id FROM placement_batch b WHERE b.creditor_id = p.creditor_id AND b.id = p.batch_id LIMIT 1) b ON true
LEFT JOIN LATERAL (
    SELECT t.id, t.status, t.last_on FROM placement_placementtransition t
    WHERE t.creditor_id = p.creditor_id AND t.placement_id = p.id ORDER BY t.id DESC LIMIT 1) t ON true
LEFT JOIN LATERAL (
    SELECT count(*) AS extension_count, bool_or(t.reason_code = ANY(%(capped)s)) AS is_share_used FROM placement_placementtransition t
    WHERE t.creditor_id = p.creditor_id AND t.placement_id = p.id AND t.status = 'extended') e ON true
ORDER BY c.id
"""

_SHARES = """
SELECT b.id, b.case_count, count(DISTINCT t.placement_id) FROM placement_batch b
LEFT JOIN placement_placement p ON p.creditor_id = b.creditor_id AND p.batch_id = b.id
LEFT JOIN placement_placementtransition t ON t.creditor_id = p.creditor_id AND t.placement_id = p.id
    AND t.status = 'extended' AND t.reason_code = ANY(%(capped)s)
WHERE b.creditor_id = %(creditor)s AND b.id = ANY(%(batches)s) GROUP BY b.id, b.case_count
"""

_CHOSEN = """
SELECT p.case_id FROM placement_placement p
WHERE p.creditor_id = %(creditor)s AND upper_inf(p.during)
  AND (%(batch)s::bigint IS NULL OR p.batch_id = %(batch)s) AND (%(agency)s::bigint IS NULL OR p.agency_id = %(agency)s)
ORDER BY p.case_id
"""

_ROWS = """
SELECT m.case_id, m.placement_id, m.ground, m.verdict, m.outcome, p.agency_id, p.batch_id, p.term_until_on, p.placed_minor, p.currency
FROM placement_placementmove m
LEFT JOIN placement_placement p ON p.creditor_id = m.creditor_id AND p.id = m.placement_id
WHERE m.creditor_id = %(creditor)s AND m.move_set_id = %(set)s ORDER BY m.case_id
"""

_COUNTS = """
SELECT verdict, outcome, count(*) AS case_count FROM placement_placementmove
WHERE creditor_id = %(creditor)s AND move_set_id = %(set)s GROUP BY 1, 2 ORDER BY 1, 2
"""


_SET_COUNTS = """
SELECT m.move_set_id, count(*) AS case_count, count(*) FILTER (WHERE m.verdict = 'allowed') AS allowed_count,
       count(*) FILTER (WHERE m.outcome = 'applied') AS applied_count, count(*) FILTER (WHERE m.outcome = 'changed') AS changed_count
FROM placement_placementmove m WHERE m.creditor_id = %(creditor)s AND m.move_set_id = ANY(%(sets)s) GROUP BY m.move_set_id
"""

# Sets of others that wait, or were only previewed on the same day, and hold cases of this one.
_RIVALS = """
SELECT s.id AS move_set_id, s.kind, s.state, u.display_name AS asker, count(*) AS case_count
FROM placement_placementmove m
JOIN placement_placementmove o ON o.creditor_id = m.creditor_id AND o.case_id = m.case_id AND o.move_set_id <> m.move_set_id
    AND o.verdict = 'allowed'
JOIN placement_placementmoveset s ON s.creditor_id = o.creditor_id AND s.id = o.move_set_id AND s.state = 'requested'
LEFT JOIN parties_user u ON u.id = s.requested_by
WHERE m.creditor_id = %(creditor)s AND m.move_set_id = %(set)s AND m.verdict = 'allowed'
GROUP BY s.id, s.kind, s.state, u.display_name ORDER BY s.id
"""

_SHARES_OF_SET = """
SELECT b.id AS batch_id, b.code, b.case_count, b.contract_id, count(*) FILTER (WHERE m.verdict = 'allowed') AS allowed_count
FROM placement_placementmove m
JOIN placement_placement p ON p.creditor_id = m.creditor_id AND p.id = m.placement_id
JOIN placement_batch b ON b.creditor_id = p.creditor_id AND b.id = p.batch_id
WHERE m.creditor_id = %(creditor)s AND m.move_set_id = %(set)s GROUP BY b.id, b.code, b.case_count, b.contract_id ORDER BY b.code
"""


def move_facts(*, creditor_id: int, case_ids: Sequence[int], on: date, capped: Sequence[str]) -> list[Facts]:
    """Return what is known of the cases, by case; those that do not exist are left out."""
    wanted = {"creditor": creditor_id, "cases": list(case_ids), "on": on, "capped": list(capped)}
    with connection.cursor() as cursor:
        cursor.execute(_FACTS, wanted)
        return [Facts(*row) for row in cursor.fetchall()]


def shares_used(*, creditor_id: int, batch_ids: Sequence[int], capped: Sequence[str]) -> dict[int, tuple[int, int]]:
    """Return, by batch, how many cases it has and how many of them were extended for a capped reason."""
    wanted = {"creditor": creditor_id, "batches": list(batch_ids), "capped": list(capped)}
    with connection.cursor() as cursor:
        cursor.execute(_SHARES, wanted)
        return {batch_id: (case_count, used_count) for batch_id, case_count, used_count in cursor.fetchall()}


def open_cases(*, creditor_id: int, batch_id: int | None = None, agency_id: int | None = None) -> list[int]:
    """Return the cases with an open placement of a batch, of an agency, or of both."""
    with connection.cursor() as cursor:
        cursor.execute(_CHOSEN, {"creditor": creditor_id, "batch": batch_id, "agency": agency_id})
        return [row[0] for row in cursor.fetchall()]


def access_move_set(actor: Actor, *, move_set_id: int) -> PlacementMoveSet:
    """Return a set of moves that the actor may see; an agency sees those it asked for.

    Raises:
        Absent: there is none for this actor.
    """
    found = PlacementMoveSet.objects.filter(creditor_id=actor.creditor_id, pk=move_set_id).first()
    if found is None:
        raise Absent(entity="set of moves")
    return found


def move_sets(*, creditor_id: int, states: Sequence[str] = ()) -> list[PlacementMoveSet]:
    """Return the sets of moves, the newest first, of all states or of some."""
    found = PlacementMoveSet.objects.filter(creditor_id=creditor_id).order_by("-pk")
    return list(found.filter(state__in=states) if states else found)


def move_rows(*, creditor_id: int, move_set_id: int) -> list[dict[str, Any]]:
    """Return the rows of a set by case: verdict and outcome with their texts (en, zh), agency, batch, term and frozen balance."""
    rows = dicts(_ROWS, creditor=creditor_id, set=move_set_id)
    return [row | dict(zip(("en", "zh"), verdict_text(row["outcome"] or row["verdict"]), strict=True)) for row in rows]


def move_counts(*, creditor_id: int, move_set_id: int) -> list[dict[str, Any]]:
    """Return how many rows of a set have which verdict and outcome, with the text of the one that counts."""
    rows = dicts(_COUNTS, creditor=creditor_id, set=move_set_id)
    return [row | dict(zip(("en", "zh"), verdict_text(row["outcome"] or row["verdict"]), strict=True)) for row in rows]


def move_set_counts(*, creditor_id: int, move_set_ids: Sequence[int]) -> dict[int, dict[str, int]]:
    """Return, by set, case_count, allowed_count, applied_count and changed_count: what its rows are and what became of them."""
    rows = dicts(_SET_COUNTS, creditor=creditor_id, sets=list(move_set_ids))
    return {row.pop("move_set_id"): row for row in rows}


def rival_sets(*, creditor_id: int, move_set_id: int) -> list[dict[str, Any]]:
    """Return the sets of others that wait for a second person and hold cases of this one, with how many."""
    return dicts(_RIVALS, creditor=creditor_id, set=move_set_id)


def extension_shares(*, creditor_id: int, move_set_id: int) -> list[dict[str, Any]]:
    """Return, by batch of a set of extensions, how much of the share that may stay is used and how much this set would use.

    Returns:
        dicts with code, case_count, used_count (extended before for a reason that counts), allowed_count (of this set), cap_count and
        left_count, which is never below zero.
    """
    capped = [reason.code for reason in move_reasons("extend").values() if reason.is_capped]
    move_set = PlacementMoveSet.objects.get(creditor_id=creditor_id, pk=move_set_id)
    rows = dicts(_SHARES_OF_SET, creditor=creditor_id, set=move_set_id)
    used = shares_used(creditor_id=creditor_id, batch_ids=[row["batch_id"] for row in rows], capped=capped)
    policies = policies_on(creditor_id=creditor_id, on=move_set.as_of)
    for row in rows:
        policy = policies.get(row["contract_id"]) or policies[None]
        row["used_count"] = used[row["batch_id"]][1]
        row["cap_count"] = row["case_count"] * policy.extension_share_cap_bp // BASIS_POINTS
        row["left_count"] = max(0, row["cap_count"] - row["used_count"])
    return rows

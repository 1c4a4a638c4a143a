"""How a placement is worked: first contacts that are owed, cases that lie idle, hands that are over, and a batch's rate against its goal.

Attempts and recoveries belong to rooms above; their frames are handed in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pyarrow as pa

from duecourse.engine.frames import conform
from duecourse.kit.money import BASIS_POINTS
from duecourse.ledger.selectors.rows import dicts
from duecourse.placement.selectors.policies import policies_on
from duecourse.portfolio.selectors import left_out

ATTEMPTED = pa.schema([pa.field("case_id", pa.int64(), nullable=False), pa.field("attempted_on", pa.date32(), nullable=False)])
"""One row per attempt, or per case and day with one; days are the creditor's. Attempts of other placements of the case may be there."""

_OPEN = """
SELECT p.id AS placement_id, p.case_id, p.agency_id, p.batch_id, b.code AS batch_code, b.contract_id, p.hand, p.term_until_on, p.placed_minor,
       p.currency, (lower(p.during) AT TIME ZONE cr.zone)::date AS placed_on,
       EXISTS (SELECT 1 FROM portfolio_case c JOIN portfolio_hold h ON h.creditor_id = c.creditor_id AND h.person_id = c.person_id
           WHERE c.creditor_id = p.creditor_id AND c.id = p.case_id AND h.stops_contact
             AND h.from_on <= %(on)s AND (h.until_on IS NULL OR h.until_on > %(on)s)) AS is_stopped
FROM placement_placement p
JOIN placement_batch b ON b.creditor_id = p.creditor_id AND b.id = p.batch_id
JOIN parties_creditor cr ON cr.id = p.creditor_id
WHERE p.creditor_id = %(creditor)s AND upper_inf(p.during) ORDER BY p.case_id
"""

_BATCHES = """
SELECT b.id, b.code, b.currency, b.contract_id, b.placed_on, b.term_until_on, count(p.id) AS case_count,
       count(p.id) FILTER (WHERE upper_inf(p.during)) AS open_count, coalesce(sum(p.placed_minor), 0)::bigint AS placed_minor,
       coalesce(sum(p.placed_minor) FILTER (WHERE p.case_id = ANY(%(uncounted)s)), 0)::bigint AS uncounted_minor
FROM placement_batch b LEFT JOIN placement_placement p ON p.creditor_id = b.creditor_id AND p.batch_id = b.id
WHERE b.creditor_id = %(creditor)s AND b.id = ANY(%(batches)s) GROUP BY b.id
"""

_MOVED = """
SELECT p.batch_id, count(DISTINCT p.id) FILTER (WHERE t.status = 'extended') AS extended_count,
       count(DISTINCT p.id) FILTER (WHERE t.status = 'recall_pending' AND upper_inf(p.during) AND NOT EXISTS (
           SELECT 1 FROM placement_placementtransition n
           WHERE n.creditor_id = t.creditor_id AND n.placement_id = t.placement_id AND n.id > t.id)) AS pending_count
FROM placement_placementtransition t
JOIN placement_placement p ON p.creditor_id = t.creditor_id AND p.id = t.placement_id
WHERE t.creditor_id = %(creditor)s AND t.status IN ('extended', 'recall_pending') AND p.batch_id = ANY(%(batches)s) GROUP BY p.batch_id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRate:
    """How much of a batch has come in, against its goal and its term.

    Attributes:
        batch_id, code, currency: the batch.
        placed_on, term_until_on: its term; extensions of single cases do not move it.
        case_count, open_count, extended_count, pending_count: placements of it, those open, ever extended, with a recall pending.
        placed_minor: what was frozen when it was placed; the denominator of the contract's rate.
        counted_minor: that, less the cases a stop takes out of live rates on the day.
        recovered_minor: what came in, all cases counted.
        rate_bp: recovered of counted, in basis points, rounded down; None when nothing is counted.
        contract_rate_bp: recovered of placed, the same way.
        goal_rate_bp: the policy's goal at the end of the term, or None.
        elapsed_bp: share of the term's days that are over, the day included.
        pace_rate_bp: the goal times that share: where a batch on an even pace would be, or None.
    """

    batch_id: int
    code: str
    currency: str
    placed_on: date
    term_until_on: date
    case_count: int
    open_count: int
    extended_count: int
    pending_count: int
    placed_minor: int
    counted_minor: int
    recovered_minor: int
    rate_bp: int | None
    contract_rate_bp: int | None
    goal_rate_bp: int | None
    elapsed_bp: int
    pace_rate_bp: int | None


def first_contact_owed(*, creditor_id: int, on: date, attempted: pa.Table) -> list[dict[str, Any]]:
    """Return the open placements without an attempt since they began whose days for a first one are over, the longest owed first.

    Args:
        creditor_id: the tenant.
        on: the creditor's day.
        attempted: ATTEMPTED.

    Returns:
        dicts with placement_id, case_id, agency_id, batch_id, batch_code, hand, placed_on, term_until_on, placed_minor, currency, owed_on
        (the last day for a first attempt) and late_days. A case under a stop of contact is not there: nobody may call it.
    """
    policies = policies_on(creditor_id=creditor_id, on=on)
    days = _days(attempted)
    found = []
    for row in _open(creditor_id, on):
        policy = policies.get(row["contract_id"]) or policies[None]
        owed_on = row["placed_on"] + timedelta(days=policy.first_contact_days)
        if owed_on < on and not row["is_stopped"] and max(days.get(row["case_id"], [date.min])) < row["placed_on"]:
            found.append(_shown(row) | {"owed_on": owed_on, "late_days": (on - owed_on).days})
    return sorted(found, key=lambda row: (-row["late_days"], row["case_id"]))


def idle_placements(*, creditor_id: int, on: date, attempted: pa.Table) -> list[dict[str, Any]]:
    """Return the open placements without an attempt in the policy's days, the longest idle first; candidates for a recall.

    Returns:
        dicts as `first_contact_owed`, with last_on (the newest attempt since the placement began, or None) and idle_days, counted from
        it or from the placement's first day. A case under a stop of contact is not idle.
    """
    policies = policies_on(creditor_id=creditor_id, on=on)
    days = _days(attempted)
    found = []
    for row in _open(creditor_id, on):
        policy = policies.get(row["contract_id"]) or policies[None]
        since = [day for day in days.get(row["case_id"], ()) if row["placed_on"] <= day <= on]
        idle_days = (on - max(since, default=row["placed_on"])).days
        if idle_days > policy.idle_days and not row["is_stopped"]:
            found.append(_shown(row) | {"last_on": max(since, default=None), "idle_days": idle_days})
    return sorted(found, key=lambda row: (-row["idle_days"], row["case_id"]))


def rotation_due(*, creditor_id: int, on: date) -> list[dict[str, Any]]:
    """Return the open placements whose days with this hand are over by the policy: recalled, they are placed anew with the next hand.

    Returns:
        dicts as `first_contact_owed`, with due_on (the first day after them), next_hand and rotation_days; in order of case.
    """
    policies = policies_on(creditor_id=creditor_id, on=on)
    found = []
    for row in _open(creditor_id, on):
        days = (policies.get(row["contract_id"]) or policies[None]).rotation_days_of(row["hand"])
        due_on = row["placed_on"] + timedelta(days=days)
        if due_on <= on:
            found.append(_shown(row) | {"due_on": due_on, "next_hand": row["hand"] + 1, "rotation_days": days})
    return found


def batch_rates(*, creditor_id: int, batch_ids: Sequence[int], on: date, recovered: Mapping[int, int]) -> dict[int, BatchRate]:
    """Return the live rates of batches against their goals and terms, in as many queries as for one.

    Args:
        creditor_id: the tenant.
        batch_ids: the batches; one that is not there for this actor is left out.
        on: the creditor's day.
        recovered: per batch what came in up to the day, minor units, net of reversals; a batch without money may be missing.

    Live rates steer and do not settle: commission goes by the contract's denominator, which a stop never touches.
    """
    uncounted = [row["case_id"] for row in left_out(creditor_id=creditor_id, on=on).to_pylist() if not row["counts_in_rate"]]
    wanted = {"creditor": creditor_id, "batches": list(batch_ids)}
    batches = dicts(_BATCHES, uncounted=uncounted, **wanted)
    moved = {row["batch_id"]: row for row in dicts(_MOVED, **wanted)}
    policies = {day: policies_on(creditor_id=creditor_id, on=day) for day in {row["placed_on"] for row in batches}}
    found = {}
    for row in batches:
        policy = policies[row["placed_on"]]
        goal_bp = (policy.get(row["contract_id"]) or policy[None]).goal_rate_bp
        counts = moved.get(row["id"], {"extended_count": 0, "pending_count": 0})
        found[row["id"]] = _rate(row, counts=counts, goal_bp=goal_bp, recovered_minor=recovered.get(row["id"], 0), on=on)
    return found


def _rate(row: Mapping[str, Any], *, counts: Mapping[str, Any], goal_bp: int | None, recovered_minor: int, on: date) -> BatchRate:
    counted_minor = row["placed_minor"] - row["uncounted_minor"]
    term_days = (row["term_until_on"] - row["placed_on"]).days + 1
    elapsed_bp = min(max((on - row["placed_on"]).days + 1, 0), term_days) * BASIS_POINTS // term_days
    return BatchRate(
        batch_id=row["id"],
        code=row["code"],
        currency=row["currency"],
        placed_on=row["placed_on"],
        term_until_on=row["term_until_on"],
        case_count=row["case_count"],
        open_count=row["open_count"],
        extended_count=counts["extended_count"],
        pending_count=counts["pending_count"],
        placed_minor=row["placed_minor"],
        counted_minor=counted_minor,
        recovered_minor=recovered_minor,
        rate_bp=recovered_minor * BASIS_POINTS // counted_minor if counted_minor else None,
        contract_rate_bp=recovered_minor * BASIS_POINTS // row["placed_minor"] if row["placed_minor"] else None,
        goal_rate_bp=goal_bp,
        elapsed_bp=elapsed_bp,
        pace_rate_bp=None if goal_bp is None else goal_bp * elapsed_bp // BASIS_POINTS,
    )


def _open(creditor_id: int, on: date) -> list[dict[str, Any]]:
    return dicts(_OPEN, creditor=creditor_id, on=on)


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in ("is_stopped", "contract_id")}


def _days(attempted: pa.Table) -> dict[int, list[date]]:
    frame = conform(attempted, ATTEMPTED, name="ATTEMPTED")
    found: dict[int, list[date]] = {}
    for case_id, day in zip(frame["case_id"].to_pylist(), frame["attempted_on"].to_pylist(), strict=True):
        found.setdefault(case_id, []).append(day)
    return found

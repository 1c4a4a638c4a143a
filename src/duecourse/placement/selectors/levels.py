"""How a placement is worked: first contacts that are owed, cases that lie idle, hands that are over, and a batch's rate against its goal.

Attempts and recoveries belong to rooms above; their frames are handed in.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pyarrow as pa

from duecourse.engine.frames import conform
from duecourse.kit.errors import Absent
from duecourse.kit.money import BASIS_POINTS
from duecourse.ledger.selectors.rows import dicts
from duecourse.placement.models import Batch
from duecourse.placement.selectors.policies import policies_on
from duecourse.portfolio.selectors import left_out

ATTEMPTED = pa.schema([pa.field("case_id", pa.int64(), nullable=False), pa.field("attempted_on", pa.date32(), nullable=False)])
"""One row per attempt, or per case and day with one; days are the creditor's. Attempts of other placements of the case may be there."""

RECOVERED = pa.schema([pa.field("placement_id", pa.int64(), nullable=False), pa.field("recovered_minor", pa.int64(), nullable=False)])
"""What came in for a placement, net of reversals; one row per placement, or several that are added."""

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

_OF_BATCH = """
SELECT p.id, p.case_id, p.placed_minor, upper_inf(p.during) AS is_open, t.status, e.extended_count
FROM placement_placement p
JOIN LATERAL (
    SELECT t.status FROM placement_placementtransition t
    WHERE t.creditor_id = p.creditor_id AND t.placement_id = p.id ORDER BY t.id DESC LIMIT 1) t ON true
JOIN LATERAL (
    SELECT count(*) AS extended_count FROM placement_placementtransition t
    WHERE t.creditor_id = p.creditor_id AND t.placement_id = p.id AND t.status = 'extended') e ON true
WHERE p.creditor_id = %(creditor)s AND p.batch_id = %(batch)s ORDER BY p.id
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


def batch_rates(*, creditor_id: int, batch_id: int, on: date, recovered: pa.Table) -> BatchRate:
    """Return a batch's live rate against its goal and its term.

    Args:
        creditor_id: the tenant.
        batch_id: the batch.
        on: the creditor's day.
        recovered: RECOVERED up to the day; placements of other batches may be there.

    Live rates steer and do not settle: commission goes by the contract's denominator, which a stop never touches.

    Raises:
        Absent: there is no such batch for this actor.
    """
    batch = Batch.objects.filter(creditor_id=creditor_id, pk=batch_id).first()
    if batch is None:
        raise Absent(entity="batch")
    rows = dicts(_OF_BATCH, creditor=creditor_id, batch=batch_id)
    stopped = left_out(creditor_id=creditor_id, on=on).to_pylist()
    uncounted = {row["case_id"] for row in stopped if not row["counts_in_rate"]}
    own = {row["id"] for row in rows}
    frame = conform(recovered.select(RECOVERED.names), RECOVERED, name="RECOVERED")
    came_in = zip(frame["placement_id"].to_pylist(), frame["recovered_minor"].to_pylist(), strict=True)
    recovered_minor = sum(amount for placement_id, amount in came_in if placement_id in own)
    placed_minor = sum(row["placed_minor"] for row in rows)
    counted_minor = sum(row["placed_minor"] for row in rows if row["case_id"] not in uncounted)
    policies = policies_on(creditor_id=creditor_id, on=batch.placed_on)
    goal_bp = (policies.get(batch.contract_id) or policies[None]).goal_rate_bp
    term_days = (batch.term_until_on - batch.placed_on).days + 1
    elapsed_bp = min(max((on - batch.placed_on).days + 1, 0), term_days) * BASIS_POINTS // term_days
    return BatchRate(
        batch_id=batch.pk,
        code=batch.code,
        currency=batch.currency,
        placed_on=batch.placed_on,
        term_until_on=batch.term_until_on,
        case_count=len(rows),
        open_count=sum(row["is_open"] for row in rows),
        extended_count=sum(row["extended_count"] > 0 for row in rows),
        pending_count=sum(row["is_open"] and row["status"] == "recall_pending" for row in rows),
        placed_minor=placed_minor,
        counted_minor=counted_minor,
        recovered_minor=recovered_minor,
        rate_bp=recovered_minor * BASIS_POINTS // counted_minor if counted_minor else None,
        contract_rate_bp=recovered_minor * BASIS_POINTS // placed_minor if placed_minor else None,
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

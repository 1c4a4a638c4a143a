"""Reading allocations: the rows that were decided on, and the preview a second person decides by."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from duecourse.engine.allocation import REASONS
from duecourse.kit.errors import Absent
from duecourse.ledger.selectors.rows import dicts, frame
from duecourse.parties.access import Actor
from duecourse.placement.models import AllocationRun
from duecourse.placement.selectors.terms import obstacles
from duecourse.portfolio.selectors import stop_text

STORED_ROWS = pa.schema(
    [
        pa.field("case_id", pa.int64(), nullable=False),
        pa.field("agency_id", pa.int64()),
        pa.field("contract_version_id", pa.int64()),
        pa.field("segment_key", pa.string(), nullable=False),
        pa.field("hand", pa.int16(), nullable=False),
        pa.field("days_past_due", pa.int32(), nullable=False),
        pa.field("balance_minor", pa.int64(), nullable=False),
        pa.field("currency", pa.string(), nullable=False),
        pa.field("expected_recovered_minor", pa.int64(), nullable=False),
        pa.field("is_random_slice", pa.bool_(), nullable=False),
        pa.field("draw_share", pa.float64()),
        pa.field("propensity_share", pa.float64()),
        pa.field("feasible_agency_ids", pa.string(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
    ]
)
"""What is stored of each case; `feasible_agency_ids` is a JSON list in ascending order. Its digest by case_id is the run's rows_hash."""

ALREADY_PLACED = "already_placed"
HOLD_PREFIX = "hold_"
_LOADS = ("cap_count", "cap_minor", "reserved_count", "shortfall_count")
_OWN_REASONS = {ALREADY_PLACED: ("It is with an agency already.", "案件已在委案中。")}
_HOLDS = {
    "dispute": ("The debtor disputes the debt.", "债务人提出异议，停止委案。"),
    "complaint": ("A complaint is open.", "有未结投诉，停止委案。"),
    "deceased": ("The debtor has died.", "债务人死亡，停止委案。"),
    "bankrupt": ("The debtor is bankrupt.", "债务人破产，停止委案。"),
    "stop_list": ("It is on the stop list.", "列入停催名单。"),
    "paid_already": ("It is said to be paid already.", "称已还清，核实中。"),
    "hardship": ("The debtor is in hardship.", "困难帮扶中，停止委案。"),
}

_COLUMNS = ", ".join(f"{name}::text" if name == "feasible_agency_ids" else name for name in STORED_ROWS.names)
_STORED = f"""
SELECT {_COLUMNS} FROM placement_allocationrow WHERE creditor_id = %(creditor)s AND allocation_run_id = %(run)s ORDER BY case_id
"""  # noqa: S608 - names of columns

_AGENCIES = """
SELECT a.id AS agency_id, a.code, a.name, a.kind, min(v.contract_id) AS contract_id, coalesce(min(r.currency), %(currency)s) AS currency,
       count(r.id) AS case_count, coalesce(sum(r.balance_minor), 0)::bigint AS balance_minor,
       coalesce(sum(r.expected_recovered_minor), 0)::bigint AS expected_recovered_minor,
       count(*) FILTER (WHERE r.is_random_slice) AS slice_count
FROM parties_agency a
LEFT JOIN placement_allocationrow r ON r.creditor_id = a.creditor_id AND r.agency_id = a.id AND r.allocation_run_id = %(run)s
LEFT JOIN parties_contractversion v ON v.creditor_id = r.creditor_id AND v.id = r.contract_version_id
WHERE a.creditor_id = %(creditor)s AND a.id = ANY(%(agencies)s) GROUP BY a.id, a.code, a.name, a.kind ORDER BY a.code
"""

_REASONS = """
SELECT (agency_id IS NULL) AS is_left_out, reason, currency, count(*) AS case_count, sum(balance_minor)::bigint AS balance_minor
FROM placement_allocationrow WHERE creditor_id = %(creditor)s AND allocation_run_id = %(run)s
GROUP BY 1, 2, 3 ORDER BY 1, 4 DESC, 2, 3
"""

_WITHHELD = """
SELECT count(*) AS case_count FROM placement_allocationrow r
WHERE r.creditor_id = %(creditor)s AND r.allocation_run_id = %(run)s AND r.agency_id IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM placement_placement p JOIN placement_batch b ON b.creditor_id = p.creditor_id AND b.id = p.batch_id
    WHERE p.creditor_id = r.creditor_id AND p.case_id = r.case_id AND b.allocation_run_id = r.allocation_run_id)
"""


def access_allocation(actor: Actor, *, allocation_run_id: int) -> AllocationRun:
    """Return an allocation that the actor may see; agencies see none.

    Raises:
        Absent: there is none for this actor.
    """
    found = None if actor.is_agency else AllocationRun.objects.filter(creditor_id=actor.creditor_id, pk=allocation_run_id).first()
    if found is None:
        raise Absent(entity="allocation")
    return found


def allocation_rows_frame(*, creditor_id: int, allocation_run_id: int) -> pa.Table:
    """Return what was decided of each case, as STORED_ROWS in order of case_id."""
    return frame(_STORED, creditor=creditor_id, run=allocation_run_id, schema=STORED_ROWS)


def reason_text(reason: str) -> tuple[str, str]:
    """Return what a reason of an allocation row means, in English and in Chinese; a reason without a text stands for itself."""
    if reason.startswith(HOLD_PREFIX):
        kind = reason.removeprefix(HOLD_PREFIX)
        return _HOLDS.get(kind) or stop_text(kind) or (f"A hold stops it: {kind}.", f"停止委案：{kind}。")
    return _OWN_REASONS.get(reason) or REASONS.get(reason) or (reason, reason)


def allocation_preview(*, creditor_id: int, allocation_run_id: int) -> dict[str, Any]:
    """Return what a second person needs to decide on an allocation; everything in it can be written as JSON.

    Returns:
        The run's facts; `agencies` with cases, amounts by currency, expected recovery, cases of the random slice, and load against cap;
        `reasons` of the cases placed and `left_out` of those that are not, each with texts in both languages (en, zh), count and amounts;
        `barriers`, how often each agency could not take a case left out, and why; `gap` between the plan and the bound of its linear
        relaxation; `obstacles` that would refuse publication on the run's own day; and `withheld_count`, the cases approved and not
        placed, once it is published.

    Raises:
        Absent: there is no such allocation.
    """
    run = AllocationRun.objects.filter(creditor_id=creditor_id, pk=allocation_run_id).first()
    if run is None:
        raise Absent(entity="allocation")
    summary, currency = run.summary, run.policy["currency"]
    loads = {load["agency_id"]: load for load in summary["loads"]}
    wanted = {"creditor": creditor_id, "run": run.pk, "currency": currency, "agencies": list(loads)}
    agencies = dicts(_AGENCIES, **wanted)
    reasons = dicts(_REASONS, **wanted)
    contracts = [(row["agency_id"], row["code"], row["contract_id"]) for row in agencies if row["case_count"]]
    return {
        "allocation_run_id": run.pk,
        "state": run.state,
        "as_of": run.as_of.isoformat(),
        "proposed_by": run.proposed_by,
        "rows_hash": run.rows_hash,
        "inputs_hash": run.inputs_hash,
        "commitment": run.commitment,
        "policy": run.policy,
        "case_count": sum(row["case_count"] for row in reasons),
        "placed_count": sum(row["case_count"] for row in agencies),
        "placed_minor": _amounts(agencies),
        "slice_count": sum(row["slice_count"] for row in agencies),
        "agencies": [row | {name: loads[row["agency_id"]][name] for name in _LOADS} for row in agencies],
        "reasons": _by_reason([row for row in reasons if not row["is_left_out"]]),
        "left_out": _by_reason([row for row in reasons if row["is_left_out"]]),
        "left_out_count": sum(row["case_count"] for row in reasons if row["is_left_out"]),
        "barriers": [_said(row) for row in summary["barriers"]],
        "gap": {name: summary[name] for name in ("plan_value_minor", "bound_minor", "gap_share", "value_minor")},
        "propensity_is_exact": summary["propensity_is_exact"],
        "obstacles": obstacles(creditor_id=creditor_id, contracts=contracts, on=run.as_of, currency=currency),
        "withheld_count": dicts(_WITHHELD, **wanted)[0]["case_count"] if run.state == "published" else 0,
    }


def _said(row: dict[str, Any]) -> dict[str, Any]:
    english, chinese = reason_text(row["reason"])
    return row | {"en": english, "zh": chinese}


def _amounts(rows: list[dict[str, Any]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for row in rows:
        found[row["currency"]] = found.get(row["currency"], 0) + row["balance_minor"]
    return found


def _by_reason(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["reason"], []).append(row)
    return [
        _said({"reason": reason, "case_count": sum(row["case_count"] for row in same), "amounts_minor": _amounts(same)})
        for reason, same in found.items()
    ]

"""Everything the last allocation left out, and why: a list one can open. Call inside `acting(...)`; agencies see none."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from duecourse.ledger.selectors.rows import dicts
from duecourse.placement.selectors.pages import ALLOCATION_ROWS
from duecourse.placement.selectors.runs import reason_text

LEFT_OUT_PAGE = replace(
    ALLOCATION_ROWS,
    select=ALLOCATION_ROWS.select + ", coalesce(w.text, r.reason) AS reason_text",
    source=ALLOCATION_ROWS.source + " LEFT JOIN unnest(%(reasons)s::text[], %(texts)s::text[]) AS w (reason, text) ON w.reason = r.reason",
    always="r.creditor_id = %(creditor_id)s AND r.allocation_run_id = %(run)s::bigint AND r.agency_id IS NULL",
    wheres=ALLOCATION_ROWS.wheres | {"number": "n.number = %(number)s"},
)
"""The cases an allocation gave to nobody; its parameters are `run`, the allocation, and what its `reasons` are called, `texts`."""

_NEWEST = """
SELECT id AS allocation_run_id, as_of, state FROM placement_allocationrun
WHERE creditor_id = %(creditor)s AND run_id <> 0 AND state <> 'rejected' ORDER BY id DESC LIMIT 1
"""
_BY_REASON = """
SELECT reason, currency, count(*) AS case_count, sum(balance_minor)::bigint AS balance_minor FROM placement_allocationrow
WHERE creditor_id = %(creditor)s AND allocation_run_id = %(run)s AND agency_id IS NULL GROUP BY reason, currency ORDER BY 3 DESC, 1, 2
"""


def newest_allocation(*, creditor_id: int) -> dict[str, Any] | None:
    """Return the newest allocation of a month that was not rejected, as {allocation_run_id, as_of, state}, or None before the first."""
    found = dicts(_NEWEST, creditor=creditor_id)
    return found[0] if found else None


def left_out_by_reason(*, creditor_id: int, allocation_run_id: int) -> list[dict[str, Any]]:
    """Return {reason, en, zh, currency, case_count, balance_minor} of what an allocation left out, the most frequent first."""
    rows = dicts(_BY_REASON, creditor=creditor_id, run=allocation_run_id)
    return [row | dict(zip(("en", "zh"), reason_text(row["reason"]), strict=True)) for row in rows]

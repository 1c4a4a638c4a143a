"""Regulatory classes and states of charge-off of what is owed, by product. Call inside `acting(...)`."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import Any

import pyarrow as pa

from duecourse.engine.classification import charge_off_states, classes
from duecourse.ledger.selectors.rows import dicts, frame

_NEWEST = """
SELECT step_run_id, as_of FROM portfolio_snapshot WHERE creditor_id = %(creditor)s
ORDER BY step_run_id DESC LIMIT 1
"""
_GROUPS = pa.schema(
    [
        pa.field("product_class", pa.string(), nullable=False),
        pa.field("currency", pa.string(), nullable=False),
        pa.field("days_past_due", pa.int64(), nullable=False),
        pa.field("charged_off_on", pa.date32()),
        pa.field("account_count", pa.int64(), nullable=False),
        pa.field("balance_minor", pa.int64(), nullable=False),
    ]
)
_GROUPED = """
SELECT a.product_class, s.currency, s.days_past_due::bigint, a.charged_off_on, count(*), sum(s.balance_minor)::bigint
FROM portfolio_snapshot s JOIN portfolio_account a ON a.creditor_id = s.creditor_id AND a.id = s.account_id
WHERE s.creditor_id = %(creditor)s AND s.step_run_id = %(step_run)s
GROUP BY a.product_class, s.currency, s.days_past_due, a.charged_off_on
"""


def newest_ageing(*, creditor_id: int) -> tuple[int, date] | None:
    """Return (step_run_id, as_of) of the newest execution of the ageing step, or None before the first."""
    found = dicts(_NEWEST, creditor=creditor_id)
    return (found[0]["step_run_id"], found[0]["as_of"]) if found else None


def classified(*, creditor_id: int, step_run_id: int, on: date) -> list[dict[str, Any]]:
    """Return what the accounts of one execution of the ageing step owe, by product, class, state of charge-off and currency.

    Args:
        creditor_id: the creditor that is open.
        step_run_id: the execution.
        on: the day whose tables of classes count.

    Returns:
        {product_class, class, state, currency, account_count, balance_minor}, ordered by product, currency, class and state; class and
        state are codes of `engine.classification`.

    Guarantees: counts and balances sum to those of the execution.
    """
    table = frame(_GROUPED, schema=_GROUPS, creditor=creditor_id, step_run=step_run_id)
    named = classes(table["product_class"], table["days_past_due"], on=on)
    states = charge_off_states(table["product_class"], table["days_past_due"], table["charged_off_on"], on=on)
    sums: dict[tuple[str, str, str, str], list[int]] = defaultdict(lambda: [0, 0])
    for row, name, state in zip(table.to_pylist(), named.to_pylist(), states.to_pylist(), strict=True):
        key = (row["product_class"], row["currency"], name, state)
        sums[key][0] += row["account_count"]
        sums[key][1] += row["balance_minor"]
    return [
        {"product_class": product, "currency": code, "class": name, "state": state, "account_count": count, "balance_minor": amount}
        for (product, code, name, state), (count, amount) in sorted(sums.items())
    ]

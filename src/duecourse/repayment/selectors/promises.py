"""How promises were kept."""

from __future__ import annotations

from datetime import date

from duecourse.ledger.selectors.rows import dicts

_COUNTS = """
SELECT coalesce(o.outcome, 'open') AS outcome, count(*) AS count FROM repayment_promise p
LEFT JOIN repayment_promiseoutcome o ON o.creditor_id = p.creditor_id AND o.promise_id = p.id
WHERE p.creditor_id = %(creditor)s AND p.due_on BETWEEN %(first)s AND %(last)s GROUP BY 1
"""


def promise_counts(*, creditor_id: int, first_on: date, last_on: date) -> dict[str, int]:
    """Return how many promises due in a span of days, both included, were kept, part_kept, broken, or are open."""
    found = {row["outcome"]: row["count"] for row in dicts(_COUNTS, creditor=creditor_id, first=first_on, last=last_on)}
    return {outcome: found.get(outcome, 0) for outcome in ("kept", "part_kept", "broken", "open")}

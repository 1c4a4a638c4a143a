"""The few figures of a month that say how it goes, to be held beside those of the month before."""

from __future__ import annotations

from datetime import date
from typing import Any

from duecourse.kit.calendar import day_bounds, days_anywhere
from duecourse.ledger.selectors.rows import dicts

_FIGURES = """
SELECT (SELECT coalesce(sum(b.case_count), 0)::bigint FROM placement_batch b
        WHERE b.creditor_id = %(creditor)s AND b.placed_on BETWEEN %(first)s AND %(last)s) AS placed_count,
       (SELECT coalesce(sum(b.placed_minor), 0)::bigint FROM placement_batch b
        WHERE b.creditor_id = %(creditor)s AND b.currency = %(currency)s AND b.placed_on BETWEEN %(first)s AND %(last)s) AS placed_minor,
       (SELECT coalesce(sum(t.amount_minor), 0)::bigint FROM repayment_attribution t
        WHERE t.creditor_id = %(creditor)s AND t.currency = %(currency)s AND t.recognised_on BETWEEN %(first)s AND %(last)s) AS recovered_minor,
       (SELECT count(*) FROM contact_refusal r
        WHERE r.creditor_id = %(creditor)s AND r.contact_at >= %(from_at)s AND r.contact_at < %(until_at)s) AS refusal_count,
       (SELECT count(*) FROM contact_attempt a
        WHERE a.creditor_id = %(creditor)s AND a.local_on BETWEEN %(first_anywhere_on)s AND %(last_anywhere_on)s AND a.is_connected
            AND a.started_at >= %(from_at)s AND a.started_at < %(until_at)s) AS connected_count,
       (SELECT count(*) FROM care_complaint c
        WHERE c.creditor_id = %(creditor)s AND c.received_on BETWEEN %(first)s AND %(last)s) AS complaint_count
"""


def month_figures(*, creditor_id: int, currency: str, zone: str, first_on: date, last_on: date) -> dict[str, Any]:
    """Return what happened in a span of the creditor's days, both included.

    Returns:
        placed_count and placed_minor (batches placed), recovered_minor (recognised for placements, net of reversals), refusal_count,
        connected_count (calls in which somebody was reached) and complaint_count; amounts of one currency.
    """
    instants = {"from_at": day_bounds(first_on, zone)[0], "until_at": day_bounds(last_on, zone)[1]}
    instants["first_anywhere_on"], instants["last_anywhere_on"] = days_anywhere(instants["from_at"], instants["until_at"])
    return dicts(_FIGURES, creditor=creditor_id, currency=currency, first=first_on, last=last_on, **instants)[0]

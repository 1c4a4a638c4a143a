"""Recoveries: what counts for which placement, for evaluation and for commission."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pyarrow as pa

from duecourse.engine.commission import ATTRIBUTED
from duecourse.ledger.selectors.rows import frame

_LONG = pa.int64()
RECOVERED = pa.schema(
    [
        pa.field("placement_id", _LONG, nullable=False),
        pa.field("recovered_minor", _LONG, nullable=False),
        pa.field("paid", pa.bool_(), nullable=False),
    ]
)
"""What was recovered for a placement in a span of days, net of reversals; `paid` when that is above zero."""

ATTRIBUTIONS = pa.schema(
    [
        *ATTRIBUTED,
        pa.field("attribution_id", _LONG, nullable=False),
        pa.field("batch_id", _LONG, nullable=False),
        pa.field("contract_id", _LONG, nullable=False),
        pa.field("contract_version_id", _LONG, nullable=False),
        pa.field("recognised_on", pa.date32(), nullable=False),
    ]
)
"""engine.commission.ATTRIBUTED, and where it comes from. `measure_key` is the batch's number as text."""

_RECOVERED = """
SELECT placement_id, sum(amount_minor)::bigint, sum(amount_minor) > 0 FROM repayment_attribution
WHERE creditor_id = %(creditor)s AND (%(first)s::date IS NULL OR recognised_on >= %(first)s) AND recognised_on <= %(last)s
GROUP BY placement_id ORDER BY placement_id
"""
_ATTRIBUTIONS = """
SELECT t.payment_id, y.reverses_id, t.placement_id, p.batch_id::text, a.product_class, p.days_past_due, p.hand, t.currency, t.amount_minor,
       t.id, p.batch_id, v.contract_id, p.contract_version_id, t.recognised_on
FROM repayment_attribution t
JOIN repayment_payment y ON y.creditor_id = t.creditor_id AND y.id = t.payment_id
JOIN placement_placement p ON p.creditor_id = t.creditor_id AND p.id = t.placement_id
JOIN parties_contractversion v ON v.creditor_id = p.creditor_id AND v.id = p.contract_version_id
JOIN portfolio_account a ON a.creditor_id = t.creditor_id AND a.id = t.account_id
WHERE t.creditor_id = %(creditor)s AND t.recognised_on <= %(last)s
  AND (%(first)s::date IS NULL OR t.recognised_on >= %(first)s) AND (%(contract)s::bigint IS NULL OR v.contract_id = %(contract)s)
  AND (%(chosen)s::bigint[] IS NULL OR t.id = ANY(%(chosen)s))
ORDER BY t.payment_id
"""


def recovered_frame(*, creditor_id: int, last_on: date, first_on: date | None = None) -> pa.Table:
    """Return RECOVERED of the placements with recoveries recognised in a span of days, both included; None begins at the first one ever."""
    return frame(_RECOVERED, schema=RECOVERED, creditor=creditor_id, first=first_on, last=last_on)


def attributions_frame(
    *,
    creditor_id: int,
    last_on: date,
    first_on: date | None = None,
    contract_id: int | None = None,
    attribution_ids: Sequence[int] | None = None,
) -> pa.Table:
    """Return ATTRIBUTIONS recognised in a span of days, both included, of one contract or all, in order of payment; or only those chosen."""
    window = {"creditor": creditor_id, "first": first_on, "last": last_on, "contract": contract_id}
    chosen = None if attribution_ids is None else list(attribution_ids)
    return frame(_ATTRIBUTIONS, schema=ATTRIBUTIONS, chosen=chosen, **window)

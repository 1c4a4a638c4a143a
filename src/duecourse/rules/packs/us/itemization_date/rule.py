"""The debt is itemized as of one of five dates, and of one only.

Regulation F, 12 CFR 1006.34(b)(3) and its official interpretations: the reference date of a validation notice is the date of the
last statement, of charge-off, of the last payment, of the transaction, or of the judgment. Whichever is chosen is used for
everything in the notice that is told as of that date. A later collector is not bound by the date an earlier one chose.

How we read it:

- The list is closed: the day of placement, of default or of the letter is none of the five.
- Two of the five that fall on one day are one date; two different ones in one notice are not.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the notice rests on none of the five dates, or on more than one."""
    kinds = (
        facts.is_itemized_at_last_statement
        + facts.is_itemized_at_charge_off
        + facts.is_itemized_at_last_payment
        + facts.is_itemized_at_transaction
        + facts.is_itemized_at_judgment
    )
    return (values.is_required == 1) & ((kinds == 0) | (facts.is_itemization_date_one == 0))

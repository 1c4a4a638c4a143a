"""Nobody is pressed to pay at once, too much, or with borrowed money.

CONC 7.3.10R: a customer must not be pressed to pay in one, in few or in unreasonably large sums or within an unreasonably short time, nor
to sell property or to borrow in order to pay.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the customer is pressed in one of these ways."""
    return ((facts.is_pressed_for_large_or_fast_payment == 1) | (facts.is_pressed_to_sell_or_borrow == 1)) & (values.is_barred == 1)

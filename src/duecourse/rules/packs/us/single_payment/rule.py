"""A single payment never goes to a disputed debt, and follows the consumer's direction.

Regulation F, 12 CFR 1006.30(c): where a consumer owes several debts and makes one payment, the collector applies none of it to a debt the
consumer disputes and, where applicable, applies it as the consumer directed.

How we read it:

- Any part, however small, is too much.
- The bar on disputed debts holds even against a direction, as the text sets no exception.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether a part goes to a disputed debt, or elsewhere than directed."""
    return (values.is_required == 1) & (
        (facts.disputed_part_minor > 0) | ((facts.is_payment_directed == 1) & (facts.undirected_part_minor > 0))
    )

"""A statute-barred debt is not pressed for.

CONC 7.15.4R to 7.15.8R: no pursuit where there was no regular contact in the limitation period, or where the customer says they will not
pay because the debt is barred. Remembered, not seen. Disabled.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether payment of a statute-barred debt is asked for."""
    return (facts.is_statute_barred == 1) & (facts.is_payment_asked == 1) & (values.is_barred == 1)

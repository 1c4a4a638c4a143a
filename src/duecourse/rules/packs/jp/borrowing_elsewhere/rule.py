"""Nobody is pressed to borrow elsewhere in order to repay.

Money Lending Business Act, article 21(1)(vi). Remembered, not seen. Disabled.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the debtor is pressed to borrow elsewhere."""
    return (facts.is_pressed_to_borrow == 1) & (values.is_barred == 1)

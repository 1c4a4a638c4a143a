"""A debtor who rejects an agency's conduct and turns to the institution is dealt with there.

Outsourcing regulations, article 16, item 3 (2006): for breaches of article 14.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the debtor was turned away."""
    return (facts.is_debtor_turning_to_creditor == 1) & (facts.is_dealt_with_by_creditor == 0) & (values.is_required == 1)

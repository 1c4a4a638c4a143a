"""Collectors of cards are not paid by recovered money alone.

Measures on credit cards, article 66: no single commission on recovered amounts for collection staff.

How we read it:

- The article speaks of people; contingency fees to agencies are another matter.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether this is so: recovered money is the single measure."""
    return (facts.is_paid_by_recovery_alone > 0) & (values.is_barred > 0)

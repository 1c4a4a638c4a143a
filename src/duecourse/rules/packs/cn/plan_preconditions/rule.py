"""A plan is made where the debt exceeds the ability to pay and the cardholder is willing.

Measures on credit cards, article 70: the bank may, and need not, agree.

How we read it:

- Both are to be shown in the record.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether a precondition is missing."""
    return (facts.is_beyond_ability < values.is_required) | (facts.is_willing < values.is_required)

"""Data go to another controller, such as a buyer of debts, only after notice and separate consent.

PIPL, article 23: the recipient's name, contact data, purpose, method and types of information are told, and separate consent is
got.

How we read it:

- An agency that works for the creditor is no other controller.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether notice or consent is missing."""
    return (facts.is_other_controller > 0) & (
        (facts.is_recipient_told < values.is_required) | (facts.has_separate_consent < values.is_required)
    )

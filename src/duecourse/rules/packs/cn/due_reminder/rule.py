"""The cardholder is reminded of amount and day before the due day.

Measures on credit cards, article 67, unless the customer gave false contact data or changed them without saying so.

How we read it:

- A reminder before the due day is no collection and asks no permit.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether this is missing: the cardholder was reminded before the due day."""
    return (facts.was_reminded < values.is_required) & (facts.is_contact_data_true > 0)

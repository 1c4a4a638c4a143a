"""A personalised instalment plan of a card has all required contents.

Measures on credit cards, article 70.

How we read it:

- The article ends with “other”, which is not counted.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether a part is missing."""
    return (
        facts.has_balance_structure
        + facts.has_schedule
        + facts.has_charges_treatment
        + facts.has_no_new_card_promise
        + facts.has_default_terms
        < values.parts_min_count
    )

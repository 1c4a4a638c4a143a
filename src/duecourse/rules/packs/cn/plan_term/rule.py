"""A personalised instalment plan of a card runs five years at most.

Measures on credit cards, article 70.

How we read it:

- A plan that is extended counts from its first day.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the plan is too long."""
    return facts.plan_months > values.plan_max_months

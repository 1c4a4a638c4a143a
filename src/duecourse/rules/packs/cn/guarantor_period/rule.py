"""A guarantor who was not asked within the guarantee period is no longer asked.

Civil Code, article 692: where no period was agreed it is six months from the main debt's due date, and it is neither suspended,
interrupted nor extended. Article 693: a joint guarantor who was not asked within it is free.

How we read it:

- The day six months later still lies within; the day after begins a seventh month.
- What asking means for a general guarantor (a lawsuit against the debtor) is for lawyers; the record says whether it was done.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether a guarantor is asked for the first time after the period."""
    is_agreed = facts.guarantee_agreed_months > 0
    period = facts.guarantee_agreed_months + (1 - is_agreed) * values.default_period_months
    return (facts.is_guarantor > 0) & (facts.was_demanded_in_period == 0) & (facts.months_since_due > period)

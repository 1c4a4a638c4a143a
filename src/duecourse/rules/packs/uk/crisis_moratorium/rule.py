"""No demand for payment during mental health crisis treatment and 30 days after.

Debt Respite Scheme, from 4 May 2021: a mental health crisis moratorium lasts as long as the treatment and 30 days more.

How we read it: the day on which treatment ended is day 0; days 1 to 30 are still protected, and so is day 0.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether payment is asked for during treatment or in the days after it."""
    is_running = (facts.is_in_crisis_treatment == 1) | (facts.days_since_crisis_treatment <= values.days_after_treatment)
    return is_running & (facts.is_payment_asked == 1)

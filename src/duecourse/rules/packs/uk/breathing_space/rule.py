"""No demand for payment for 60 days of breathing space.

Debt Respite Scheme, England and Wales, from 4 May 2021: once the creditor or its agent is notified, a standard breathing space stops
interest, fees, enforcement and every contact that asks for payment for 60 days; it begins on the day after the entry on the register.

How we read it:

- The day of the entry is day 0, so the moratorium is days 1 to 60; on day 61 contact is free again.
- It binds agencies as it binds the creditor, so one record with the creditor stops all.
- A contact that does not ask for payment goes through; who does not say is taken to ask.
- There was no such duty before 4 May 2021.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether payment is asked for in the days after the entry on the register."""
    is_running = (facts.days_since_breathing_space >= 1) & (facts.days_since_breathing_space <= values.moratorium_days)
    return is_running & (facts.is_payment_asked == 1)

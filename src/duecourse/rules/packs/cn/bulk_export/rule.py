"""An export without authority that reaches the courts' numbers is an alarm.

Interpretation on crimes against personal data (2017), article 5: 50 items of credit, property, whereabouts or communications;
5,000 others; half of it if got in the course of duty.

How we read it:

- The numbers are of a crime. That half of them without authority is an alarm is our reading; staff act in the course of duty.
- The middle class of 500 items (lodging, call logs, health, transactions) is counted with the stricter one.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether an unauthorised export reaches a number."""
    return (facts.is_export_authorised == 0) & (
        (facts.credit_items_count >= values.credit_items_alarm_count) | (facts.other_items_count >= values.other_items_alarm_count)
    )

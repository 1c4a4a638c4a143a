"""At work only within the debtor's working hours, or 9 to 5 on weekdays.

RG 96, section 4: contact at the place of work keeps to the debtor's normal working hours if they are known, else to 9:00 to 17:00 on
weekdays.

How we read it: known hours stand in the creditor's records, and `is_within_working_hours` is found from them. Half-open: 17:00:00 is
outside.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the contact reaches the workplace outside the known hours, or without known hours outside the usual ones."""
    is_early_or_late = (facts.local_minute_least < values.from_minute) | (facts.local_minute_most >= values.until_minute)
    is_unusual = (facts.is_working_hours_known == 0) & (is_early_or_late | (facts.local_weekday >= 5))
    is_off_shift = (facts.is_working_hours_known == 1) & (facts.is_within_working_hours == 0)
    return (facts.is_workplace_contact == 1) & (is_unusual | is_off_shift)

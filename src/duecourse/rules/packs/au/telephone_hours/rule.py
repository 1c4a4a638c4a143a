"""Telephone contact from 7:30 a.m. on weekdays and 9 a.m. at weekends, until 9 p.m.

RG 96, section 4: reasonable hours for telephone contact are Monday to Friday 7:30 to 21:00 and weekends 9:00 to 21:00, in the debtor's
local time; public holidays are left out (`au.public_holidays`).

How we read it:

- A guideline, no statute: it warns and asks for a reason.
- The hours are half-open: the first minute is allowed, 21:00:00 is not. The weekday is that of the debtor's zone.
- A debtor who asks for other times is heeded; an agreement with the debtor takes the place of these hours.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the local minute lies outside the hours of the local day, in any zone the debtor may be in."""
    is_weekend = facts.local_weekday >= 5
    from_minute = values.weekday_from_minute + is_weekend * (values.weekend_from_minute - values.weekday_from_minute)
    return (facts.local_minute_least < from_minute) | (facts.local_minute_most >= values.until_minute)

"""No collection between 22:00 and 08:00.

GB/T 45251-2025, 5.3: times agreed with the debtor prevail; where nothing is agreed, no collection activity takes place between
22:00 and 08:00 of the next day. The China Banking Association's guideline of 2026 forbids calls, visits and other collection in the
same hours unless the debtor consents.

How we read it:

- The allowed hours are half-open: 08:00:00 is allowed, 22:00:00 is not.
- The texts speak of collection activity, not of calls, so every channel counts.
- Local time is the debtor's. Where the zone is not known, the contact is refused; where there may be several, the hour must suit all.
- Mainland China has one legal time: a debtor in Urumqi is recorded under Asia/Shanghai, not under local solar time.
- No text found restricts weekends or holidays.
- The standard speaks of personal online consumer credit. It is applied to every product, because supervisors and courts use it as
  the yardstick. The guideline binds banks and consumer finance companies.
- Agreed hours that run past midnight cannot be expressed; the part before midnight can.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the local minute lies outside [allowed_from_minute, allowed_until_minute) in any zone the debtor may be in."""
    return (facts.local_minute_least < values.allowed_from_minute) | (facts.local_minute_most >= values.allowed_until_minute)

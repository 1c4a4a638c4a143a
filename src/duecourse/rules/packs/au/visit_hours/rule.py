"""Face to face from 9 a.m. to 9 p.m.

RG 96, section 4: on any day that is no public holiday, 9:00 to 21:00 in the debtor's local time. Half-open: 21:00:00 is outside.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the local minute lies outside [from_minute, until_minute)."""
    return (facts.local_minute_least < values.from_minute) | (facts.local_minute_most >= values.until_minute)

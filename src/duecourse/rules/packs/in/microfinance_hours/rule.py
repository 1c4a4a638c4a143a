"""Microfinance loans: contact only between 9 a.m. and 6 p.m.

Reserve Bank of India, Master Direction of 14 March 2022, on harsh methods of recovery. Remembered, not seen. Disabled.

How we read it: the hours are half-open, 09:00:00 is allowed and 18:00:00 is not.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the local minute lies outside the hours, for a microfinance loan."""
    is_outside = (facts.local_minute_least < values.allowed_from_minute) | (facts.local_minute_most >= values.allowed_until_minute)
    return is_outside & (facts.is_microfinance_loan == 1)

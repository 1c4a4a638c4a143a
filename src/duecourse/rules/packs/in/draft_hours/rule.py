"""Calls and visits only between 8 a.m. and 7 p.m.

Reserve Bank of India, draft Second Amendment Directions 2026, section L: neither employees nor agents call or visit outside these hours.
Known only as a draft of 12 February 2026, proposed for 1 July 2026; the final text and its day were not found. Disabled.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the local minute lies outside [allowed_from_minute, allowed_until_minute)."""
    return (facts.local_minute_least < values.allowed_from_minute) | (facts.local_minute_most >= values.allowed_until_minute)

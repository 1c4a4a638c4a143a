"""Seven days lie between visits.

A page on a draft of the standard, before 2025, names a cycle of at least seven natural days, probably for visits alone.

How we read it:

- From a draft, by one weak source: asleep until somebody enables it.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the last visit is too near."""
    return facts.days_since_last_visit < values.interval_min_days

"""The debtor may name up to 28 hours a week.

Personal Debtor Protection Act. A definition: what goes beyond is not the debtor's right.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether more hours are named than the act gives."""
    return facts.blocked_hours_a_week_count > values.hours_max_count

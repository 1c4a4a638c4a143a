"""At most one visit a month.

RG 96, section 7. Remembered, not seen. Disabled.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the month's visit was made."""
    return facts.debt_visits_30_days_count >= values.month_max_count

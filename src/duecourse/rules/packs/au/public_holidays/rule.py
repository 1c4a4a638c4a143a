"""No calls and visits on national public holidays.

RG 96, section 4, sets no hours for national public holidays. Which days these are stands in the creditor's calendar, not here.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the day is a public holiday."""
    return (facts.is_public_holiday == 1) & (values.is_barred == 1)

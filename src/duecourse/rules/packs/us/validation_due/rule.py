"""Validation information is given in the initial communication or within five days of it.

Regulation F, 12 CFR 1006.34(a)(1); the term is restated in comment 34(c)(1)-1.i.

How we read it:

- Calendar days, as the text does not say otherwise here; the fifth day is still in time.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether more than the allowed days have passed without it."""
    return (facts.is_validation_given == 0) & (facts.days_since_first_communication > values.due_within_days)

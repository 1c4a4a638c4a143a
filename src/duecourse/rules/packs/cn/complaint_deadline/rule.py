"""A complaint is decided and answered within 15 days, a complex one within 30, a specially complex one, with approval, within 60 in all.

Measures on complaints of bank and insurance consumers (2020).

How we read it:

- Natural days, the day after receipt being the first.
- An approved extension presupposes that the complaint is complex.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the answer is late."""
    is_plain = (facts.is_complex == 0) & (facts.is_extension_approved == 0)
    is_long = (facts.is_complex > 0) & (facts.is_extension_approved == 0)
    is_late = (is_plain & (facts.days_since_complaint > values.simple_max_days)) | (
        is_long & (facts.days_since_complaint > values.complex_max_days)
    )
    return (facts.is_answered == 0) & (is_late | (facts.days_since_complaint > values.extended_max_days))

"""State law gives way only where it is inconsistent, and giving the consumer more is not inconsistent.

Regulation F, 12 CFR 1006.104 and comment 1: a disclosure that describes a protection greater than the federal one is not inconsistent
with the act or the regulation.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether it contradicts federal law without protecting the consumer more."""
    return (values.is_required == 1) & (facts.is_state_law_contrary == 1) & (facts.is_state_protection_greater == 0)

"""The validation period ends thirty days after the notice was received or may be assumed received.

Regulation F, 12 CFR 1006.34(b)(5) and comment 1: the period runs from the day on which the validation information is provided to the thirtieth day
after the consumer receives it or is assumed to. The printed end may rest on assumed receipt even if the notice in fact arrived later.

How we read it:

- Receipt on 13 October, printed end on 12 November: thirty days. A later end gives the consumer more and is no breach.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the period ends before its last day."""
    return facts.period_days < values.period_least_days

"""Pursuit pauses while the customer or an adviser makes a plan.

CONC 7.3.11R, with 7.3.12G: 30 days, and 30 more where reasonable. Remembered, not seen; amendments of 2021 may have changed it. Disabled.

How we read it: the day on which the customer or the adviser said so is day 0; with 30 days, day 29 is the last of the pause.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the pause, extended or not, is running."""
    return facts.plan_pause_days < values.pause_days + facts.is_plan_pause_extended * values.extension_days

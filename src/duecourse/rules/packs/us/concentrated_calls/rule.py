"""Calls to a person crowded into one day weigh against the caller.

Regulation F, comment 14(b)(2)(i)-2.i, with the example of seven calls to a number within one day.

How we read it: a pattern that the comment names is a warning: nothing is presumed from it alone, but it weighs when the presumption of compliance is
contested. The coming call is
counted with the earlier ones of the local day.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the coming call makes the day crowded."""
    return facts.calls_day_count + 1 >= values.crowded_count

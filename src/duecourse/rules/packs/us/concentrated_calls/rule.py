"""Calls to a person crowded into one day weigh against the caller.

Regulation F, comment 14(b)(2)(i)-2.i. It names seven calls to a number within one day, and then shows six on one day as such a case.

How we read it: a pattern that the comment names is a warning: nothing is presumed from it alone, but it weighs when the presumption of compliance is
contested. Six are enough
here, since the comment's own case has six. The coming call is counted with the earlier ones of the local day.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the coming call makes the day crowded."""
    return facts.calls_day_count + 1 >= values.crowded_count

"""Calls to a person in rapid succession weigh against the caller.

Regulation F, comment 14(b)(2)(i)-2.i, with the example of two unanswered calls to a number within five minutes.

How we read it: a pattern that the comment names is a warning: nothing is presumed from it alone, but it weighs when the presumption of compliance is
contested. A call is too near when at most five
minutes have passed since the last unanswered one.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the last unanswered call is only minutes ago."""
    return facts.minutes_since_call_unanswered <= values.succession_minutes

"""A call after the collector itself misbehaved weighs against it.

Regulation F, comment 14(b)(2)(i)-2.iv: obscene or abusive language, threats of violence, a call at an inconvenient time or place.

How we read it: a pattern that the comment names is a warning: nothing is presumed from it alone, but it weighs when the presumption of compliance is
contested.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the collector misbehaved before."""
    return (facts.is_conduct_abusive == 1) & (values.is_weighed == 1)

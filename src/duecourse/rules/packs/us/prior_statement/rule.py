"""A call after the person said not to want contact, or to refuse the debt, weighs against the caller.

Regulation F, comment 14(b)(2)(i)-2.iii.

How we read it: a pattern that the comment names is a warning: nothing is presumed from it alone, but it weighs when the presumption of compliance is
contested. The same words may
bar the call under 1006.6 or 1006.14(h), which rules of their own say.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the person spoke against being contacted, or against the debt."""
    return (facts.is_statement_against == 1) & (values.is_weighed == 1)

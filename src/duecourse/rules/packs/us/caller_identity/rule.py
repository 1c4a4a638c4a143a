"""Whoever places a telephone call meaningfully says who it is.

Regulation F, 1006.14(g). Comment 2(j)-3: a limited-content message meets this.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether a call is made without telling who calls."""
    is_told = facts.is_caller_identified | facts.is_limited_content
    return (facts.is_telephone_call == 1) & (is_told == 0) & (values.is_required == 1)

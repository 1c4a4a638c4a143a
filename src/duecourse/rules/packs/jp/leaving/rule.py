"""A visitor who is asked to leave leaves.

Money Lending Business Act, article 21(1)(iv).
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the visitor stayed after being asked to leave."""
    return (facts.is_asked_to_leave == 1) & (facts.has_left == 0) & (values.is_required == 1)

"""A dispute is a duplicate when it is substantially the same as an earlier timely one that was answered, and brings nothing new and material.

Regulation F, 1006.38(a)(1), comment -1: it need not be word for word the same.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether it is no duplicate."""
    is_duplicate = facts.is_dispute_repeated & facts.is_dispute_answered & (facts.has_new_material == 0)
    return (is_duplicate == 0) & (values.is_defined == 1)

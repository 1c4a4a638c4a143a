"""Recordings are kept for at least six months.

Cash card notes, item 20 (2005).
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether it would be deleted too early."""
    return facts.kept_months < values.kept_min_months

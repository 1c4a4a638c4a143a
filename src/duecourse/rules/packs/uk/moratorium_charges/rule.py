"""Interest, fees and charges stop during a moratorium.

Debt Respite Scheme, from 4 May 2021: they stop for the moratorium debt from its first to its last day.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether a charge falls into a moratorium."""
    return (facts.is_debt_in_moratorium == 1) & (values.is_barred == 1)

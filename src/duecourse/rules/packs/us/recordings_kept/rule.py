"""A recording of a call, if one is made, is kept for three years after the call.

Regulation F, 12 CFR 1006.100(b).

How we read it:

- The clock runs from the call, not from the last collection activity. The anniversary itself still belongs to the three years.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether a recording is deleted too early."""
    return (facts.is_recording == 1) & (facts.months_since_call < values.kept_least_months)

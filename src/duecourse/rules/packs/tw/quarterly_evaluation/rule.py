"""Agencies are evaluated every quarter.

Bankers Association, self-regulatory norms, as a study and a letter of the Financial Supervisory Commission tell it.

How we read it: three full months since the last evaluation are allowed. An agency that was never evaluated is overdue. The
text's own day was not found; it is asked from the day on which it was seen.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the last evaluation lies too far back."""
    return facts.evaluation_age_months > values.months_max

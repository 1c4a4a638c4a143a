"""Evidence of compliance is kept for three years after the last collection activity.

Regulation F, 12 CFR 1006.100(a): records from the day collection begins until three years after the collector's last collection activity
on the debt.

How we read it:

- Thirty-six whole months; the anniversary itself still belongs to them, so the day after it is the first free one.
- Where no activity is known, nothing may be deleted.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether a record other than a recording is deleted too early."""
    return (facts.is_recording == 0) & (facts.months_since_last_activity < values.kept_least_months)

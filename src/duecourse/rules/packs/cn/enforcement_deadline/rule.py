"""Enforcement of a judgment is applied for within two years.

Civil Procedure Act (2023), article 250.

How we read it:

- Suspension and interruption are for lawyers. The debtor may object afterwards; nothing is forbidden, so the rule warns.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether it is too late."""
    return (facts.is_enforcement_applied_for == 0) & (facts.months_since_performance_due > values.applied_max_months)

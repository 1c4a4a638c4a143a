"""Judicial confirmation of a mediation agreement is applied for within thirty days.

Civil Procedure Act (2023), article 205: both sides, jointly.

How we read it:

- Without confirmation the agreement is a contract still; so the rule warns.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether it is too late."""
    return (facts.is_confirmation_applied_for == 0) & (facts.days_since_mediation > values.applied_max_days)

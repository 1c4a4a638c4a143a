"""Each agency is evaluated at least once a year, and once before its agreement expires.

GB/T 45251-2025, 5.4: on conduct, quality and information security; the result drives scope, end and renewal.

How we read it:

- An agency nobody has evaluated counts as overdue.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether an evaluation is overdue."""
    return (facts.months_since_evaluation > values.evaluated_max_months) | (facts.is_agreement_expiring > facts.is_evaluated_before_expiry)

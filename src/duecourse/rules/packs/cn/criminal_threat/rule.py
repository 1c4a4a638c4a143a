"""Criminal consequences of an overdrawn card should not be asserted unless the courts' conditions are met.

Interpretation on crimes against card management (2018), articles 6 to 8: malicious overdraft needs two valid demands at least 30
days apart after limit or term is exceeded, more than three months unpaid after them, principal of at least 50,000 yuan, and
intent.

How we read it:

- The interpretation says when there is a crime. That a collector should not speak of one otherwise is our reading, so the rule
  only warns.
- More than three months: three whole months are not enough. Payments count as principal for this purpose.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether a crime is asserted although a condition is missing."""
    is_late = (facts.demands_gap_days < values.gap_min_days) | (facts.months_unpaid_after_demand <= values.unpaid_over_months)
    is_little = (facts.valid_demands_count < values.demands_min_count) | (facts.unpaid_principal_minor < values.principal_min_minor)
    return (facts.is_crime_threatened > 0) & (is_late | is_little | (facts.is_intent_evidenced == 0))

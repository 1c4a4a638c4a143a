"""A request for restructuring is decided within ten business days.

Personal Debtor Protection Act, article 35: for claims with a principal below 30 million won.

How we read it: the day of the request is day 0, so day 10 is the last. An unknown principal is taken as small. Which days are business
days stands in the creditor's calendar.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether a small claim's request is open for too long."""
    is_late = (facts.is_decided == 0) & (facts.business_days_open > values.business_days_max)
    return is_late & (facts.principal_minor < values.principal_below_minor)

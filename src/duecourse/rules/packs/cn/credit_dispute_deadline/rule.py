"""A disputed credit entry is flagged, and answered in writing within twenty days.

Regulation on credit reporting, article 25.

How we read it:

- The twentieth day is in time.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether a dispute is late or not flagged."""
    return (facts.is_credit_dispute_answered == 0) & (
        (facts.days_since_credit_dispute > values.answer_max_days)
        | ((facts.days_since_credit_dispute > 0) & (facts.is_credit_dispute_flagged == 0))
    )

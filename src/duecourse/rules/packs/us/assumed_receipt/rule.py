"""Receipt may be assumed no earlier than five days after sending, not counting weekends and public holidays.

Regulation F, 12 CFR 1006.34(b)(5): for the validation period the collector may assume that the notice was received on any day at least
five days after it was sent, legal public holidays, Saturdays and Sundays not counted.

How we read it:

- The day of sending is not counted; the fifth counted day is the first on which receipt may be assumed.
- A day that is known from the consumer is not assumed and is not judged here.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether receipt is assumed before the fifth counted day."""
    return (facts.is_receipt_assumed == 1) & (facts.receipt_working_days < values.receipt_least_days)

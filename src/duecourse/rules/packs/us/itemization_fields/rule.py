"""Interest, fees, payments and credits are each shown; none is left blank.

Regulation F, 12 CFR 1006.34(c)(2)(viii) and comment 1: the itemization since the itemization date shows interest, fees, payments and
credits. A line on which nothing was added or taken off says so, as zero or as "none"; it is not left out.

How we read it:

- A field is shown when something stands in it. An empty one, or one of blanks, is not shown.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether one of the four lines is missing or blank."""
    shown = facts.is_interest_shown + facts.is_fees_shown + facts.is_payments_shown + facts.is_credits_shown
    return shown < values.lines_least_count

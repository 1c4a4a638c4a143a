"""An account number may be shortened if it can still be recognised.

Regulation F, 12 CFR 1006.34(c)(2)(iv) and comment 1: the number associated with the debt on the itemization date, or a truncated
version of it by which the consumer still knows the account, such as its last four digits.

How we read it:

- The comment's example is taken as the least: fewer than the last four digits are not enough.
- A number of four digits or fewer is shown whole.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the number is neither whole nor recognisable by its last digits."""
    return (facts.is_account_number_whole == 0) & (facts.account_tail_digits_count < values.tail_least_count)

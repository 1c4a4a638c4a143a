"""Relatives, referees and friends of the borrower are not contacted.

Reserve Bank of India, circular of 12 August 2022: agents must not intrude upon the privacy of the borrower's family, referees and friends.

How we read it: any contact with somebody who neither owes nor guarantees is refused; the excerpts name no purpose for which it would be
allowed. Microfinance loans are outside the circular.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the contact goes to somebody who neither owes nor guarantees."""
    return (facts.is_third_party == 1) & (facts.is_microfinance_loan == 0) & (values.is_barred == 1)

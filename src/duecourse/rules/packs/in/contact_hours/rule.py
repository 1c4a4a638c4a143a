"""No calls for overdue loans before 8 a.m. and after 7 p.m.

Reserve Bank of India, circular of 12 August 2022, as the press printed it: regulated entities see to it that neither they nor their
recovery agents call borrowers or guarantors before 8:00 and after 19:00. Microfinance loans are left to their own directions.

How we read it:

- The hours are half-open: 08:00:00 is allowed, 19:00:00 is not. The text says "after 7:00 p.m."; closing the exact hour is safe.
- The circular speaks of calls. Other channels keep no hours here; a creditor that wants them sets a policy.
- For microfinance loans the directions of March 2022 hold instead, which are known from memory only and sleep; a creditor with such loans
  enables `in.microfinance_hours` or sets a policy.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the local minute lies outside [allowed_from_minute, allowed_until_minute), for a loan that is no microfinance loan."""
    is_outside = (facts.local_minute_least < values.allowed_from_minute) | (facts.local_minute_most >= values.allowed_until_minute)
    return is_outside & (facts.is_microfinance_loan == 0)

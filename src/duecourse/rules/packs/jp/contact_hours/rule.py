"""No call and no visit at home between 21:00 and 08:00 without just cause.

Money Lending Business Act, article 21(1)(i), with the hours of its ordinance: at times that the ordinance holds to be improper, a debtor is
neither called, faxed nor visited at home without just cause. Just causes are the debtor's free consent, and that there is no other
reasonable way to reach the debtor. It binds whoever collects for the lender, too.

How we read it:

- The hours are half-open: 08:00:00 is allowed, 21:00:00 is not.
- Consent is an agreement with the debtor, whose hours take the place of the text's.
- That there is no other way is stated by whoever asks, and stands in the permit's record.
- Messages and letters are not named. Banks are no money lenders; the article is applied to every lender, as the usual yardstick.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the local minute lies outside the hours, while another way to reach the debtor exists."""
    is_outside = (facts.local_minute_least < values.allowed_from_minute) | (facts.local_minute_most >= values.allowed_until_minute)
    return is_outside & (facts.is_otherwise_unreachable == 0)

"""Before a debt is furnished to a credit bureau the collector speaks with the consumer, or writes and waits for a bounce.

Regulation F, 12 CFR 1006.30(a)(1) and comment 2: the collector has spoken with the consumer about the debt in person or by telephone; or
has sent a letter or an electronic message about it and waited a reasonable time, watching for notices of undeliverability, in which none
came. Fourteen consecutive days are a reasonable time.

How we read it:

- The comment's example of a letter of 1 May watches 1 to 14 May and furnishes on 15 May: the fourteenth day after sending is the first
  free one. A creditor who wants to be safe waits a day longer by its own policy.
- A shorter wait is not unlawful in so many words; fewer than 14 days are refused all the same.
- A message that bounced within the wait counts for nothing; the next one begins anew. A bounce after the wait does no harm.
- A voicemail is neither speech nor writing.
- Agencies that keep check-writing histories alone are outside the rule (1006.30(a)(2)).
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether neither way was gone, for a bureau that the rule protects."""
    is_over = (facts.is_debt_written == 1) & (facts.days_since_debt_written >= values.wait_least_days)
    is_waited = is_over & (facts.days_until_bounce >= values.wait_least_days) & (facts.is_bounce_monitored == 1)
    return (facts.is_check_agency == 0) & (facts.is_spoken_about_debt == 0) & (is_waited == 0)

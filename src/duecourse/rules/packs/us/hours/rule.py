"""No contact before 8:00 and after 21:00 of the consumer's local time.

Regulation F, 1006.6(b)(1)(i): a debt collector does not communicate or attempt to communicate at a time it knows or should know to be
inconvenient; without knowledge to the contrary, before 8:00 in the morning and after 9:00 in the evening at the consumer's location is.
Comment 6(b)(1)(i)-1: an electronic message happens when it is sent, whenever it is read. Comment 6(b)(1)(i)-2: where what is known of
the consumer's location is ambiguous, the hour must suit every place it suggests.

How we read it:

- Every medium counts, attempts included.
- 8:00:00 is allowed. 21:00 sharp is not: the regulation bars the time after nine, the act (805(a)(1)) allows the time before nine, and
  what breaks neither is to end at nine.
- Several possible zones are given joined; the earliest local time must not be too early, the latest not too late.
- A consumer who says that an hour outside is convenient gives knowledge to the contrary; the same in a prior consent, 1006.6(b)(4)(i).
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the minute lies outside the hours in any zone the consumer may be in, and the consumer did not say that it suits."""
    is_outside = (facts.local_minute_least < values.allowed_from_minute) | (facts.local_minute_most >= values.allowed_until_minute)
    return is_outside & (facts.is_hour_said_convenient == 0)

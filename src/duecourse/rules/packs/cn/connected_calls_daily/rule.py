"""At most three connected calls a day to one debtor, by the creditor and all its agencies together.

GB/T 45251-2025, 5.3: calls that inform, artificial voices included, shall not be connected more than three times a day to one debtor,
counted over the creditor and every agency it has engaged; another agreement with the debtor prevails. Interactive calls that the
collector begins shall not be effective more than three times a day.

How we read it:

- Informing and interactive calls share one budget of three. The excerpts seen do not say whether the two limits add up; one shared
  limit is the reading that can break neither.
- Every connected call counts as effective. The excerpts define neither word.
- A permit whose outcome is pending or was never reported counts as a connected call. The fact `call_slots_held_count` is connected
  calls plus such permits, of the debtor's local calendar day, over agencies, in-house teams and robots.
- The next call is refused when three are held, so that a permit never leads to a fourth.
- The excerpt that lets another agreement prevail stands with the informing calls. Sharing one budget, it is granted for both here; a
  creditor that reads it narrowly makes no such agreements, or sets its own limit as policy, which then binds.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the day's connected and unreported calls already use up the limit."""
    return facts.call_slots_held_count >= values.connected_calls_max_count

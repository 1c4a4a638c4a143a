"""A telephone call within seven days after a telephone conversation about the debt is presumed to harass.

Regulation F, 1006.14(b)(2)(i)(B) and (ii): the day of the conversation is the first of the seven, whoever placed the call. The exclusions are
those of 1006.14(b)(3); consent given in the conversation outlives it, and the next conversation ends it.

How we read it:

- After a conversation on the 1st the next call is free on the 8th.
- A person who turns a call to another debt has had a conversation about both (comment 14(b)(4)-2.vi).
- Days are the consumer's local calendar days.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the last conversation is too near."""
    is_excluded = facts.is_call_consented | facts.is_addressee_excluded
    return (facts.days_since_conversation_debt < values.quiet_days) & (is_excluded == 0)

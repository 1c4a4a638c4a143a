"""One number should not be tried more than six times a day without an answer.

The China Banking Association's guideline of 2026: unless otherwise agreed, it is not fitting to call the same contact number more
than six times a day unanswered.

How we read it:

- The text says 不宜, not fitting: the gate warns and does not refuse.
- Counted per number over the creditor and all its agencies, for the debtor's local day. The next call is warned of when six
  were unanswered.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the number's unanswered calls of the day already use up the limit."""
    return facts.unanswered_attempts_count >= values.unanswered_attempts_max_count

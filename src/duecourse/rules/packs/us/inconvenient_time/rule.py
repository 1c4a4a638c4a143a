"""No contact at a time that the consumer has let the collector know is inconvenient.

Regulation F, 1006.6(b)(1)(i), with comments 6(b)(1)-1 and -2: any words that show it count, also those in the file that came with the debt;
it lasts until the consumer takes it back. A consumer who writes or calls at such a time gets one answer through the same medium.
1006.6(b)(4)(i): prior consent given to this collector itself, in a communication that kept the rules, lifts the bar.

How we read it:

- Each message of the consumer allows one answer; a second needs a second message.
- A text is another medium than an e-mail, and a call another than both.
- Consent to a creditor or to an earlier collector is none.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the time is known to be inconvenient, and neither an answer nor consent allows the contact."""
    is_let = facts.is_answer_same_medium | facts.is_consented_directly
    return (facts.is_time_inconvenient == 1) & (is_let == 0) & (values.is_barred == 1)

"""More than seven telephone calls to a person about a debt within seven consecutive days are presumed to harass.

Regulation F, 1006.14(b)(2)(i)(A) and (b)(3) and (4). The presumption can be rebutted, and so can the one of compliance below it. Not counted
are calls under consent given directly to the collector, on the day it is received and the six after it, until the next conversation, its
withdrawal, or the end of a shorter term (comments 14(b)(3)(i)-1 to -3); calls that did not connect to the number dialled; and calls to
attorneys, the creditor and reporting agencies. Comment 14(b)-1: a voice message put straight into the mailbox is a call, a text or an e-mail is none.

How we read it:

- Counted for a person and a debt: student loans under one account number when they were obtained are one debt.
- The days are the consumer's local calendar days, today and the six before it; the next call is the eighth when seven are counted.
- Ringing unanswered, a mailbox, a recording, a dropped line: connected. Busy and not in service: not.
- A call later found to have gone to another person's number was no call to this one, and is taken out.
- A call about several debts on which none was named (unanswered, a limited-content message, a general talk) counts for one of them, which the
  collector chooses (comments 14(b)(4)-1 and -2). Whoever counts writes the choice down; where none is written, it counts for each.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the coming call would be one too many."""
    is_excluded = facts.is_call_consented | facts.is_addressee_excluded
    return (facts.calls_week_debt_count >= values.calls_max_count) & (is_excluded == 0)

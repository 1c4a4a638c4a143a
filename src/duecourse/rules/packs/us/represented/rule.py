"""No contact with a consumer who is known to have an attorney for the debt.

Regulation F, 1006.6(b)(2): the bar needs knowledge of the representation and of the attorney's name and address, or that they can readily be
found out; it falls when the attorney does not answer within a reasonable time or consents to direct contact. Comment 6(b)(2)-1: a message that
the represented consumer sends is consent to the answer, and to no more.

How we read it: the one answer goes through the same medium. Knowledge lasts until the consumer or the attorney says that it is over.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the consumer is represented and nothing opens the direct way."""
    is_let = facts.is_attorney_silent | facts.is_attorney_consenting | facts.is_answer_same_medium | facts.is_consented_directly
    return (facts.is_represented == 1) & (facts.is_addressee_consumer == 1) & (is_let == 0) & (values.is_barred == 1)

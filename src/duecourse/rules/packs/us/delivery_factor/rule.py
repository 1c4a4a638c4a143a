"""Three things count when it is asked whether an electronic disclosure could be expected to arrive.

Regulation F, 12 CFR 1006.42(a)(1), comment 1: (i) the subject line identifies the debt by the creditor's name and one further thing that is
not the amount; (ii) notices of undeliverability are received, watched and acted upon; (iii) the sender shows under a business name
that the consumer is likely to know.

How we read it:

- They are factors, not conditions: what lacks them may still be enough.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether it is none of the three."""
    is_factor = (facts.is_creditor_in_subject & facts.is_identifier_in_subject) | facts.is_bounce_heeded | facts.is_sender_recognisable
    return (values.is_required == 1) & (is_factor == 0)

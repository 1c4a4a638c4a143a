"""No contact at a place that is unusual or that the consumer has let the collector know is inconvenient.

Regulation F, 1006.6(b)(1)(ii), with comment 6(b)(1)(ii)-1: a mailing address and a landline belong to a place; a mobile number and an e-mail
address do not, unless the collector knows that the consumer is at the place now. One answer through the same medium, and prior consent,
as for times (comment 6(b)(1)-2, 1006.6(b)(4)(i)).

How we read it: a visit happens at the place it is made at.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the place is known to be inconvenient, and neither an answer nor consent allows the contact."""
    is_let = facts.is_answer_same_medium | facts.is_consented_directly
    return (facts.is_place_inconvenient == 1) & (is_let == 0) & (values.is_barred == 1)

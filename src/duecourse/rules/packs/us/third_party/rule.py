"""No communication about the debt with anybody but the consumer and those who act in the matter.

Regulation F, 1006.6(d)(1) and (2): besides the consumer (with spouse, a minor's parent, guardian, executor and confirmed successor) only the attorneys,
the creditor and a reporting agency; save to obtain location information, with the consumer's consent given to the collector, with a court's leave, or
to carry out a judgment.

How we read it: whoever asks states that the person is a third party; a contact that does not say so goes to the consumer.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether a third party is addressed without an opening."""
    is_let = facts.is_location_contact | facts.is_third_party_permitted
    return (facts.is_addressee_third_party == 1) & (is_let == 0) & (values.is_barred == 1)

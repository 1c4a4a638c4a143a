"""A limited-content message is a voicemail that says what 1006.2(j)(1) asks for and nothing beyond what (j)(2) allows.

Regulation F, 1006.2(j), comment -2: one knowingly left for somebody else than a consumer is none. Needed: a business name that does not tell of debt collection, a request to reply, the name of a person to ask for, a number to call.
Allowed: a salutation, date and time, suggested times for the reply, that any representative can answer. Comment 2(d)-2: it is an attempt to communicate, not a communication.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether something needed is missing, or something else is said."""
    has_needed = facts.has_business_name & facts.has_reply_request & facts.has_person_name & facts.has_callback_number
    is_sound = has_needed & (facts.has_other_content == 0) & facts.is_addressee_consumer
    return (is_sound == 0) & (values.is_defined == 1)

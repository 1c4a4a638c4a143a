"""Who asks to be added as a contact on a social platform says to be a debt collector.

Regulation F, 12 CFR 1006.18(d): no false representation or deceptive means. Comment 18(d)-1.i: a private request to become one of the
consumer's contacts, made to collect a debt, is false if it does not disclose that it comes from a debt collector.

How we read it: the disclosure stands in the request itself.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether a request to become a contact hides that a debt collector makes it."""
    return (facts.is_contact_request == 1) & (facts.is_collector_identity_told == 0) & (values.is_required == 1)

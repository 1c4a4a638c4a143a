"""A third party is asked for the consumer's whereabouts once.

Regulation F, 1006.10(c): no second communication with that person, unless the person asks for it, or the collector reasonably believes that the earlier
answer was wrong or incomplete and that the person now has the right one.

How we read it: an attempt that reached nobody was no communication.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the person was asked before and neither opening applies."""
    is_let = facts.is_location_repeat_asked | facts.is_location_answer_wrong
    return (facts.is_location_contact == 1) & (facts.location_contacts_count >= values.contacts_max_count) & (is_let == 0)

"""What is sent does not embarrass the customer before others.

CONC 7.9.7R, with the guidance 7.9.8G: contact must not be likely to embarrass the customer publicly; mail is addressed to the customer,
marked private and confidential, and does not show from outside what it is about, by a telling name of the firm for example.

How we read it: the guidance's three parts are what can be checked on a letter; each must be stated when its template is approved.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the addressee or the mark is missing, or the outside tells of the debt."""
    is_open = (facts.is_addressed_by_name == 0) | (facts.is_marked_private == 0) | (facts.is_debt_visible_outside == 1)
    return is_open & (values.is_required == 1)

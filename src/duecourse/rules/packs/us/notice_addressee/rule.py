"""After a death the notice goes to a person with a name who may act for the estate.

Regulation F, 12 CFR 1006.34(a)(1) and comment 1: where the collector knows that the consumer has died and the validation information was not
given before, it goes to an individual, identified by name, who is authorised to act for the estate.

How we read it:

- "The estate of" names nobody. A relative without authority is not the estate's.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the consumer is known dead, not yet informed, and the addressee is not a named person who may act."""
    is_open = (facts.is_consumer_known_dead == 1) & (facts.is_validation_given_before == 0)
    return (values.is_required == 1) & is_open & ((facts.is_addressee_named == 0) | (facts.is_addressee_for_estate == 0))

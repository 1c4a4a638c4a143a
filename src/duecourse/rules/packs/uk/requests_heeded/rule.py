"""A firm heeds reasonable requests about when, where and how a customer is contacted.

CONC 7.9.4R: a customer must not be contacted at unreasonable times, and due regard is had to reasonable requests about times, places and
ways of contact; shift workers are named as an example. No clock hours are given.

How we read it:

- A channel or a place that the customer declined is such a request. Others, above all about hours, stand in the creditor's records and
  are checked against the contact there; the rule sees the outcome.
- What is an unreasonable time without a request, the text leaves open; the usual hours for mortgages are told as guidance.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the contact goes against a reasonable request of the customer."""
    is_declined = (facts.is_channel_declined == 1) | (facts.is_place_declined == 1)
    return ((facts.is_against_request == 1) | is_declined) & (values.is_barred == 1)

"""The first communication says that the collector attempts to collect a debt and will use what it learns for that purpose.

Regulation F, 1006.18(e)(1): if the first communication was oral, also the first written one. Comment 18(e)-1: a limited-content message is no communication, so it needs
neither this nor the later disclosure.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether a communication that needs the full disclosure lacks it."""
    is_first = facts.is_initial | facts.is_initial_in_writing
    return (facts.conveys_debt_information == 1) & (is_first == 1) & (facts.has_full_disclosure == 0) & (values.is_required == 1)

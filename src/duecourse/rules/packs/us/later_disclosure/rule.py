"""Each later communication says that it comes from a debt collector.

Regulation F, 1006.18(e)(2).

How we read it: the full disclosure of the first communication says so too.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether a communication lacks both disclosures."""
    is_told = facts.has_full_disclosure | facts.has_collector_disclosure
    return (facts.conveys_debt_information == 1) & (is_told == 0) & (values.is_required == 1)

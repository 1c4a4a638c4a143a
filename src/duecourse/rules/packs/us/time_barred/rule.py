"""No suit, and no threat of one, for a debt whose time to sue is over.

Regulation F, 1006.26(b). A proof of claim in a bankruptcy is exempt.

How we read it: collection without a suit or a threat of one is not barred by this paragraph. Whether the time is over is a fact of the state's law; it is over
the day after the last day to sue.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether a suit over a time-barred debt is brought or threatened."""
    is_suing = facts.is_suit | facts.is_suit_threatened
    return (facts.is_time_barred == 1) & (is_suing == 1) & (facts.is_proof_of_claim == 0) & (values.is_barred == 1)

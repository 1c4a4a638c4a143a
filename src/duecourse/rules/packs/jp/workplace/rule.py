"""Not at work, nor at another place that is not the home, without just cause.

Money Lending Business Act, article 21(1)(iii): calls, telegrams and visits.

How we read it: a letter stands for the telegram. Free consent to the place, and that there is no other reasonable way to reach the debtor,
are just causes. A mobile telephone belongs to no place.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the contact reaches a place other than the home, without just cause."""
    is_without_cause = (facts.has_consented_to_place == 0) & (facts.is_otherwise_unreachable == 0)
    return (facts.is_place_other_than_home == 1) & is_without_cause & (values.is_barred == 1)

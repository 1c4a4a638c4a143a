"""An envelope bears the collector's address, postal marks and a name that says nothing of collection; nothing else.

Regulation F, 12 CFR 1006.22(f)(2) and comment 1: no language or symbol other than the collector's address, save marks that help the mail
along, and the business name if it does not show that its bearer collects debts.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether a mark is none of the three."""
    is_plain = facts.is_marking_address | facts.is_marking_postal | facts.is_marking_neutral_name
    return (values.is_required == 1) & (is_plain == 0)

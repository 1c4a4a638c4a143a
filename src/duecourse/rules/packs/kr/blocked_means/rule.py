"""Addresses and numbers that the debtor excluded are not used.

Personal Debtor Protection Act: the debtor may exclude up to three means, such as an address, a number, e-mail or fax.

How we read it: as `kr.blocked_hours`; `kr.blocked_means_due` tells how many are due.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether an excluded means is used for collection."""
    is_collection = (facts.is_required_notice == 0) & (facts.is_answer_to_debtor == 0)
    return (facts.is_blocked_means == 1) & is_collection & (values.is_barred == 1)

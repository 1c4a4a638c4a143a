"""Hours that the debtor asked to be left alone are heeded.

Personal Debtor Protection Act: the debtor may name bands of time in which no collection contact is made, up to 28 hours a week.

How we read it: the bands stand in the creditor's records. A request for more than 28 hours is heeded until it is cut down with the debtor
(`kr.blocked_hours_due` tells what is due). Required notices and answers to the debtor go through.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the contact falls into the debtor's bands, and is collection."""
    is_collection = (facts.is_required_notice == 0) & (facts.is_answer_to_debtor == 0)
    return (facts.is_in_blocked_hours == 1) & is_collection & (values.is_barred == 1)

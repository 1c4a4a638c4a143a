"""No collection while a deferral is running.

Personal Debtor Protection Act: in a disaster area, for surgery or a stay in hospital of the debtor or close family, or for a death in the
close family, collection is deferred for up to three months, which may be extended once.

How we read it: the record tells whether a deferral is running; how long it may last is a definition of its own
(`kr.deferral_length`). Required notices and answers to the debtor go through.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether a deferral is running, for a contact that is collection."""
    is_collection = (facts.is_required_notice == 0) & (facts.is_answer_to_debtor == 0)
    return (facts.is_collection_deferred == 1) & is_collection & (values.is_barred == 1)

"""Who pays part, or is told that pursuit ends, is told what becomes of the rest.

CONC 7.4.2R: where part is accepted, or pursuit ends, and the debt goes on, the customer is told so, and that it may be sold.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether a debt goes on without a word about it."""
    return (facts.is_settlement_partial == 1) & (facts.is_remaining_debt_explained == 0) & (values.is_required == 1)

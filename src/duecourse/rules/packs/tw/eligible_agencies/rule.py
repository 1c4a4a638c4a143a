"""An agency is a licensed money-debt management company, a law firm or an accounting firm.

Bankers Association, points on outsourced collection, as a study tells it. The text's own day was not found; it is asked from the day on
which it was seen.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the agency is none of the three."""
    kinds = facts.is_licensed_debt_manager + facts.is_law_office + facts.is_accounting_firm
    return (kinds == 0) & (values.is_required == 1)

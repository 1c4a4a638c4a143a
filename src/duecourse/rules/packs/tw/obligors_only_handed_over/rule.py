"""An agency gets no particulars of persons who have no duty to pay.

Outsourcing regulations, article 16, item 5 (2006).
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether such particulars are handed over."""
    return (facts.has_non_obligor_personal_facts == 1) & (values.is_barred == 1)

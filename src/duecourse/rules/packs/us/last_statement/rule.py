"""A last statement, from which a debt may be itemised, comes from the creditor.

Regulation F, 1006.34(b)(3)(i), comment -1: one that a service provider sends for the creditor counts; one of the collector does not, unless it is also the creditor.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether it comes from nobody on the creditor's side."""
    return (facts.is_sent_for_creditor == 0) & (values.is_defined == 1)

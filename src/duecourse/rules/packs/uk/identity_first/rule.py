"""Nothing is said of the debt before it is clear who listens.

CONC 7.9.10R: a firm establishes that it speaks with the customer before it gives details of the debt.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether details of the debt were given to somebody whose identity was not established."""
    return (facts.is_debt_discussed == 1) & (facts.is_identity_established == 0) & (values.is_required == 1)

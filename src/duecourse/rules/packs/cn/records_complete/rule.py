"""Records of collection are true, objective and complete, and the agency hands them to the creditor.

GB/T 45251-2025, 5.3.

How we read it:

- Inside the platform both hold by construction: answers and outcomes are append-only and lie with the creditor.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether something is missing."""
    return (
        (facts.is_complete < values.is_required) | (facts.is_unchanged < values.is_required) | (facts.is_with_creditor < values.is_required)
    )

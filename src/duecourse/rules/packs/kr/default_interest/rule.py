"""Default interest is charged on the overdue part only.

Personal Debtor Protection Act: for loans with a principal below 50 million won. An unknown principal is taken as small.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether a small loan bears default interest on what is not yet due."""
    return (facts.is_interest_on_undue_part == 1) & (facts.principal_minor < values.principal_below_minor)

"""Impact assessments, records of processing and of hand-overs are kept for three years.

PIPL, article 56; regulation on network data, article 12.

How we read it:

- Asked before such a record is deleted.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether it would be deleted too early."""
    return facts.record_kept_months < values.kept_min_months

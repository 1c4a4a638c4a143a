"""Each agency is inspected at least once a year, on site or off.

The China Banking Association's guideline of 2026.

How we read it:

- The last twelve months are looked at.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether too few were made."""
    return facts.inspections_year_count < values.inspections_min_count

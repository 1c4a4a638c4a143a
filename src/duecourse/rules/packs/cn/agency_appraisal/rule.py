"""An agency is not appraised by recovery alone.

The China Banking Association's guideline of 2026: effect, compliance, completeness of records and more.

How we read it:

- Two groups of measures are the least that is not one.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether recovery stands alone."""
    return facts.measures_count < values.measures_min_count

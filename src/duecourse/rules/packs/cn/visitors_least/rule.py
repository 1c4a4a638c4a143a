"""A visit is made by at least two people.

The China Banking Association's guideline of 2026: at least two staff on site.

How we read it:

- Whoever asks for the permit says how many go; unsaid, none is taken.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether too few people go."""
    return facts.visitors_count < values.visitors_min_count

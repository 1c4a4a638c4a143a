"""Every call of collection is recorded.

Measures on credit cards, article 68: collection is recorded. The China Banking Association's guideline of 2026: calls are
recorded in full.

How we read it:

- Judged over call records after the day, by reconciliation; the gate cannot know beforehand.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether this is missing: the full recording."""
    return (facts.has_recording < values.is_required) & (facts.is_collection_call > 0)

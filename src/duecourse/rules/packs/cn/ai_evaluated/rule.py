"""Artificial voices and models are usable, reliable, accurate and without unfair discrimination.

The China Banking Association's guideline of 2026.

How we read it:

- How they are evaluated is not said; the record holds it.
- Calls by artificial voices count like all others in connected_calls_daily.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether this is missing: its evaluation for reliability, accuracy and fairness."""
    return facts.is_tool_evaluated < values.is_required

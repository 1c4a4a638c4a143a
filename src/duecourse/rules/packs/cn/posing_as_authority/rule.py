"""No collector poses as an administrative or judicial body.

Measures on consumer protection of 2022; interim measures for small-loan companies; the China Banking Association's guideline of
2026.

How we read it:

- Judged by a person or a model over a script, a recording or a message; the gate decides before anything is said and does not
  ask it.
- The number 41 of the article comes from a secondary source.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether this is so: poses as an administrative or judicial body."""
    return (facts.is_posing_as_authority > 0) & (values.is_barred > 0)

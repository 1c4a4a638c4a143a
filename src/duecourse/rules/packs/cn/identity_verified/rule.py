"""The person is identified before the debt is told.

The China Banking Association's guideline of 2026: on the telephone the identity is verified.

How we read it:

- Judged by a person or a model over a script, a recording or a message; the gate decides before anything is said and does not
  ask it.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether this is so: the debt is told, and nothing excuses it."""
    return (facts.is_debt_told > 0) & (facts.is_identity_verified == 0) & (values.is_barred > 0)

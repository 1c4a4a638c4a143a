"""Nobody is led or forced to borrow elsewhere or to raise money illegally.

The China Banking Association's guideline of 2026.

How we read it:

- Judged by a person or a model over a script, a recording or a message; the gate decides before anything is said and does not
  ask it.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether this is so: the debtor is urged to borrow elsewhere or to raise money illegally."""
    return (facts.is_borrowing_urged > 0) & (values.is_barred > 0)

"""An agency does not pose as the creditor.

The China Banking Association's guideline of 2026.

How we read it:

- Judged by a person or a model over a script, a recording or a message; the gate decides before anything is said and does not
  ask it.
- Saying for which creditor one collects is no posing.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether this is so: an agency poses as the creditor."""
    return (facts.is_posing_as_creditor > 0) & (values.is_barred > 0)

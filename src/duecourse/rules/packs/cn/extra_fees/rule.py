"""Nothing is charged to the debtor in the name of collection.

The pledge of 2018, article 19, and the China Banking Association's guideline of 2026.

How we read it:

- Agreed penalties and interest are no fee of collection.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether anything is charged."""
    return facts.extra_fee_minor > values.extra_fee_max_minor

"""The debtor's office area is not entered without consent.

The China Banking Association's guideline of 2026.

How we read it:

- Whoever asks for the permit says where the visit goes; unsaid, it goes into the office without consent.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the office is entered without consent."""
    return (facts.is_work_place > 0) & (facts.has_place_consent < values.is_barred)

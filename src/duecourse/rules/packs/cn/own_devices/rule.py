"""An agency's staff do not use their own telephones or social accounts without consent.

The China Banking Association's guideline of 2026 forbids staff of an agency to collect with private telephones or private social
accounts without consent.

How we read it:

- Whose consent is meant was not seen; the creditor's is recorded.
- The platform's own lines and accounts are not private. A device nobody recorded as private is taken as the agency's;
  reconciliation of call records finds the others.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether an agency uses a private device that nobody accepted."""
    return (facts.is_agency > 0) & (facts.is_private_device > 0) & (facts.is_private_device_accepted < values.is_barred)

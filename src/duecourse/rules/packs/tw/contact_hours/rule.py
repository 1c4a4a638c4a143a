"""Collection between 7 a.m. and 10 p.m. unless the debtor agrees.

Outsourcing regulations, article 14. Remembered, not seen; several look-ups did not bring the article up. Disabled.

How we read it: half-open, 07:00:00 is allowed and 22:00:00 is not.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the local minute lies outside [allowed_from_minute, allowed_until_minute)."""
    return (facts.local_minute_least < values.allowed_from_minute) | (facts.local_minute_most >= values.allowed_until_minute)

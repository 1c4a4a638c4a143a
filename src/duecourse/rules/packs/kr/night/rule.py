"""No visits, calls or messages between 21:00 and 08:00.

Fair Debt Collection Practices Act, article 9, which forbids what causes fear or disrupts life at night. Remembered, not seen. Disabled.

How we read it: half-open, 08:00:00 is allowed and 21:00:00 is not. The act looks at fear and disruption; the hours alone are taken.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the local minute lies outside [allowed_from_minute, allowed_until_minute)."""
    return (facts.local_minute_least < values.allowed_from_minute) | (facts.local_minute_most >= values.allowed_until_minute)

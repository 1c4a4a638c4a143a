"""No message about a debt on social media that the public or the person's contacts can see.

Regulation F, 1006.22(f)(4). Comment 22(f)(4)-1: a message that the recipient alone can see is not barred by this paragraph; other rules go on to apply.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether others can see it."""
    return (facts.is_message_visible_to_others == 1) & (values.is_barred == 1)

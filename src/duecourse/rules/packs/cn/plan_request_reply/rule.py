"""A request for a plan is answered within seven working days.

One law firm's page says so; no text with it was found.

How we read it:

- Known too weakly to be used; asleep until somebody enables it.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the reply is late."""
    return (facts.working_days_since_request > values.reply_max_days) & (facts.is_request_answered == 0)

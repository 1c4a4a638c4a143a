"""A person's request to see, copy, correct, delete or explain is handled, or refused with reasons.

PIPL, articles 45 to 50.

How we read it:

- The law names no number of days.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the request is left lying."""
    return facts.is_request_handled + facts.is_refusal_reasoned < values.is_required

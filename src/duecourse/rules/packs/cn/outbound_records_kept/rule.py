"""A call centre keeps recording, numbers, time and proof of consent of outbound calls for thirty days.

Notice of the Ministry of Industry on call centres (2020).

How we read it:

- It binds licensed operators of call centres. For collection the longer terms of records_kept hold beside it.
- The day of the notice rests on general knowledge.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether it would be deleted too early."""
    return facts.record_kept_days < values.kept_min_days

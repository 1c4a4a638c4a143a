"""At most one visit a day.

Press summaries of GB/T 45251-2025 say so; the text was not seen.

How we read it:

- Known too weakly to be used; asleep until somebody enables it.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the day's visits are used up."""
    return facts.visits_day_count >= values.visits_max_count

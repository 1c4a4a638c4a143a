"""A visit is made by at most three people.

Press summaries of GB/T 45251-2025 say so; the text was not seen.

How we read it:

- Known too weakly to be used; asleep until somebody enables it.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether too many people go."""
    return facts.visitors_count > values.visitors_max_count

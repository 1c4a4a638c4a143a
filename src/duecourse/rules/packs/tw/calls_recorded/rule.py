"""Telephone collection is recorded.

Cash card notes, item 20 (2005). How long the recording is kept: `tw.recordings_kept`.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the call has no recording."""
    return (facts.is_conversation_recorded == 0) & (values.is_required == 1)

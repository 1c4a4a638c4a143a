"""All calls to borrowers are recorded.

Reserve Bank of India, draft Second Amendment Directions 2026, section L. Known only as a draft of 12 February 2026, proposed for 1 July 2026; the final text and its day were not found. Disabled.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the call has no recording."""
    return (facts.is_conversation_recorded == 0) & (values.is_required == 1)

"""No contact at a bereavement, a wedding, a festival or a like occasion.

Reserve Bank of India, draft Second Amendment Directions 2026, section L, as the press told it. Known only as a draft of 12 February 2026, proposed for 1 July 2026; the final text and its day were not found. Disabled.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether such an occasion is known."""
    return (facts.is_solemn_occasion == 1) & (values.is_barred == 1)

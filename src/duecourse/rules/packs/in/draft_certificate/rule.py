"""Recovery agents hold the IIBF certificate, and their background is checked.

Reserve Bank of India, draft Second Amendment Directions 2026, section L: training in debt recovery by the Indian Institute of Banking and
Finance. Known only as a draft of 12 February 2026, proposed for 1 July 2026; the final text and its day were not found. Disabled.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether certificate or background check is missing."""
    return ((facts.has_collection_certificate == 0) | (facts.is_background_checked == 0)) & (values.is_required == 1)

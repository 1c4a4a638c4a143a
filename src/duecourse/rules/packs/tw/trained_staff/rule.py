"""Collectors hold the certificate of training and have no disqualifying record.

Bankers Association, points on outsourced collection, as a study tells it. The text's own day was not found; it is asked from the day on
which it was seen.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether certificate or background check is missing."""
    return ((facts.has_collection_certificate == 0) | (facts.is_background_checked == 0)) & (values.is_required == 1)

"""Collectors are trained and examined before they begin, and yearly after.

GB/T 45251-2025, 5.2: training and exam before the job; on collection and network security at least once a year.

How we read it:

- A collector of whom nothing is recorded is not trained.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether a training is missing."""
    return (facts.is_trained_before_work == 0) | (facts.months_since_training > values.trained_max_months)

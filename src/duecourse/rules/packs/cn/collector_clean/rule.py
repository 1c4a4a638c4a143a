"""Nobody with a violent crime or a seriously bad credit record collects.

The association's guide of 2024.

How we read it:

- The guide says that the standard replaces it; whether the standard repeats this was not seen, so it is kept.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether this is so: a violent crime or a seriously bad credit record."""
    return (facts.has_bad_record > 0) & (values.is_barred > 0)

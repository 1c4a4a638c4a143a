"""Collectors sign that they keep personal data confidential.

The association's guide of 2024.

How we read it:

- The guide says that the standard replaces it; whether the standard repeats this was not seen, so it is kept.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether this is missing: a signed confidentiality agreement."""
    return facts.has_signed_confidentiality < values.is_required

"""A translated notice is complete and accurate; the Bureau's own translation counts as such.

Regulation F, 12 CFR 1006.34(e) and comment 1: a collector may send the notice completely and accurately translated. A translation
that the Bureau publishes on its website is treated as complete and accurate.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether a translation is used that is neither the Bureau's nor faithful."""
    return (
        (values.is_required == 1)
        & (facts.is_translation_used == 1)
        & (facts.is_bureau_translation == 0)
        & (facts.is_translation_faithful == 0)
    )

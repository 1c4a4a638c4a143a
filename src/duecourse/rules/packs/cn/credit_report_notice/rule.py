"""Bad data are reported to the credit bureau only after the person was told.

Regulation on credit reporting, article 15.

How we read it:

- Data published by law are excepted by the article and no part of collection.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether this is missing: the person was told before."""
    return (facts.was_told_of_report < values.is_required) & (facts.is_negative_report > 0)

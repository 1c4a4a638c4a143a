"""A card's bill claims no late fee, no over-limit fee and no interest on service fees.

Notice Yinfa [2016] No. 111, from 2017: only an agreed penalty.

How we read it:

- Amounts that fell due before the first day are not judged.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether this is so: a late fee, an over-limit fee or interest on service fees is claimed."""
    return (facts.has_abolished_card_fee > 0) & (values.is_barred > 0)

"""Only what collection needs is handed over.

PIPL, article 6: the smallest scope and the least impact.

How we read it:

- The list of needed fields is the contract’s; that a list decides is our reading.
- Identity numbers of contact persons look like more than is needed.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether anything unneeded goes."""
    return facts.unneeded_fields_count > values.unneeded_fields_max_count

"""When the contract ends the agency returns or deletes what it got.

PIPL, article 21.

How we read it:

- What the agency must keep by law is for lawyers; inside the platform it holds no copies.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether this is so: the contract is void or has ended, and nothing excuses it."""
    return (facts.is_mandate_over > 0) & (facts.is_returned_or_deleted == 0) & (values.is_barred > 0)

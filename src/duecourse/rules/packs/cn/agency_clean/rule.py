"""No agency with a record of unlawful collection is engaged.

Interim measures for small-loan companies. By memory, the interim measures on internet loans of banks say so of violent
collection.

How we read it:

- The measures on internet loans rest on memory and sleep.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether this is so: a record of unlawful collection."""
    return (facts.has_collected_illegally > 0) & (values.is_barred > 0)

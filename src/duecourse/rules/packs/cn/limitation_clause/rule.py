"""No clause shortens, extends or waives limitation in advance.

Civil Code, article 197: such clauses are void.

How we read it:

- Judged over contracts and plans before they are signed.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether this is so: a clause shortens, extends or waives limitation in advance."""
    return (facts.has_limitation_clause > 0) & (values.is_barred > 0)

"""No postcard about a debt.

Regulation F, 1006.22(f)(1); to a third party also 1006.10(b)(4).
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether it is a postcard."""
    return (facts.is_postcard == 1) & (values.is_barred == 1)

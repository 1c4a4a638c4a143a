"""The debt is not shown to others by posters or otherwise.

Money Lending Business Act, article 21(1)(v).
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the debt was shown to others."""
    return (facts.is_debt_shown_to_public == 1) & (values.is_barred == 1)

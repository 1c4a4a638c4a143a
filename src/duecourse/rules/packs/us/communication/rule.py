"""A communication conveys information about a debt, directly or indirectly, through any medium.

Regulation F, 1006.2(d). Comment 2(d)-2: a limited-content message conveys none, and neither does advertising that speaks of no particular debt.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether nothing about a debt is conveyed."""
    return (facts.conveys_debt_information == 0) & (values.is_defined == 1)

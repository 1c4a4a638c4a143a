"""An attempt to communicate is any act to begin a communication about a debt, through any medium, by whatever means.

Regulation F, 1006.2(b). Comment 2(d)-2: a limited-content message is one.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the act does not set out to reach a person about a debt."""
    return (facts.is_about_debt == 0) & (values.is_defined == 1)

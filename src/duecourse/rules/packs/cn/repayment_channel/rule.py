"""Collectors take no money; the debtor pays through the channels that the creditor designated.

The pledge of 2018, article 19. Civil Code, article 927: an agent hands over what is received.

How we read it:

- Handing over, which the Code orders, is watched by reconciliation; taking is what the pledge forbids.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether this is so: a collector or agency takes the money."""
    return (facts.is_received_by_collector > 0) & (values.is_barred > 0)

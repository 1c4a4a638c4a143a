"""The procedures must keep the collector from using an address or number that is known to have reached a third party.

Regulation F, 12 CFR 1006.6(d)(3)(ii) and comment 1: the safe harbour asks for steps against further use of an address or number
that the collector knows led to a disclosure that is not allowed. It knows when any person has told it so.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether any person told the collector that the address led to a disclosure."""
    return (values.is_required == 1) & (facts.is_misdirection_known == 1)

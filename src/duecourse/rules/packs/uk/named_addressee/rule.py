"""A demand goes to the customer, not to whoever lives there.

CONC 7.9.11G, guidance: demands to "the occupier", or to everybody of the same name in the hope that one of them owes, are likely to breach
the rule on identity. Reported as a presumption, since guidance says likely.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether it goes to the occupier or to everybody of that name."""
    return (facts.is_sent_to_occupier == 1) & (values.is_barred == 1)

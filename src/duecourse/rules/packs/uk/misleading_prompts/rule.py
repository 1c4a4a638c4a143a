"""Nobody is made to call by a misunderstanding.

CONC 7.9.2R, with 7.9.3G: a firm must not send what may lead the customer to make contact because they misunderstand it; a card that looks
like a missed delivery is the example.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the message may mislead the customer into making contact."""
    return (facts.is_prompt_misleading == 1) & (values.is_barred == 1)

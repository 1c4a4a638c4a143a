"""A debt disputed on valid or possibly valid grounds is not pursued.

CONC 7.14.1R: while the customer disputes the debt on valid grounds, or on grounds that may be valid, steps to recover it are suspended.
The core sentence was seen as a quotation; the number of the provision is from memory.

How we read it: whether the grounds may be valid is decided where the dispute is recorded. A contact that does not ask for payment, such as
the answer to the dispute, goes through.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether payment is asked for while a dispute is open."""
    return (facts.is_disputed == 1) & (facts.is_payment_asked == 1) & (values.is_barred == 1)

"""The customer is not made to use a dear telephone number.

CONC 7.9.5R: a firm must not require contact on a number that costs more than a call to a standard geographic number.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether contact is required on a dear number."""
    return (facts.is_dear_number_required == 1) & (values.is_barred == 1)

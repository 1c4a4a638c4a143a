"""Somebody who does not owe is not asked to pay.

Money Lending Business Act, article 21(1)(vii). Remembered, not seen. Disabled.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether somebody who does not owe is asked to pay."""
    return (facts.is_payment_asked_of_others == 1) & (values.is_barred == 1)

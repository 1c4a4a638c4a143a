"""After notice of a lawyer's or judicial scrivener's mandate, or of a court process, the debtor is not approached for payment.

Money Lending Business Act, article 21(1)(ix). Remembered, not seen. Disabled.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether payment is asked for although counsel or a court was notified."""
    return (facts.has_counsel_notice == 1) & (facts.is_payment_asked == 1) & (values.is_barred == 1)

"""A moratorium protects the joint debtors of the same debt.

Debt Respite Scheme, from 4 May 2021: while one debtor's moratorium covers a joint debt, the others are not pursued for it either.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether payment is asked of a joint debtor of a debt in a moratorium."""
    return (facts.is_joint_debtor_protected == 1) & (facts.is_payment_asked == 1) & (values.is_barred == 1)

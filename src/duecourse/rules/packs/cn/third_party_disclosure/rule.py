"""A third party is never told of the debt.

GB/T 45251-2025, 5.3: amount, time and other information on arrears are not disclosed to a contact person; one who expressly
offers to pay may be given what paying needs. The pledge of 2018, article 18: no disclosure of the debt to anybody who does not
owe it, without a basis in law.

How we read it:

- Whoever asks for the permit must say that nothing of the debt will be told; unsaid, it is taken as told.
- An express offer to pay is read as the basis that the pledge asks for. It lifts the bar for what repayment needs, and no more.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether a third party who has not offered to pay is told of the debt."""
    return (facts.is_third_party > 0) & (facts.is_debt_disclosed > 0) & (facts.has_offered_to_pay < values.is_barred)

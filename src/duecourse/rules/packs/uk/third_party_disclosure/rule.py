"""The debt is not disclosed to a third party.

CONC 7.9.6R: a firm must not unfairly disclose, or threaten to disclose, that a customer owes, to a third party.

How we read it:

- A contact with somebody who is neither debtor nor guarantor is refused unless whoever asks states that the debt will not be mentioned.
- The text says "unfairly"; what would be fair is not left to the caller.
- Threats of disclosure are judged with the conduct, see `uk.disclosure_threats`.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether a third party would hear of the debt."""
    return (facts.is_third_party == 1) & (facts.is_debt_disclosed == 1) & (values.is_barred == 1)

"""Nobody unrelated to the debt is collected from.

Measures on credit cards, article 68: the issuer collects from the debtor and the guarantor, and not from third parties unrelated
to the debt. The measures on consumer finance companies say the same for them. The China Banking Association's guideline of 2026
forbids it in principle.

How we read it:

- Asking for the debtor's contact data is no collection. Nor is answering somebody who offers to pay; the request then says that
  payment is not asked for.
- Unlike the standard, these texts leave room for persons related to the debt, such as a spouse whose household it served.
- Guarantors and co-debtors owe the debt; for the gate they are no third parties. How far they owe it: the rules on claims.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether payment is asked of an unrelated person."""
    return (facts.is_third_party > 0) & (facts.is_payment_asked > 0) & (facts.is_debt_related < values.is_barred)

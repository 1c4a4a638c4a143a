"""Of a third party only the debtor's contact data or the passing on of a message may be asked, never payment.

GB/T 45251-2025, 5.3: collect from the debtor and not from contact persons; these may only be asked for the debtor's contact data
or to relay a message. The interim measures for small-loan companies: no collection from anybody who does not owe the debt.

How we read it:

- Whoever asks for the permit must say that payment is not asked for; unsaid, it is taken as asked.
- Who has expressly offered to pay may be spoken to about paying; the standard says so, and the measures for small-loan
  companies forbid collection only.
- Guarantors and co-debtors owe the debt; for the gate they are no third parties. How far they owe it: the rules on claims.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether payment is asked of a third party who has not offered it."""
    return (facts.is_third_party > 0) & (facts.is_payment_asked > 0) & (facts.has_offered_to_pay < values.is_barred)

"""A third party is contacted only when the debtor cannot be reached, has died or lacks capacity.

GB/T 45251-2025, 5.3: a contact person may be approached only if the debtor cannot be reached, has died, or has no or limited
civil capacity. The China Banking Association's guideline of 2026 forbids contacting persons unrelated to the debt unless the
debtor is lost, and counts as lost an invalid mobile number or three attempts in a row that failed. The pledge of 2018, article
14: contact persons only when the debtor cannot be reached.

How we read it:

- The standard and the pledge name no number of attempts. For them one failed attempt is the least that the words can mean;
  three bind where the guideline does.
- The guideline speaks of unrelated persons; related ones are under the standard alone.
- No spacing between the three attempts was found. The debtor's next answered call empties the count.
- The platform knows from the contact point whose it is; a contact without one goes to the debtor.
- Guarantors and co-debtors owe the debt; for the gate they are no third parties. How far they owe it: the rules on claims.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether a third party is approached before the debtor was tried often enough, without any of the excuses."""
    is_excused = (facts.is_phone_invalid > 0) | (facts.is_deceased > 0) | (facts.is_incapable > 0)
    is_too_few = facts.failed_contacts_in_row_count < values.failed_min_count
    is_too_few_unrelated = (facts.is_debt_related == 0) & (facts.failed_contacts_in_row_count < values.unrelated_failed_min_count)
    return (facts.is_third_party > 0) & (is_excused == 0) & (is_too_few | is_too_few_unrelated)

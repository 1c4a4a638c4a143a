"""At most three contacts a week and ten a month about one account.

RG 96, section 5: actual contacts, not attempts; face-to-face contact is counted apart.

How we read it:

- A week is seven local days and a month thirty, today included, rolling.
- A contact whose outcome nobody reported counts as one.
- Counted per account over the creditor and all its agencies: the guideline speaks of the account, not of the caller.
- The next contact is warned of when three, or ten, are there already.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the week or the month is used up."""
    return (facts.debt_contacts_7_days_count >= values.week_max_count) | (facts.debt_contacts_30_days_count >= values.month_max_count)

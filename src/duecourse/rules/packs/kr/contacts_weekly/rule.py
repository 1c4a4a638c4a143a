"""At most seven contacts in seven days about one claim, by any means.

Personal Debtor Protection Act, in force from 17 October 2024: calls, messages, e-mail, letters and visits are counted together, for each
claim. Notices that law or contract requires, and answers to the debtor, are not counted.

How we read it:

- Seven local days, today included, rolling: what was done eight days ago has dropped out.
- Every contact tried counts, whether it reached anybody or not, over the creditor and all its agencies. The excerpts do not say whether
  an unanswered call counts; counting it can break nothing.
- A required notice and an answer to the debtor go through when the week is used up. Earlier ones stand in the count; that is stricter
  than the text.
- There was no such limit before the act.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the week is used up, for a contact that the act counts."""
    is_counted = (facts.is_required_notice == 0) & (facts.is_answer_to_debtor == 0)
    return (facts.claim_contacts_7_days_count >= values.contacts_max_count) & is_counted

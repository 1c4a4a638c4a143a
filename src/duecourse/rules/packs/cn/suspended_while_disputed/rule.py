"""A dispute about the debt is open: stopping contact is the creditor's policy, not law.

No text that was read orders it. The value of the texts is therefore 0, which forbids nothing. A creditor that adopts
packs/cn/policy.yaml, an agency's contract or an agreement with the debtor sets it to 1.

How we read it:

- For credit cards article 69 of the measures of 2011 orders that the account is flagged and verified (rule objection_flagged);
  it does not say that collection stops.
- Who adopts it binds itself: a lower layer tightens, and its paper is cited in the refusal.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether it holds and a paper bars contact for it."""
    return (facts.is_disputed > 0) & (values.is_barred > 0)

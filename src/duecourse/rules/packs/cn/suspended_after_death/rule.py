"""The debtor has died: stopping contact is the creditor's policy, not law.

No text that was read orders it. The value of the texts is therefore 0, which forbids nothing. A creditor that adopts
packs/cn/policy.yaml, an agency's contract or an agreement with the debtor sets it to 1.

How we read it:

- It stops contact with the debtor's own numbers and addresses; whom else to ask is left to the rules on third parties.
- The standard allows to ask contact persons then (rule third_party_only_when_unreachable), and heirs owe what they inherited
  (rule heir_liability).
- Who adopts it binds itself: a lower layer tightens, and its paper is cited in the refusal.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether it holds and a paper bars contact for it."""
    return (facts.is_deceased > 0) & (facts.is_third_party == 0) & (values.is_barred > 0)

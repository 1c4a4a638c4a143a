"""The debtor is in recognised hardship: stopping contact is the creditor's policy, not law.

No text that was read orders it. The value of the texts is therefore 0, which forbids nothing. A creditor that adopts
packs/cn/policy.yaml, an agency's contract or an agreement with the debtor sets it to 1.

How we read it:

- Article 70 of the measures on credit cards stops collection once a plan is signed (rule cease_after_plan), not before.
- Who adopts it binds itself: a lower layer tightens, and its paper is cited in the refusal.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether it holds and a paper bars contact for it."""
    return (facts.is_in_hardship > 0) & (values.is_barred > 0)

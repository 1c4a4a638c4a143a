"""The debtor is in bankruptcy proceedings: stopping contact is the creditor's policy, not law.

No text that was read orders it. The value of the texts is therefore 0, which forbids nothing. A creditor that adopts
packs/cn/policy.yaml, an agency's contract or an agreement with the debtor sets it to 1.

How we read it:

- There is no personal bankruptcy on the mainland except by local law, of which no text was at hand.
- Who adopts it binds itself: a lower layer tightens, and its paper is cited in the refusal.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether it holds and a paper bars contact for it."""
    return (facts.is_bankrupt > 0) & (values.is_barred > 0)

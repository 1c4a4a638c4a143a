"""Only those third parties are contacted whom the debtor named beforehand.

The pledge of 2018, article 14: contact persons agreed with the debtor in advance, and no others.

How we read it:

- The pledge binds members of the association; its formal status beside the later texts was not verified. It is applied to every
  lender, because no list of members is at hand.
- The platform knows from the contact point whose it is; a contact without one goes to the debtor.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the third party was not agreed to."""
    return (facts.is_third_party > 0) & (facts.is_agreed_contact < values.is_required)

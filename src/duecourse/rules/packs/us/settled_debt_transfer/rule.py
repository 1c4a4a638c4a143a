"""A debt known to be paid, settled or discharged is not sold, transferred for value or placed for collection.

Regulation F, 12 CFR 1006.30(b)(1); (b)(2) excepts the transfer to the debt's owner, to a previous owner by contract, in a merger or sale of
a business, of a discharged debt that is still secured with the notice the text asks for, and securitisation or pledge.

How we read it:

- To another company on the owner's behalf is not to the owner (comment 30(b)(2)(i)(A)-1).
- The secured debt and the pledge are one fact here: the debt moves with, or as, a security.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether a closed debt moves by none of the exceptions."""
    is_excepted = (
        facts.is_transfer_to_owner | facts.is_transfer_to_previous_owner | facts.is_transfer_in_merger | facts.is_transfer_security
    )
    return (values.is_required == 1) & (facts.is_debt_known_closed == 1) & (facts.is_debt_transferred == 1) & (is_excepted == 0)

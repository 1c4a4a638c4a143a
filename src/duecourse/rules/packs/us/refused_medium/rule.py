"""No contact through a medium, address or number that the person asked not to use.

Regulation F, 1006.14(h)(1): the request holds for any debt. 1006.14(h)(2): one electronic confirmation of an opt-out with nothing else in it;
one answer through the medium by which the person made contact; and what another law requires to be sent so. Comment 6(d)(4)(ii)(D)-1: an
opt-out that comes after the creditor's term is still such a request.

How we read it: `stop calling` refuses the telephone whole, `do not use this address` that address alone.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the medium, address or number was refused and none of the three openings applies."""
    is_let = facts.is_opt_out_confirmation_bare | facts.is_answer_same_medium | facts.is_medium_required_by_law
    return (facts.is_medium_refused == 1) & (is_let == 0) & (values.is_barred == 1)

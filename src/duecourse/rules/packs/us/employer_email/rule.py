"""No e-mail to an address that the collector knows an employer provides, unless the consumer or an earlier collector gave it.

Regulation F, 12 CFR 1006.22(f)(3) and comment 1: barred is an address known to be provided by the consumer's employer, save where it was
obtained under 1006.6(d)(4)(i) (the consumer used it or consented) or (iii) (from an earlier collector).

How we read it:

- The creditor's notice under (ii) does not help here.
- Nobody has to search for such addresses; the collector knows once any person has told it.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the address is known as the employer's and came neither way."""
    is_given = facts.is_address_from_consumer | facts.is_address_from_prior_collector
    return (values.is_required == 1) & (facts.is_employer_address_known == 1) & (is_given == 0)

"""No contact at the consumer's place of work where the employer is known not to allow it.

Regulation F, 1006.6(b)(3): it is enough that the collector has reason to know, for example because the consumer says so. Prior consent,
1006.6(b)(4)(i), lifts the bar.

How we read it: as for other places, a work landline and a work address are at work; a mobile is, when the consumer is known to be there.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the contact reaches the consumer at work against the employer's rule."""
    return (facts.is_at_workplace == 1) & (facts.is_employer_forbidding == 1) & (facts.is_consented_directly == 0) & (values.is_barred == 1)

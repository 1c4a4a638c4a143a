"""No further contact about a debt after the consumer's written notice to cease, or written refusal to pay.

Regulation F, 1006.6(c)(1): the notice takes effect when it is received; an electronic one counts where the collector accepts that medium.
1006.6(c)(2) leaves three purposes: to say that efforts end, that ordinary remedies may be used, or that a named remedy will be.

How we read it:

- A request about one address or one medium is no such notice (comment 6(d)(4)(ii)(D)-2); it falls under 1006.14(h).
- The purpose must be stated; without one the contact is refused.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether such a notice was received and the purpose is none of the three."""
    return (
        (facts.is_cease_received == 1) & (facts.is_cease_purpose_open == 0) & (facts.is_addressee_consumer == 1) & (values.is_barred == 1)
    )

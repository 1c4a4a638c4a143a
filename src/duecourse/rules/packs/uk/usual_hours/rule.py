"""A mortgage customer is usually contacted between 8 a.m. and 9 p.m.

MCOB 13.5.4G, guidance for mortgages: without knowledge of the customer, contact between 8 a.m. and 9 p.m. is usually reasonable; a work
pattern or a faith may call for other hours. CONC 7.9 itself, for consumer credit, names no hours.

How we read it:

- Guidance, so it warns. It binds mortgages; where the product is not known it is told too.
- The hours are half-open: 08:00:00 is reasonable, 21:00:00 is not. Letters and e-mail wake nobody and are left out.
- Hours agreed with the customer take the place of the guidance's.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the local minute lies outside [reasonable_from_minute, reasonable_until_minute) in any zone the customer may be in."""
    return (facts.local_minute_least < values.reasonable_from_minute) | (facts.local_minute_most >= values.reasonable_until_minute)

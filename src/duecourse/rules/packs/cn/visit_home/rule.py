"""No home or other private place is entered without consent.

Civil Code, article 1033 (2): no entering, filming or peeping into homes or hotel rooms without consent. The China Banking
Association's guideline of 2026: no home or other private place.

How we read it:

- Standing before the door is no entering.
- Whoever asks for the permit says where the visit goes; unsaid, it goes into a home without consent.
- The Criminal Code on unlawful entry stands in the rule on restraint and intrusion.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether a private place is entered without consent."""
    return (facts.is_home > 0) & (facts.has_place_consent < values.is_barred)

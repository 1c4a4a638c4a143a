"""For the rules on contact, the consumer includes the spouse, a minor's parent, the guardian, the representative of a deceased's estate, and a confirmed successor in interest.

Regulation F, 1006.6(a)(1) to (5), with comments: a surviving spouse and the parent of a deceased minor count; who may act for the estate counts without a court's letters.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the person is none of these."""
    is_parent = facts.is_parent & facts.is_minor
    is_meant = (
        facts.is_debtor | facts.is_spouse | is_parent | facts.is_guardian | facts.is_estate_representative | facts.is_confirmed_successor
    )
    return (is_meant == 0) & (values.is_defined == 1)

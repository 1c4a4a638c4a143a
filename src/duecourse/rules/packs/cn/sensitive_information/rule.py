"""Sensitive information needs a specific purpose, necessity, strict protection and a further notice.

PIPL, articles 28 to 30: financial accounts, biometrics, whereabouts, identity, medical matters; separate consent where consent is
the basis.

How we read it:

- Whether separate consent is needed where the contract is the basis is debated; it is asked for only where consent is the
  basis.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether a condition is missing."""
    is_short = (
        (facts.has_specific_purpose < values.is_required)
        | (facts.has_strict_protection < values.is_required)
        | (facts.is_necessity_told < values.is_required)
    )
    return (facts.is_sensitive > 0) & (is_short | ((facts.is_consent_the_basis > 0) & (facts.has_separate_consent < values.is_required)))

"""One standard breathing space in 12 months, for those who live in England or Wales.

Debt Respite Scheme, from 4 May 2021. Nothing is forbidden: a finding says that a person does not meet these two conditions. The register
decides; a creditor that doubts an entry asks there and stops meanwhile.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether another breathing space lies too near, or the person lives elsewhere."""
    return (facts.months_since_breathing_space < values.between_months) | (facts.is_resident_in_territory == 0)

"""A deferral the debtor may ask for lasts up to three months, extended once by as much.

Personal Debtor Protection Act. A definition: a longer deferral is a gift of the creditor's, not the debtor's right.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the deferral is longer than the act gives."""
    return facts.deferral_months > values.months_max + facts.is_deferral_extended * values.extension_months_max

"""Costs of recovery are charged only where the contract gives a right to them.

CONC 7.7.2R and 7.7.3R: a firm must not claim costs of recovery without a right in the contract, nor imply that the customer is liable for
them.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the charge has no ground in the contract."""
    return (facts.is_charge_contractual == 0) & (values.is_required == 1)

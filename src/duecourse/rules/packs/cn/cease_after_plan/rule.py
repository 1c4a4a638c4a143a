"""Once a personalised instalment plan is signed, collection stops until it is broken.

Measures on credit cards, article 70: after the agreement the issuer and its agencies stop collecting, unless the cardholder
breaks it.

How we read it:

- The article speaks of credit cards. For other products stopping is for the creditor to decide; the platform does it by a hold.
- A reminder of an instalment that falls due is made by the plan itself, not by a contact of collection, and asks no permit.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether a plan is signed and kept."""
    return (facts.is_plan_kept > 0) & (values.is_barred > 0)

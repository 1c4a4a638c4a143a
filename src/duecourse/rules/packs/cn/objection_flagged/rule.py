"""A cardholder's objection is flagged on the account and verified.

Measures on credit cards, article 69: on an objection the issuer flags the account and verifies promptly.

How we read it:

- “Promptly” has no number of days. That collection stops meanwhile is not ordered (rule suspended_while_disputed).
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether an objection lacks flag or verification."""
    return (facts.has_objected > 0) & ((facts.is_flagged < values.is_required) | (facts.is_verified < values.is_required))

"""An agency passes work and data on only with the creditor's consent.

Civil Code, article 923; PIPL, article 21.

How we read it:

- Consent is recorded per sub-agency.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether this is so: the agency passes the work on, and nothing excuses it."""
    return (facts.is_sub_delegated > 0) & (facts.is_sub_delegation_agreed == 0) & (values.is_barred > 0)

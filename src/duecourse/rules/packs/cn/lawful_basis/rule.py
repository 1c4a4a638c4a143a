"""Data are processed for collection only on a basis in law, which is recorded.

PIPL, article 13: consent, necessity for the contract, a duty by law.

How we read it:

- The contract with the debtor does not clearly cover a contact person; record consent for those.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether this is missing: a recorded basis in law."""
    return facts.has_lawful_basis < values.is_required

"""An heir owes no more than was inherited, and nothing after renouncing.

Civil Code, article 1161.

How we read it:

- What an heir pays beyond of free will is no demand. Article 1159 reserves a necessary part of the estate; it is left to
  lawyers.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether more is demanded of an heir than is owed."""
    return (facts.is_heir > 0) & ((facts.has_renounced > 0) | (facts.claimed_minor > facts.inherited_minor)) & (values.is_barred > 0)

"""The borrower's property is not taken or disposed of unlawfully.

Interim measures for small-loan companies.

How we read it:

- Judged by a person or a model over a script, a recording or a message; the gate decides before anything is said and does not
  ask it.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether this is so: property is taken or disposed of unlawfully."""
    return (facts.is_property_taken > 0) & (values.is_barred > 0)

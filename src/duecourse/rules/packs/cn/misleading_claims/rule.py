"""Nothing is invented or exaggerated.

The China Banking Association's guideline of 2026: no invented blacklist, inflated amount, invented or exaggerated legal
consequence. Interim measures for small-loan companies: no misleading, no deceit.

How we read it:

- Judged by a person or a model over a script, a recording or a message; the gate decides before anything is said and does not
  ask it.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether this is so: an invented blacklist, an inflated debt or an invented legal consequence."""
    return (facts.is_misleading > 0) & (values.is_barred > 0)

"""A bad credit record is deleted five years after the conduct ended.

Regulation on credit reporting, article 16.

How we read it:

- The five years begin when the debt is settled, not when it fell due.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether it is kept too long."""
    return facts.months_since_conduct_ended > values.kept_max_months

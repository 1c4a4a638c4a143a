"""Recordings and records of collection are kept for years.

Measures on credit cards, article 68: recordings at least two years. GB/T 45251-2025: records of the whole process at least two
years. The pledge of 2018: at least five years. Measures on consumer finance companies, by a weak source: five years.

How we read it:

- Asked before a record is deleted. The strictest that binds wins, so five years hold wherever the pledge does; it is applied to
  every lender, for want of a list of members.
- A page that gives the standard five years is contradicted by others and not used.
- While a debt lives keep longer: an interruption of limitation must be proved.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether it would be deleted too early."""
    return facts.record_kept_months < values.kept_min_months

"""For a mortgage the latest periodic statement may take the itemization's place, if it is enclosed and the notice says so.

Regulation F, 12 CFR 1006.34(c)(5) and comment 1: for residential mortgage debt on which a periodic statement is required, the collector may
enclose the most recent one and refer to it in the notice where the itemization would have stood.

How we read it:

- Who does not use the special rule gives the ordinary itemization and is not judged here.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the special rule is used without its three conditions."""
    is_met = facts.is_periodic_statement_owed & facts.is_recent_statement_enclosed & facts.is_recent_statement_referred
    return (values.is_required == 1) & (facts.is_mortgage_rule_used == 1) & (is_met == 0)

"""The notice shows the current amount; a combined notice shows one sum of all its debts.

Regulation F, 12 CFR 1006.34(c)(2)(ix) and comment 2: the notice states the amount as of the day on which it is given. Where several
debts are combined in one notice, a single sum of all their current amounts is shown.

How we read it:

- The figure must be exact to the cent; any other figure is wrong, a lower one too.
- Where the amount owed was not told, no figure can be right.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the figure shown is not the amount owed now over all debts of the notice."""
    return (values.is_required == 1) & (facts.shown_amount_minor != facts.owed_now_minor)

"""Personal bad loans bought in a batch are not sold on.

Notices on the transfer of bad loans of 2021 and 2022, by a weak source.

How we read it:

- Known too weakly to be used; asleep until somebody enables it.
- The first day is the commonly published one.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether this is so: a personal bad loan bought in a batch."""
    return (facts.is_bought_in_batch > 0) & (facts.is_sold_on > 0) & (values.is_barred > 0)

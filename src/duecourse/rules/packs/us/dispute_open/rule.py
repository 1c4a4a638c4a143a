"""A timely written dispute stops collection of what is disputed until it is answered.

Regulation F, 1006.38(d)(2): from receipt within the validation period until verification or a copy of a judgment is sent, or the collector, having reasonably
found the dispute to be a duplicate, has told so.

How we read it: a dispute by word of mouth, or after the period, does not stop collection here; a creditor's policy may. Sending the answer is not collection.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether a dispute is open and the contact collects."""
    return (facts.is_dispute_open == 1) & (facts.is_collecting == 1) & (values.is_barred == 1)

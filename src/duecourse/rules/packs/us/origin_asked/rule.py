"""A timely written question for the original creditor stops collection until name and address are sent.

Regulation F, 1006.38(c): from receipt within the validation period, until the collector sends the original creditor's name and address, or says that it is the
current creditor.

How we read it: as for disputes.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the question is open and the contact collects."""
    return (facts.is_origin_request_open == 1) & (facts.is_collecting == 1) & (values.is_barred == 1)

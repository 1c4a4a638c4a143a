"""Not before the time that the debtor named, if it is reasonable.

Money Lending Business Act, article 21(1)(ii): where the debtor has said when they will pay or may be contacted, and that is reasonable, no
call or visit is made earlier without just cause, by day either.

How we read it: whether the time is reasonable is decided where it is recorded. The same just cause as for the hours holds: there is no
other reasonable way to reach the debtor.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the contact comes before the named time, without just cause."""
    return (facts.is_before_named_day == 1) & (facts.is_otherwise_unreachable == 0) & (values.is_barred == 1)

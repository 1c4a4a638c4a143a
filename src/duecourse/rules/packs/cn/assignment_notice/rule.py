"""An assignee collects only after the debtor was notified of the assignment.

Civil Code, article 546: an assignment that the debtor was not notified of has no effect on the debtor.

How we read it:

- The article makes the assignment ineffective; that the assignee therefore does not collect is its consequence.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the debtor was not notified."""
    return (facts.is_assignment_unannounced > 0) & (values.is_barred > 0)

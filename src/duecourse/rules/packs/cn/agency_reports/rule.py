"""An agency reports progress as asked, and the result at the end.

Civil Code, article 924.

How we read it:

- Inside the platform outcomes are reports.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether this is missing: the report to the creditor."""
    return (facts.has_reported < values.is_required) & (facts.is_report_due > 0)

"""A plan agreed orally is recorded, and the recording kept until the debt is settled.

Measures on credit cards, article 70.

How we read it:

- Until settled, the recording must be there; afterwards the rule on recordings decides.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether this is missing: the recording of the oral plan."""
    return (facts.has_plan_recording < values.is_required) & (facts.is_plan_oral > 0) & (facts.is_unsettled > 0)

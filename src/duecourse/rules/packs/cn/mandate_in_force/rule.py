"""An agency collects only while its mandate lasts and within its instructions.

Civil Code, article 933: either side may end the mandate at any time; article 922: an agent acts within the principal's
instructions.

How we read it:

- That collecting stops in the instant of the recall is our reading; the article says only that the mandate may be ended.
- The platform also refuses whoever a case is not placed with; this rule lets an audit of an outside history find the same.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether somebody engaged contacts after the end."""
    return (facts.is_agency + facts.is_law_firm > 0) & (facts.is_placement_ended > 0) & (values.is_barred > 0)

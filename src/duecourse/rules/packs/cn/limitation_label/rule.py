"""A claim past three years is labelled as time-barred, and nobody is told that it can be enforced.

Civil Code, article 188: three years from knowing of harm and obligor; article 189: of instalments of one debt, from the last
one's due date; article 195: interruption begins the three years anew; articles 192 and 193: the debtor may then refuse, and the
court does not raise it itself.

How we read it:

- The label, and that the defence is not hidden, are our reading: the articles give the debtor a defence and forbid no demand.
  So the rule warns.
- Whole months: 36 are not past, 37 are. The longest period of 20 years and suspension (194) are for lawyers.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether a time-barred claim is unlabelled or called enforceable."""
    return (facts.months_since_restart > values.limitation_months) & (
        (facts.is_labelled_time_barred == 0) | (facts.is_enforceability_asserted > 0)
    )

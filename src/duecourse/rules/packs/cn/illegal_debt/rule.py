"""An unlawful debt is not enforced by violence, restraint, intrusion, threats, stalking or harassment.

Criminal Code, article 293-1: if serious, imprisonment of up to three years.

How we read it:

- A debt flagged unlawful should not be collected at all; the article speaks of these means.
- The first day, 2021-03-01, rests on general knowledge.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether this is so: the debt is unlawful, such as from usury."""
    return (facts.is_illegal_debt > 0) & (facts.is_forcible > 0) & (values.is_barred > 0)

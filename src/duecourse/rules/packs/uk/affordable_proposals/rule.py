"""A reasonable and affordable proposal is not refused.

CONC 7.3.4R: a customer in or near arrears is treated with forbearance and due consideration. What that asks for in a case is no
arithmetic; the guidance 7.3.6G names what can be seen: refusing a reasonable, affordable proposal is likely to breach it. Reported as a
presumption.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether a reasonable and affordable proposal was refused."""
    return (facts.is_affordable_proposal_refused == 1) & (values.is_barred == 1)

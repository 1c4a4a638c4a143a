"""Nobody has to record calls; what is recorded is kept.

Regulation F, 12 CFR 1006.100(b) and comment 1: the duty to keep recordings does not oblige anybody to make them.

How we read it:

- The text's value is 0: no duty. A creditor who wants recordings sets 1 in its policy.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether recording is required and a call is not recorded."""
    return (values.is_required == 1) & (facts.is_call_recorded == 0)

"""Who calls a dispute a repetition says why, and points to the earlier answer with its date.

Regulation F, 12 CFR 1006.38(d)(2)(ii)(A) and comment 1: the notice states briefly why the dispute is substantially the same as an earlier one
and refers the consumer to the collector's earlier response with its date.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the reason or the dated reference is missing."""
    return (values.is_required == 1) & ((facts.is_reason_given == 0) | (facts.is_earlier_answer_dated == 0))

"""On a call that the consumer calls inconvenient the collector does not ask for consent to go on.

Regulation F, 1006.6(b)(4)(i), comment -1: prior consent cannot be sought during a communication that is itself at an inconvenient time or place. To ask which time
or place would suit is allowed.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether consent to go on is asked for at an inconvenient time or place."""
    return (facts.is_asking_to_go_on == 1) & (facts.is_call_inconvenient == 1) & (values.is_barred == 1)

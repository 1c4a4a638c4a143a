"""A leak is remedied at once and told to the authority and the persons.

PIPL, article 57: types, cause and possible harm; measures; contact. The persons need not be told where harm is effectively
avoided.

How we read it:

- The article says at once and names no hours.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether something is left undone."""
    return (
        (facts.is_remedied < values.is_required)
        | (facts.is_authority_told < values.is_required)
        | (facts.are_persons_told + facts.is_harm_avoided < values.is_required)
    )

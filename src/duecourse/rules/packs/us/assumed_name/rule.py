"""A collector's employee may use an assumed name if it is always the same and the employer can readily tell who it is.

Regulation F, 1006.18(f), comment 18(f)-1.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether an assumed name is used that changes, or that cannot be traced."""
    is_sound = facts.is_alias_consistent & facts.is_alias_traceable
    return (facts.is_alias_used == 1) & (is_sound == 0) & (values.is_barred == 1)

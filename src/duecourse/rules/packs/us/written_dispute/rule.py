"""A dispute stops collection when it is in writing.

Regulation F, 1006.38(d)(2), comment 38-1: an electronic one is in writing where the collector accepts electronic messages; one by telephone is not.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether it is not in writing."""
    is_written = facts.is_on_paper | (facts.is_electronic & facts.is_electronic_accepted)
    return (is_written == 0) & (values.is_defined == 1)

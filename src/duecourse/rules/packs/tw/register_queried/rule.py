"""The joint register of agencies is queried.

Outsourcing regulations, article 16, items 1 and 2 (2006): the register of outsourced agencies at the Joint Credit Information Center tells
of complaints; checks are stepped up where there are any. How far they are stepped up, the text leaves open.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the register was not queried."""
    return (facts.is_register_queried == 0) & (values.is_required == 1)

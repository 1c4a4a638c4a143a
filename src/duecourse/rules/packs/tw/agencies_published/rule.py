"""The list of agencies is published at the branches and on the website.

Outsourcing regulations, article 16, item 7 (2006).
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the agency is missing from either list."""
    return ((facts.is_published_at_branches == 0) | (facts.is_published_on_website == 0)) & (values.is_required == 1)

"""A first visit is announced, and the visitor says what it is for.

CONC 7.9.12R, with 7.9.13G: before and at a visit the purpose and outcome are explained, the first visit is notified adequately, it is made
at a reasonable time, and the visitor leaves when asked. The rule's own text was seen only through guidance that refers to it, and the
list was completed from memory; so it is disabled until somebody compares it.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the first visit was not announced, or its purpose is not explained."""
    return ((facts.is_first_visit_announced == 0) | (facts.is_purpose_explained == 0)) & (values.is_required == 1)

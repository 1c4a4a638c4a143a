"""The debtor may exclude up to three means.

Personal Debtor Protection Act. A definition: what goes beyond is not the debtor's right.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether more means are excluded than the act gives."""
    return facts.blocked_means_count > values.means_max_count

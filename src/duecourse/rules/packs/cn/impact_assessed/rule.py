"""Before data are entrusted, sensitive or decided over by machines, the impact is assessed.

PIPL, articles 55 and 56.

How we read it:

- Entrusting to an agency always asks for it.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether this is missing: an impact assessment before."""
    return facts.is_impact_assessed < values.is_required

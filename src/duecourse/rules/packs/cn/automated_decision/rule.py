"""A decision by machine with major effect is explained on request, and may be refused as purely automated.

PIPL, article 24.

How we read it:

- Allocation of cases among agencies has no major effect on the person by itself; refusals of plans may have.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether this is missing: an explanation and a way out of purely automated decisions."""
    return (facts.is_explainable < values.is_required) & (facts.is_effect_major > 0)

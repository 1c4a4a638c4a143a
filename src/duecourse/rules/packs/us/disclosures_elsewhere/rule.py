"""Disclosures placed on the reverse are pointed to on the front.

Regulation F, 12 CFR 1006.34(d)(3)(iv)(A) and comment 2: disclosures that other law requires may stand on the reverse of the notice or on
another page if the front says that they are there.

How we read it:

- What stands on the front needs no pointer.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether disclosures stand elsewhere and the front is silent."""
    return (values.is_required == 1) & (facts.is_disclosure_elsewhere == 1) & (facts.is_front_referring == 0)

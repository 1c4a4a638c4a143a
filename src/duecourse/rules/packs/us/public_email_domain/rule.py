"""A domain is public if multiple members of the public may use it, free or paid.

Regulation F, 12 CFR 1006.6(d)(4)(ii)(E) and comment 1: a domain name counts as available to the general public when multiple members of the
public are permitted to use it, whether free of charge or by subscription. A domain kept for an employer's or an organisation's own people does not.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the domain is not open to the public."""
    return (values.is_required == 1) & (facts.is_domain_public == 0)

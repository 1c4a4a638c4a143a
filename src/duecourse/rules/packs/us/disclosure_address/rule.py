"""A required disclosure is not sent to an address the consumer opted out of.

Regulation F, 12 CFR 1006.42(a)(1), comment 4.

How we read it:

- It is then sent in another way; that the law requires it does not reopen the address.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether it goes electronically to an address opted out of."""
    return (values.is_required == 1) & (facts.is_disclosure_electronic == 1) & (facts.is_disclosure_opted_out == 1)

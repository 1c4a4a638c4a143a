"""Only the debtor and the guarantor are contacted.

Cash card notes, item 19 (2005): persons unrelated to the debt are neither contacted nor pressed. Binds cash cards; where the product is not
known it is applied.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the contact goes to somebody who neither owes nor guarantees."""
    return (facts.is_third_party == 1) & (values.is_barred == 1)

"""An itemization on a separate page travels with the notice, and the notice points to it.

Regulation F, 12 CFR 1006.34(c)(2)(viii), comment 3: the itemization may stand on a separate page of the same communication if the
notice says, where the itemization would have stood, that it is there.

How we read it:

- A page sent in another communication is not enclosed.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether the itemization stands elsewhere and is not enclosed, or not pointed to."""
    return (
        (values.is_required == 1)
        & (facts.is_itemization_elsewhere == 1)
        & ((facts.is_itemization_page_enclosed == 0) | (facts.is_itemization_page_referred == 0))
    )

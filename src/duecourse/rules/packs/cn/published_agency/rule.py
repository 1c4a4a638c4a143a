"""Only agencies whose name and contact data the creditor has published may collect.

Notice on credit cards of 2022: names and contact data of the agencies are published on official channels. The China Banking
Association's guideline of 2026: agencies on a list that is published.

How we read it:

- That an agency not on the list may not collect is how the guideline reads; the notice orders the publication.
- The creditor records who is not on the list; where nothing is recorded, nothing is refused.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether an agency contacts that is not on the list."""
    return (facts.is_agency > 0) & (facts.is_agency_unlisted > 0) & (values.is_barred > 0)

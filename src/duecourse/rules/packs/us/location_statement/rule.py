"""To a third party the collector gives its own name, and does not say that a debt is owed.

Regulation F, 1006.10(b): it says that it confirms or corrects location information; the employer is named only when expressly asked for; no
postcard, and nothing on the outside that tells of collection. Comment 10(b)(2)-1: to ask for the person who may act for a deceased consumer's
estate, or who handles the deceased's financial affairs, tells of no debt.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether what is said tells of a debt, or names the employer unasked, or hides the speaker's name."""
    is_employer_volunteered = facts.is_employer_named & (facts.is_employer_asked == 0)
    return (facts.is_debt_mentioned | is_employer_volunteered | facts.is_own_name_hidden) == values.is_barred

"""A spouse is asked to pay only where the spouse owes.

Civil Code, article 1064: a debt is of both if both signed or the other ratified, if it met daily needs of the household, or if
the creditor proves shared use or intent.

How we read it:

- The ground stands in the record with its proof.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether this is so: the demand goes to the spouse, and nothing excuses it."""
    return (
        (facts.is_spouse_asked > 0)
        & (facts.has_spouse_agreed == 0)
        & (facts.is_household_debt == 0)
        & (facts.is_shared_use_proved == 0)
        & (values.is_barred > 0)
    )

"""Neither the debt nor personal information is made public.

PIPL, article 25: no publication without separate consent. Interim measures for small-loan companies: no spreading of privacy,
identity, address, employer or contacts of borrower or guarantor. The China Banking Association's guideline of 2026: no public
posting of collection notices or lawyers' letters.

How we read it:

- Separate consent excuses under PIPL; the other two name no excuse, so none is given here.
- Judged by a person or a model over a script, a recording or a message; the gate decides before anything is said and does not
  ask it.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether this is so: the debt or personal information is made public."""
    return (facts.is_made_public > 0) & (values.is_barred > 0)

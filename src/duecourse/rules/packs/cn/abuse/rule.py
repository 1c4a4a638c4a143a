"""Nobody is collected from by violence, coercion, threats or insults.

Measures on credit cards, article 68; measures on consumer protection; measures on consumer finance companies; interim measures
for small-loan companies; the pledge of 2018, article 16. The Act on penalties for public security (2012), article 42, punishes
threats and insults.

How we read it:

- Judged by a person or a model over a script, a recording or a message; the gate decides before anything is said and does not
  ask it.
- The revised Act on penalties is in force since 2026-01-01; its article was not sourced, so its predecessor ends here.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether this is so: violence, coercion, threats or insults."""
    return (facts.is_abusive > 0) & (values.is_barred > 0)

"""Nobody is detained and no home is entered unlawfully to collect a debt.

Criminal Code, articles 238 and 245.

How we read it:

- Consent to enter is a matter of the rule visit_home.
- Judged by a person or a model over a script, a recording or a message; the gate decides before anything is said and does not
  ask it.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether this is so: a person is restrained or a home is entered unlawfully."""
    return (facts.is_restraining > 0) & (values.is_barred > 0)

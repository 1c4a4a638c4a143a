"""Neither debtor nor others are harassed.

Civil Code, article 1033 (1): nobody's private peace is disturbed by calls, messages, e-mail or leaflets. The pledge of 2018,
article 17: no frequent calls that harass. Measures on consumer finance companies and interim measures for small-loan companies.
Repeated messages that disturb life are punished by the Act on penalties for public security (2012), article 42.

How we read it:

- No text gives a number here; the counts of calls have rules of their own.
- Judged by a person or a model over a script, a recording or a message; the gate decides before anything is said and does not
  ask it.
- The revised Act on penalties is in force since 2026-01-01; its article was not sourced, so its predecessor ends here.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether this is so: contact amounts to harassment."""
    return (facts.is_harassing > 0) & (values.is_barred > 0)

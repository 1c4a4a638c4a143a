"""Before an agency collects, the debtor is told that it will.

Measures on consumer protection of banks and insurers: before outsourcing collection the debtor is told by appropriate means.

How we read it:

- No form, lead time or content is prescribed; any recorded notice before the agency's first contact will do.
- Law firms, the creditor's own team and its robot are no outside agency here.
- The creditor records that the notice is owed; where nothing is recorded, nothing is refused, and the evidence lists the fact
  as assumed.
- The number 41 of the article comes from a secondary source.
- Taken to bind banks, consumer finance and auto finance companies and trusts, which all are banking institutions.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether an agency contacts a debtor who was not told."""
    return (facts.is_agency > 0) & (facts.is_outsourcing_unannounced > 0) & (values.is_barred > 0)

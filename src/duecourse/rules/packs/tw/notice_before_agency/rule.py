"""Before collection is outsourced the debtor is told in writing.

Outsourcing regulations, article 16, item 6 (2006): the notice comes before. What it holds is checked by `tw.notice_content`.

How we read it: an agency's first contact waits for the notice; so does a law firm's, since it acts for the institution. The
institution's own staff need none.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether an agency or law firm makes contact without a notice."""
    is_outside = (facts.is_agency == 1) | (facts.is_law_firm == 1)
    return is_outside & (facts.is_outsourcing_unannounced == 1) & (values.is_required == 1)

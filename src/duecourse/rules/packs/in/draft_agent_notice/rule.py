"""The borrower is told of the agent before the agent makes contact.

Reserve Bank of India, draft Second Amendment Directions 2026, section L. Known only as a draft of 12 February 2026, proposed for 1 July 2026; the final text and its day were not found. Disabled.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether an outside agency makes contact without notice of it."""
    return (facts.is_agency == 1) & (facts.is_outsourcing_unannounced == 1) & (values.is_required == 1)

"""Personal data go to an agency only under a contract with all required terms.

PIPL, article 21: purpose, term, method, types of information, protection, rights and duties; the creditor supervises. Regulation
on network data, article 12: the same by contract.

How we read it:

- Ordinary outsourcing is entrusted processing. Handing the debt itself to another is a matter of other_controller.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether a term is missing."""
    return (
        facts.has_purpose + facts.has_term + facts.has_method + facts.has_information_types + facts.has_protection + facts.has_duties
        < values.terms_min_count
    )

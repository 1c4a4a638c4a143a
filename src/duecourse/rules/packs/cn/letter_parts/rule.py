"""A demand letter about a credit card has all required parts.

Measures on credit cards, article 69: the cardholder's name and balance; reason and legal basis; rights and duties; how to check
the account, repay, object and give evidence; the issuer's contact data; the business seal.

How we read it:

- Whatever else the regulator requires is named by the article and not listed; nothing more was found.
- Judged over the template, and over each letter that fills it.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether a part is missing."""
    who = facts.has_name + facts.has_balance + facts.has_reason + facts.has_legal_basis + facts.has_rights_and_duties
    how = facts.has_how_to_check + facts.has_how_to_repay + facts.has_how_to_object + facts.has_how_to_give_evidence
    return who + how + facts.has_issuer_contact + facts.has_seal < values.parts_min_count

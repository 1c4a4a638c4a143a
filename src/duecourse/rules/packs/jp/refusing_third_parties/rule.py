"""A third party who refuses to help is not pressed.

Money Lending Business Act, article 21(1)(viii): somebody who is not the debtor and has refused to tell where the debtor is, or to help
otherwise, is not asked again to help.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether a third party who refused is contacted again."""
    has_refused = (facts.has_third_party_refused == 1) | (facts.has_refused_contact == 1)
    return (facts.is_third_party == 1) & has_refused & (values.is_barred == 1)

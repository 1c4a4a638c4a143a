"""Once an attorney is known, nobody but the attorney is asked for the consumer's whereabouts.

Regulation F, 12 CFR 1006.10(b)(5): after the collector knows that the consumer is represented for the debt, and knows or can readily find
out the attorney's name and address, it communicates with no other person to obtain location information, unless the attorney does not answer
within a reasonable time.

How we read it: the attorney, the creditor and a reporting agency are no third parties here; all others are.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether somebody else is asked although the attorney is known and has not kept silent."""
    is_barred_now = (facts.is_location_contact == 1) & (facts.is_represented == 1) & (values.is_barred == 1)
    return is_barred_now & (facts.is_attorney_silent == 0) & (facts.is_addressee_excluded == 0)

"""A number is inside the safe harbour for texts if the consumer texted or consented, within sixty days or with a check within sixty days.

Regulation F, 12 CFR 1006.6(d)(5): (i) the consumer used the number to text this collector about the debt and has not since opted out, or
(ii) consented directly and has not withdrawn; and within the past 60 days either the consumer texted again or renewed the consent, or a
complete and accurate database confirmed that the number was not reassigned since.

How we read it:

- A telephone call from the number is not a text.
- The sixtieth day is still within; calendar days in the consumer's zone.
- The federal reassigned-numbers database is complete and accurate, and so is a commercial one that is substantially similar (comment 1).
- A check that says the number was reassigned is no confirmation.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether a text is meant and neither way is open."""
    is_check_fresh = (facts.is_number_checked == 1) & (facts.days_since_number_check <= values.fresh_most_days)
    is_text_fresh = (facts.days_since_consumer_text <= values.fresh_most_days) | is_check_fresh
    is_consent_fresh = (facts.days_since_number_consent <= values.fresh_most_days) | is_check_fresh
    is_texted = (facts.is_number_texted_by_consumer == 1) & is_text_fresh
    is_consented = (facts.is_number_consented == 1) & is_consent_fresh
    is_inside = is_texted | is_consented
    return (facts.is_text_use == 1) & ((is_inside == 0) | (facts.is_number_opted_out == 1))

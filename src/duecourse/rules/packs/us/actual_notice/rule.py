"""Required disclosures are sent in a way that is reasonably expected to give actual notice.

Regulation F, 12 CFR 1006.42(a)(1) and comments 2 and 3: what came back as undeliverable was not so sent. Mail to the last known address is so
sent, unless the collector knows or should know that the consumer no longer lives or gets mail there.

How we read it:

- E-mail that did not bounce is not refused here; whether it was enough is weighed by the factors of comment 1.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether it bounced, or was mailed where the consumer is not expected."""
    is_mail_astray = (facts.is_delivery_by_mail == 1) & ((facts.is_address_last_known == 0) | (facts.is_absence_known == 1))
    return (values.is_required == 1) & ((facts.is_delivery_bounced == 1) | is_mail_astray)

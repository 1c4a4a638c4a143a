"""An e-mail address is inside the safe harbour by one of three ways: the consumer's, the creditor's, or an earlier collector's.

Regulation F, 12 CFR 1006.6(d)(4):

(i) the consumer used the address to write to this collector about the debt and has not since opted out, or consented directly to
its use and has not withdrawn;
(ii) the creditor used the address to write to the consumer about the account, and sent its notice with at least 35 days to opt out,
that time is over without an opt-out, and the domain is one that the public may use, unless the collector knows that an employer
provides the address;
(iii) some earlier collector obtained it by (i) or (ii), the collector immediately before this one used it for the debt, and the
consumer did not opt out.

How we read it:

- Consent may be given in any medium, to this collector. An address handed over is consented to only where its use was clearly disclosed.
- What the consumer did last counts: a new message or a new consent after an opt-out opens (i) again; an opt-out is told as a fact
  only where nothing newer outweighs it.
- Bills, statements, reminders and required disclosures are about the account; advertising that has nothing to do with it is not
  (comment 6(d)(4)(ii)(B)-1). Where nothing is known of the creditor's messages but its notice, they are taken to be about the account.
- The creditor's time is over on the day after the last day for the request.
- Outside the harbour a defence is lost; the message is not unlawful by that alone.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether an e-mail is meant and none of the three ways is open."""
    is_own = facts.is_address_used_by_consumer | facts.is_address_consented
    is_timely = (
        (facts.is_creditor_notice_sent == 1)
        & (facts.creditor_notice_days >= values.opt_out_least_days)
        & (facts.is_creditor_period_over == 1)
        & (facts.is_creditor_use_unrelated == 0)
    )
    is_creditors = is_timely & (facts.is_domain_public == 1) & (facts.is_employer_address_known == 0)
    is_earlier = facts.is_prior_collector_obtained & facts.is_prior_collector_used
    is_inside = (is_own == 1) | is_creditors | (is_earlier == 1)
    return (facts.is_email_use == 1) & ((is_inside == 0) | (facts.is_address_opted_out == 1))

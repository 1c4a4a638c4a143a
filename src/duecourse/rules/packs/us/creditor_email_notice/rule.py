"""The creditor's notice that opens the e-mail safe harbour has five parts and leaves thirty-five days.

Regulation F, 12 CFR 1006.6(d)(4)(ii)(C) and comments: a written or electronic notice tells clearly and conspicuously that the debt is or will
be transferred to the collector, whom it names; the address and that it may be used; that others with access to it may see the messages; a
reasonable and simple way to opt out; and the day by which the request must be received, at least 35 days after sending.

How we read it:

- The request goes to the collector or to the creditor, not to both.
- The notice may be part of a larger communication if it is clear and conspicuous there.
- A lost harbour removes a defence. It does not make the e-mail unlawful.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def is_breached(facts: Any, values: SimpleNamespace) -> Any:
    """Whether a part is missing, the days are too few, or the request has not one recipient."""
    parts = (
        facts.is_notice_naming_collector
        & facts.is_notice_stating_use
        & facts.is_notice_warning_of_readers
        & facts.is_notice_opt_out_simple
        & facts.is_notice_written
        & facts.is_notice_clear
    )
    recipients = facts.is_opt_out_to_collector + facts.is_opt_out_to_creditor
    return (parts == 0) | (recipients != values.recipients_count) | (facts.notice_opt_out_days < values.opt_out_least_days)

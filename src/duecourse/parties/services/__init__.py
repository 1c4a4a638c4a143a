"""Every write of this room: creditors, people, agencies, agreements, decisions."""

from __future__ import annotations

from duecourse.parties.services.agreements import (
    agency_add,
    agency_close,
    contract_add,
    contract_version_add,
    fee_schedule_set,
    qualification_add,
)
from duecourse.parties.services.people import (
    approval_decide,
    creditor_add,
    membership_end,
    membership_grant,
    user_add,
    user_authenticate,
    user_close,
    user_password_set,
)
from duecourse.parties.services.tokens import IssuedToken, token_issue, token_revoke

__all__ = [
    "IssuedToken",
    "agency_add",
    "agency_close",
    "approval_decide",
    "contract_add",
    "contract_version_add",
    "creditor_add",
    "fee_schedule_set",
    "membership_end",
    "membership_grant",
    "qualification_add",
    "token_issue",
    "token_revoke",
    "user_add",
    "user_authenticate",
    "user_close",
    "user_password_set",
]

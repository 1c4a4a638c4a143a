"""Every write of this room: creditors, people, agencies, agreements, decisions, exports, views."""

from __future__ import annotations

from duecourse.parties.services.agreements import (
    agency_add,
    agency_change,
    agency_close,
    contract_add,
    contract_version_add,
    fee_schedule_set,
    qualification_add,
)
from duecourse.parties.services.exports import (
    export_approve,
    export_ask,
    export_begin,
    export_download,
    export_ready,
    export_reject,
    exports_expire,
)
from duecourse.parties.services.logins import (
    Invited,
    link_user,
    member_invite,
    member_leave,
    member_link,
    member_reset,
    password_by_link,
    password_change,
    user_lang_set,
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
from duecourse.parties.services.views import columns_remember, view_delete, view_rename, view_save

__all__ = [
    "Invited",
    "IssuedToken",
    "agency_add",
    "agency_change",
    "agency_close",
    "approval_decide",
    "columns_remember",
    "contract_add",
    "contract_version_add",
    "creditor_add",
    "export_approve",
    "export_ask",
    "export_begin",
    "export_download",
    "export_ready",
    "export_reject",
    "exports_expire",
    "fee_schedule_set",
    "link_user",
    "member_invite",
    "member_leave",
    "member_link",
    "member_reset",
    "membership_end",
    "membership_grant",
    "password_by_link",
    "password_change",
    "qualification_add",
    "token_issue",
    "token_revoke",
    "user_add",
    "user_authenticate",
    "user_close",
    "user_lang_set",
    "user_password_set",
    "view_delete",
    "view_rename",
    "view_save",
]

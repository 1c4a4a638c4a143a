"""Every read of this room. Call them inside `acting(...)`; `creditors` and `creditor_by_code` also outside."""

from __future__ import annotations

from duecourse.parties.selectors.agreements import (
    access_agency,
    access_contract,
    access_contract_version,
    agencies,
    contract_version_on,
    contract_versions_in_force,
    fee_lines,
    qualifications,
)
from duecourse.parties.selectors.people import approval_of, creditor_by_code, creditors, members, tokens

__all__ = [
    "access_agency",
    "access_contract",
    "access_contract_version",
    "agencies",
    "approval_of",
    "contract_version_on",
    "contract_versions_in_force",
    "creditor_by_code",
    "creditors",
    "fee_lines",
    "members",
    "qualifications",
    "tokens",
]

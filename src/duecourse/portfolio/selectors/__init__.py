"""Every read of this room. Call them inside `acting(...)`."""

from __future__ import annotations

from duecourse.portfolio.selectors.access import access_account, access_case, access_person
from duecourse.portfolio.selectors.ages import Age, PauseShown, ages_explained
from duecourse.portfolio.selectors.frames import (
    CASES,
    HOLDS,
    SCORES,
    SNAPSHOTS,
    TAPE,
    ageing_inputs,
    case_frame,
    holds_frame,
    score_frame,
    snapshot_frame,
    tape_frame,
)
from duecourse.portfolio.selectors.households import Household, household, masked_names
from duecourse.portfolio.selectors.left_out import LEFT_OUT, left_out
from duecourse.portfolio.selectors.lookups import (
    account_ids_by_number,
    accounts_by_identity,
    accounts_by_identity_index,
    case_accounts_by_number,
    cases_by_number,
)
from duecourse.portfolio.selectors.pages import case_page
from duecourse.portfolio.selectors.sealing import identity_indexes
from duecourse.portfolio.selectors.secrets import MaskedPoint, PersonValues, person_values
from duecourse.portfolio.selectors.stops import StopReason, stop_reasons, stop_text

__all__ = [
    "CASES",
    "HOLDS",
    "LEFT_OUT",
    "SCORES",
    "SNAPSHOTS",
    "TAPE",
    "Age",
    "Household",
    "MaskedPoint",
    "PauseShown",
    "PersonValues",
    "StopReason",
    "access_account",
    "access_case",
    "access_person",
    "account_ids_by_number",
    "accounts_by_identity",
    "accounts_by_identity_index",
    "ageing_inputs",
    "ages_explained",
    "case_accounts_by_number",
    "case_frame",
    "case_page",
    "cases_by_number",
    "holds_frame",
    "household",
    "identity_indexes",
    "left_out",
    "masked_names",
    "person_values",
    "score_frame",
    "snapshot_frame",
    "stop_reasons",
    "stop_text",
    "tape_frame",
]

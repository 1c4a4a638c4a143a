"""Every read of this room. Call them inside `acting(...)`."""

from __future__ import annotations

from duecourse.portfolio.selectors.access import access_account, access_case, access_person
from duecourse.portfolio.selectors.ages import Age, PauseShown, ages_explained
from duecourse.portfolio.selectors.classes import classified, newest_ageing
from duecourse.portfolio.selectors.distribution import (
    GONE,
    NEW,
    Counted,
    bucket_sums,
    case_rolls,
    counted_months,
    newest_names,
    portfolio_splits,
)
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
    tape_overtaken,
)
from duecourse.portfolio.selectors.households import Household, household, masked_names
from duecourse.portfolio.selectors.left_out import (
    LEFT_OUT,
    STOP_LISTS_PAGE,
    STOPS_PAGE,
    left_out,
    stop_list_names,
    stop_list_page,
    stops_by_reason,
    stops_parameters,
)
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
from duecourse.portfolio.selectors.tapes import TAPES_PAGE, mapping_uses, tape_page

__all__ = [
    "CASES",
    "GONE",
    "HOLDS",
    "LEFT_OUT",
    "NEW",
    "SCORES",
    "SNAPSHOTS",
    "STOPS_PAGE",
    "STOP_LISTS_PAGE",
    "TAPE",
    "TAPES_PAGE",
    "Age",
    "Counted",
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
    "bucket_sums",
    "case_accounts_by_number",
    "case_frame",
    "case_page",
    "case_rolls",
    "cases_by_number",
    "classified",
    "counted_months",
    "holds_frame",
    "household",
    "identity_indexes",
    "left_out",
    "mapping_uses",
    "masked_names",
    "newest_ageing",
    "newest_names",
    "person_values",
    "portfolio_splits",
    "score_frame",
    "snapshot_frame",
    "stop_list_names",
    "stop_list_page",
    "stop_reasons",
    "stop_text",
    "stops_by_reason",
    "stops_parameters",
    "tape_frame",
    "tape_overtaken",
    "tape_page",
]

"""Every read of this room; to be called inside `parties.access.acting`."""

from __future__ import annotations

from duecourse.placement.selectors.cases import CASES_PAGE
from duecourse.placement.selectors.inputs import agencies_frame, exclusions_frame, previous_agencies
from duecourse.placement.selectors.levels import (
    ATTEMPTED,
    BatchRate,
    batch_rates,
    first_contact_owed,
    idle_placements,
    rotation_due,
)
from duecourse.placement.selectors.moves import (
    access_move_set,
    extension_shares,
    move_counts,
    move_rows,
    move_set_counts,
    move_sets,
    rival_sets,
)
from duecourse.placement.selectors.pages import ALLOCATION_ROWS, ALLOCATIONS, BATCHES, MOVE_ROWS, MOVE_SETS, PLACEMENTS
from duecourse.placement.selectors.placements import (
    access_batch,
    access_handover,
    access_placement,
    batches,
    open_placements_frame,
    placements_for_attribution,
)
from duecourse.placement.selectors.policies import LifePolicy, TermEnd, policies_on, policy_on, term_end
from duecourse.placement.selectors.reasons import MOVE_KINDS, MoveReason, kind_text, move_reasons, state_text, verdict_text
from duecourse.placement.selectors.runs import access_allocation, allocation_preview, allocation_rows_frame, reason_text
from duecourse.placement.selectors.studio import allocation_before, contract_limits, other_drafts, slice_propensities
from duecourse.placement.selectors.terms import obstacles
from duecourse.placement.selectors.workbench import WORK_CASES, agency_batch, agency_batches, batch_receipts, collectors

__all__ = [
    "ALLOCATIONS",
    "ALLOCATION_ROWS",
    "ATTEMPTED",
    "BATCHES",
    "CASES_PAGE",
    "MOVE_KINDS",
    "MOVE_ROWS",
    "MOVE_SETS",
    "PLACEMENTS",
    "WORK_CASES",
    "BatchRate",
    "LifePolicy",
    "MoveReason",
    "TermEnd",
    "access_allocation",
    "access_batch",
    "access_handover",
    "access_move_set",
    "access_placement",
    "agencies_frame",
    "agency_batch",
    "agency_batches",
    "allocation_before",
    "allocation_preview",
    "allocation_rows_frame",
    "batch_rates",
    "batch_receipts",
    "batches",
    "collectors",
    "contract_limits",
    "exclusions_frame",
    "extension_shares",
    "first_contact_owed",
    "idle_placements",
    "kind_text",
    "move_counts",
    "move_reasons",
    "move_rows",
    "move_set_counts",
    "move_sets",
    "obstacles",
    "open_placements_frame",
    "other_drafts",
    "placements_for_attribution",
    "policies_on",
    "policy_on",
    "previous_agencies",
    "reason_text",
    "rival_sets",
    "rotation_due",
    "slice_propensities",
    "state_text",
    "term_end",
    "verdict_text",
]

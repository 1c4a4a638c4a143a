"""Every read of this room; to be called inside `parties.access.acting`."""

from __future__ import annotations

from duecourse.placement.selectors.inputs import agencies_frame, exclusions_frame, previous_agencies
from duecourse.placement.selectors.placements import (
    access_batch,
    access_handover,
    access_placement,
    batches,
    open_placements_frame,
    outcomes_frame,
    placements_for_attribution,
)
from duecourse.placement.selectors.runs import access_allocation, allocation_preview, allocation_rows_frame, reason_text
from duecourse.placement.selectors.terms import obstacles

__all__ = [
    "access_allocation",
    "access_batch",
    "access_handover",
    "access_placement",
    "agencies_frame",
    "allocation_preview",
    "allocation_rows_frame",
    "batches",
    "exclusions_frame",
    "obstacles",
    "open_placements_frame",
    "outcomes_frame",
    "placements_for_attribution",
    "previous_agencies",
    "reason_text",
]

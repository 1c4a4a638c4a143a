"""Every write of this room: allocations, their publication, handovers, moves, policies, and how placements end."""

from __future__ import annotations

from duecourse.placement.services.allocations import allocation_approve, allocation_propose, allocation_reject
from duecourse.placement.services.assignments import WAYS, AssignmentPlan, Share, assignment_preview, assignments_make
from duecourse.placement.services.endings import cases_closed, placement_recall, placement_return, placements_end_due
from duecourse.placement.services.handovers import batch_hand_over
from duecourse.placement.services.moves import GROUNDS, MovesResult, moves_apply, moves_approve, moves_preview, moves_reject, moves_undo
from duecourse.placement.services.policies import policy_set
from duecourse.placement.services.publish import allocation_publish
from duecourse.placement.services.receipts import DISCREPANCIES, Package, batch_accept, batch_discrepancy, package_open

__all__ = [
    "DISCREPANCIES",
    "GROUNDS",
    "WAYS",
    "AssignmentPlan",
    "MovesResult",
    "Package",
    "Share",
    "allocation_approve",
    "allocation_propose",
    "allocation_publish",
    "allocation_reject",
    "assignment_preview",
    "assignments_make",
    "batch_accept",
    "batch_discrepancy",
    "batch_hand_over",
    "cases_closed",
    "moves_apply",
    "moves_approve",
    "moves_preview",
    "moves_reject",
    "moves_undo",
    "package_open",
    "placement_recall",
    "placement_return",
    "placements_end_due",
    "policy_set",
]

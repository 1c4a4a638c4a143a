"""What can be refused about allocations, placements and handovers."""

from __future__ import annotations

from duecourse.kit.errors import Conflict, InvalidInput

_PAGE = "docs/placement.md"


class AllocationMismatch(InvalidInput):
    """The frames of a proposed allocation do not belong together."""

    what = "The allocation cannot be recorded: {reasons}."
    why = "Every case that was considered has one row with its segment, hand, age and expectation."
    todo = "Propose the allocation with the same cases that it was computed from."
    read = _PAGE


class AllocationDiffers(Conflict):
    """The same inputs were allocated before, and differently."""

    what = "Allocation {allocation_run_id} has the same inputs and other rows."
    why = "The same inputs always give the same allocation, so one of the two was not computed from them."
    todo = "Look at allocation {allocation_run_id}; nothing was recorded."
    read = _PAGE


class ApproverMissing(InvalidInput):
    """A decision was to be made by nobody."""

    what = "An allocation is decided by a person."
    why = "The system proposes, and whoever decides answers for it by name."
    todo = "Log in as a manager or a compliance officer and decide."
    read = _PAGE


class AllocationNotProposed(Conflict):
    """The allocation is decided already."""

    what = "Allocation {allocation_run_id} is {state}; it is not open to this decision."
    why = "An allocation is decided once."
    todo = "Propose a new allocation."
    read = _PAGE


class AllocationNotApproved(Conflict):
    """The allocation may not be published in its state."""

    what = "Allocation {allocation_run_id} is {state} and cannot be published."
    why = "Cases move only under an allocation that a second person approved."
    todo = "Have it approved first; a rejected one is proposed anew."
    read = _PAGE


class TermsNotInForce(Conflict):
    """An agency cannot be given cases on the day."""

    what = "The cases cannot be placed on {placed_on}: {reasons}."
    why = "No case moves to an agency without a signed contract in force, valid qualifications and fields that may be handed over."
    todo = "Mend the contract or the qualification named, or propose an allocation without that agency."
    read = _PAGE


class CasesMovedOn(Conflict):
    """Cases of an allocation were placed since it was proposed."""

    what = "{case_count} cases of allocation {allocation_run_id} were placed since it was proposed, the first being case {case_id}."
    why = "A case is with one agency at a time, and the capacities were computed without those placements."
    todo = "Propose a new allocation; nothing was placed."
    read = _PAGE


class BalancesMoved(Conflict):
    """What is owed is not what was approved."""

    what = "{case_count} cases of allocation {allocation_run_id} have another balance than was approved, the first being case {case_id}."
    why = "The balance that is frozen decides the agency's recovery rate and must be the approved one."
    todo = "Propose a new allocation from the newest snapshot; nothing was placed."
    read = _PAGE


class PlacementTimeWrong(InvalidInput):
    """A placement would end before it begins."""

    what = "Placement {placement_id} began at {began_at} and cannot end at {at}."
    todo = "Name a later instant."
    read = _PAGE


class ReasonMissing(InvalidInput):
    """A case changes hands without a reason."""

    what = "It is not said why."
    why = "The agency and the auditor read the reason in the placement's history."
    todo = "Give a reason in a few words."
    read = _PAGE


class BatchEmpty(Conflict):
    """No placement of a batch is open any more."""

    what = "Batch {code} has no open placement; there is nothing to hand over."
    why = "Only what an agency works at present leaves the house."
    todo = "Nothing; its cases were recalled, returned or closed."
    read = _PAGE

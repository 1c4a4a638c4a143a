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


class ReasonUnknown(InvalidInput):
    """A reason's code does not exist for this kind of move."""

    what = "There is no reason {code!r} for this: {kind}."
    why = "There are: {known}."
    todo = "Choose one of them (duecourse placement reasons)."
    read = _PAGE


class BatchEmpty(Conflict):
    """No placement of a batch is open any more."""

    what = "Batch {code} has no open placement; there is nothing to hand over."
    why = "Only what an agency works at present leaves the house."
    todo = "Nothing; its cases were recalled, returned or closed."
    read = _PAGE


class PolicyWrong(InvalidInput):
    """A policy of placements names a choice that does not exist, or a value it cannot have."""

    what = "The policy cannot be set: {reasons}."
    todo = "Compare it with the table of choices."
    read = _PAGE


class MoveUnclear(InvalidInput):
    """A move does not say what it needs to say."""

    what = "The move cannot be previewed: {reasons}."
    todo = "Name what is missing and preview it again."
    read = _PAGE


class MovesTooMany(InvalidInput):
    """A set of moves is larger than one transaction should be."""

    what = "{case_count} cases are more than one set of moves may hold."
    why = "A set is moved as a whole, and everybody else waits for it."
    todo = "Move at most {maximum} at a time."
    read = _PAGE


class MoveSetNotOpen(Conflict):
    """The set of moves is past the point where this can be done."""

    what = "The set of moves {move_set_id} is {state}; this cannot be done any more."
    why = "A set is applied once, and undone only while nothing final has happened."
    todo = "Look at what became of its rows, and preview a new set."
    read = _PAGE


class NothingToUndo(Conflict):
    """No recall of the set is pending any more."""

    what = "No recall of the set of moves {move_set_id} is pending any more."
    why = "A recall can be cancelled until its final day is over."
    todo = "Place the cases anew if they should be worked on."
    read = _PAGE


class ReceiptDiffers(Conflict):
    """A batch is accepted whose package is not the one that was looked at."""

    what = "The package of {code} is another one than you looked at: {row_count} rows, hash {sha256}…"
    why = "A receipt names exactly the package it is for."
    todo = "Look at the batch again, then accept it or report what is wrong."


class DiscrepancyUnclear(InvalidInput):
    """What is wrong with a batch is not said in a way the creditor can act on."""

    what = "The report cannot be taken: {reasons}."
    todo = "Choose a reason, a number of cases of the batch, and a short sentence without personal data."


class BatchNotAccepted(Conflict):
    """Something is done with a batch that its agency has not accepted."""

    what = "The batch {code} is not accepted yet."
    why = "The agency compares the package first; what it works on is what it accepted."
    todo = "Accept the batch, or report what is wrong with it."


class PackageSpent(Conflict):
    """A package is asked for although cases in it are not with the agency any more."""

    what = "The package of {code} is closed: {gone_count} of its cases are not with you any more."
    why = "Access to a case ends when the case leaves; the package still holds it."
    todo = "Work in the workbench, or ask the creditor for a new package of what is left."


class AssignmentUnclear(InvalidInput):
    """Cases cannot be assigned as asked."""

    what = "The cases cannot be assigned: {reasons}."
    todo = "Choose cases that are with your agency, and collectors who work there today."


class AssignmentChanged(Conflict):
    """Somebody assigned some of the same cases, or cases came or went, since the preview."""

    what = "The cases or who works them changed since the preview."
    why = "What is assigned is what was previewed, case by case."
    todo = "Look at the new preview and confirm it."

"""What can go wrong with a month."""

from __future__ import annotations

from duecourse.kit.errors import BrokenPromise, Conflict, InvalidInput


class RunMissing(InvalidInput):
    """The month has no run."""

    what = "The month {month} is not open."
    why = "A month is opened before its first tape, because its random draw is committed to then."
    todo = "Open it: duecourse cycle open {month}"


class RunClosed(Conflict):
    """The month is closed."""

    what = "The month {month} is closed."
    why = "A closed month is never rewritten."
    todo = "Write the correction into the open month."


class MonthNotReady(Conflict):
    """A step cannot run yet, or the month cannot be closed yet."""

    what = "The step {step} of {month} cannot run yet: {reason}."
    todo = "{todo}"


class AllocationUndecided(Conflict):
    """Nobody has decided on the proposed allocation."""

    what = "Allocation {allocation_run_id} of {month} waits for a decision; nothing is handed over yet."
    why = "Cases move only under an allocation that a second person approved."
    todo = (
        "Look at it: duecourse allocation preview {allocation_run_id}; have a second person approve it: "
        "duecourse allocation approve {allocation_run_id} --as EMAIL; then run the month again."
    )


class AllocationRejected(Conflict):
    """The proposed allocation was rejected."""

    what = "Allocation {allocation_run_id} of {month} was rejected; nothing is handed over."
    why = "The same inputs give the same allocation, so it is proposed anew once something has changed: a hold, a contract, a capacity."
    todo = "Change what was wrong, then run: duecourse cycle step allocate {month}"


class LawBroken(BrokenPromise):
    """A conservation law does not hold, so nothing of the step was kept."""

    what = "The step {step} of {month} breaks its conservation law: {laws}."
    why = "Both sides must be equal to the last unit; the step was rolled back."
    todo = "Keep the input files and report this as a fault."


class ReplayDiffers(BrokenPromise):
    """A closed month computed again gives another result."""

    what = "The month {month} computed again differs in: {steps}."
    why = "A closed month must give the same hashes from its frozen inputs."
    todo = "Compare the versions of duecourse that ran then and now."


class AsOfOutsideMonth(InvalidInput):
    """A business date lies outside the month it is said to belong to."""

    what = "{as_of} does not lie in {month}."
    why = "The steps of a month are of days of that month."
    todo = "Take a day of the month, or open the month of that day."


class ChoicesWrong(InvalidInput):
    """The choices for an allocation cannot be."""

    what = "The allocation cannot be computed with these choices: {reasons}."
    why = "Shares lie between nothing and the whole, and only agencies with a contract in force take part."
    todo = "Change what is named and try again."
    read = "docs/placement.md"


class FeedKindUnknown(InvalidInput):
    """There is no feed of this kind."""

    what = "There is no feed {kind}."
    todo = "Choose one of {known}."
    read = "docs/feeds.md"


class FeedTimeUnknown(InvalidInput):
    """A feed does not say as of when it is, or names an instant that cannot be."""

    what = "It is not known as of when this feed {kind} is."
    why = "The newest fact about an account counts, so each needs the time at which the core knew it, not in the future."
    todo = "Give the time of the file (--at 2026-09-01T06:00)."
    read = "docs/feeds.md"

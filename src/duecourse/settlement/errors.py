"""What can go wrong when agencies are paid."""

from __future__ import annotations

from duecourse.kit.errors import BrokenPromise, Conflict, InvalidInput

_PAGE = "docs/algorithms/commission.md"


class StatementSettled(Conflict):
    """What an agency agreed to is not drawn up anew."""

    what = "The statement of {month} for contract {contract_id} is {status} and is not changed any more."
    why = "The agency agreed to exactly these lines."
    todo = "What came later goes onto the statement of the next month."


class StatementOutOfOrder(Conflict):
    """A statement goes draft, agreed, approved, frozen, one step after the other."""

    what = "Statement {statement_id} is {status}; it cannot become {wanted}."
    why = "A statement goes from draft to agreed, approved and frozen, one step after the other."
    todo = "Look at its history."


class StatementChanged(Conflict):
    """The statement is not the one that was looked at."""

    what = "Statement {statement_id} was drawn up anew in the meantime."
    why = "Nobody agrees to lines they have not seen."
    todo = "Look at it again, and decide then."


class LaterStatement(Conflict):
    """Claw-backs of a later month stand on these lines."""

    what = "There is a statement of {later} for contract {contract_id} already."
    why = "It builds on the one of {month}."
    todo = "Let what came late go onto the next statement."


class LinesRefused(InvalidInput):
    """The lines do not fit the contract, the month, or what was recovered."""

    what = "The statement of {month} for contract {contract_id} cannot be drawn up: {reasons}."
    why = "Every line traces to one recovery of this contract that no other statement has."
    todo = "Compute the lines from the present recoveries."
    read = _PAGE


class CommissionIncomplete(InvalidInput):
    """Some recoveries have no commission; nothing is written, and a fee is never guessed."""

    what = "The commission of {month} for contract {contract_id} cannot be computed: {reasons}."
    todo = "Mend the fee schedule or measure the month first, then try again."
    read = _PAGE


class StatementBroken(BrokenPromise):
    """The lines of a statement do not sum to its total."""

    what = "Statement {statement_id} says {total_minor} and its lines sum to {lines_minor}."
    todo = "Do not pay it; have the database looked at."


class ObjectionUnclear(InvalidInput):
    """An objection does not say what it is about."""

    what = "The objection does not say what it is about."
    todo = "Choose one of {known}, and say more in at most {maximum} characters; a reason of your own needs a sentence."

"""What can go wrong between parties."""

from __future__ import annotations

from duecourse.kit.errors import Conflict, DuecourseError, InvalidInput


class NoActor(DuecourseError):
    """Tenant rows were asked for outside `acting(...)`."""

    what = "Nobody is acting."
    why = "Tenant rows are reached only on behalf of a known actor."
    todo = "Wrap the call in parties.access.acting(actor)."
    http_status = 500


class MembershipMissing(DuecourseError):
    """The user has no membership that is open on the day."""

    what = "This login belongs to no creditor and no agency today."
    why = "Its membership has ended or has not begun."
    todo = "Ask a manager of the creditor to renew it."
    http_status = 403


class SamePersonTwice(Conflict):
    """A decision needs a second person."""

    what = "You asked for this yourself."
    why = "A second person has to decide it."
    todo = "Ask a colleague with the role {role} to decide."


class FeeScheduleBroken(InvalidInput):
    """A fee schedule has gaps or overlaps."""

    what = "The fee schedule cannot be saved: {reasons}."
    why = "Every case must have exactly one rate."
    todo = "Mend the bounds; they are half-open, so one line's end is the next line's beginning."


class CodeTaken(Conflict):
    """A code is in use."""

    what = "There is already a {entity} with the code {code}."
    todo = "Choose another code, or change the one there is."

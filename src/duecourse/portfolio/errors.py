"""What can go wrong with tapes, persons, accounts and cases."""

from __future__ import annotations

from duecourse.kit.errors import Absent, Conflict, DuecourseError, InvalidInput

PAGE = "docs/algorithms/intake.md"


class TotalsDisagree(InvalidInput):
    """The sender's control totals are not those of the file; nothing of it was taken."""

    what = "The file {file} does not agree with its control totals: {differences}."
    why = "A file that lost or doubled rows on its way looks the same as a right one, so nothing of it was taken."
    todo = "Ask the sender for the file or the totals again. Rows whose balance could not be read: {unreadable_count}."
    read = PAGE


class ControlUnreadable(InvalidInput):
    """The control totals are not in the documented form."""

    what = "The control totals {source} cannot be read: {reason}."
    todo = 'Write {{"rows": 1000, "balance": {{"CNY": "1234567.89"}}}}; either key may be left out.'
    read = PAGE


class TapeChanged(Conflict):
    """The file changed while it was being taken in."""

    what = "The file {file} changed while it was read."
    why = "Its first and last reading have different hashes, so nothing of it was taken."
    todo = "Wait until it is delivered whole, then run the same command again."


class IntakeOvertaken(Conflict):
    """What the intake had found was changed by somebody else before it could be published."""

    what = "{count} persons of this file were erased while it was read."
    why = "Their keys are gone, so what was sealed for them cannot be kept; nothing of the file was taken."
    todo = "Run the same command again."


class StorageFull(DuecourseError):
    """A disk is full, or the system refused to write."""

    what = "The tape could not be stored: {reason}."
    why = "Nothing of it was kept; the records are as they were before."
    todo = "Free space, then run the same command again."
    http_status = 507


class IntakeBusy(Conflict):
    """Another file of this creditor is being taken in."""

    what = "Another tape of this creditor is being taken in."
    why = "Two files may name the same new debtor, so they go one after the other."
    todo = "Wait until it is done, then run the same command again."


class AsOfUnlike(InvalidInput):
    """A batch of facts does not fit the day it is written for."""

    what = "The {subject} cannot be written: {reason}."
    todo = "Compute it again from the present records."


class CaseClosed(Conflict):
    """The case is closed."""

    what = "Case {case_id} was closed on {closed_on}."
    todo = "Work the case that is open now, if there is one."


class CasePlaced(Conflict):
    """The case is with an agency, so it cannot be closed here."""

    what = "{count} cases are with an agency."
    why = "Their placement ends first, so that the agency learns of it and the commission is counted to that day."
    todo = "Close the placements, then the cases."


class CaseMissing(Absent):
    """There is no such case for this actor."""


class PersonMissing(Absent):
    """There is no such person for this actor."""


class AccountMissing(Absent):
    """There is no such account for this actor."""


class PersonErased(DuecourseError):
    """The person's key was destroyed, and with it what was sealed."""

    what = "The personal data of person {person_id} was erased."
    why = "Its retention ended, or the person asked for it; it cannot be brought back."
    http_status = 410


class HoldConflict(Conflict):
    """The same source placed the same kind of hold with another content."""

    what = "The {source_kind} {source_id} has placed a hold {kind} already, with other dates or another person."
    todo = "Lift it first, or place the new one from its own source."


class SpanEmpty(InvalidInput):
    """A span of days ends before it begins."""

    what = "The span from {from_on} to {until_on} holds no day."
    why = "Spans are half-open: the last day is not in them."
    todo = "Give an end after the beginning, or none."


class AsOfImplausible(InvalidInput):
    """A tape is said to show the state of a day in another age."""

    what = "A tape cannot be of {as_of}."
    why = "The newest tape says what is owed, so one with a wrong year would outdate all that follow."
    todo = "Correct the year of the day."


class FieldsUncontracted(InvalidInput):
    """A handover asked for fields that nobody can hand over."""

    what = "These fields cannot be handed over: {fields}."
    why = "These can: {known}."
    todo = "Correct the contract's list of fields."


class StopListEmpty(InvalidInput):
    """A stop list that is said to be whole holds no row that can be used."""

    what = "The file {file} holds no usable row, and it is said to be the whole list {name}."
    why = "Everybody on that list would be lifted, which is more often a broken file than an empty list."
    todo = "Lift stops by name (duecourse holds lift), or load the right file."
    read = "docs/holds.md"


class PurposeUnknown(InvalidInput):
    """Somebody wants to see a person for a purpose that is none of the list."""

    what = "The purpose {purpose!r} is none of the list."
    why = "Looks at persons are counted by purpose."
    todo = "Choose one of the list."


class PurposeUnsaid(InvalidInput):
    """The words beside a purpose are missing, or too many."""

    what = "The purpose needs a sentence of {minimum} to {maximum} characters."
    why = "Who inspects the trail must understand why personal data was looked at."
    todo = "Say in a sentence why you look."


class PurposeNamesSomebody(InvalidInput):
    """The words beside a purpose hold a number or an address."""

    what = "The sentence holds a telephone number, an identity number or an address."
    why = "It stays in the trail for good, beyond every erasure."
    todo = "Say why you look without naming anybody."


class LooksExhausted(Conflict):
    """A user has opened as many persons as the house allows in an hour."""

    what = "You have opened the data of {limit} persons in the last hour, and that is the limit."
    why = "Whoever needs more than a few needs a handover, which is approved and recorded as one."
    todo = "Wait {minutes} minutes."
    http_status = 429


class HoldStands(Conflict):
    """A hold of the same kind is open already."""

    what = "A hold of this kind is in force already."
    why = "Two holds of one kind would both have to be lifted."
    todo = "Lift the one that is there first."


class HoldNotByHand(Conflict):
    """A hold that another room placed is lifted by hand."""

    what = "This hold was not placed by hand."
    why = "It ends when its cause ends: the dispute is closed, the plan is over, the list does not show the debtor any more."
    todo = "Close its cause."


class TapeMissing(Absent):
    """There is no such file that was taken in, for this actor."""


class UploadMissing(Absent):
    """There is no such upload for this actor."""


class StopListMissing(Absent):
    """There is no such stop list for this actor."""

"""What can go wrong between a request and an attempt."""

from __future__ import annotations

from duecourse.kit.errors import Conflict, InvalidInput


class PerformerMissing(InvalidInput):
    """The creditor's side asked for a permit without saying who will make the contact."""

    what = "It is not said who makes the contact."
    why = "Every contact counts for a performer: an agency, the in-house team or a robot."
    todo = "Name the performer; the creditor's side may name its own teams and robots only."


class ContactTimeImplausible(InvalidInput):
    """A permit was asked for a time that is not about now."""

    what = "A permit for {contact_at} cannot be given at {now}."
    why = "A permit is for a contact that is about to be made; a past contact cannot be permitted."
    todo = "Ask again right before dialling, with the time of the call in UTC."


class RequestReused(Conflict):
    """A request id was used for two different requests."""

    what = "The request id {client_request_id} was used for another request."
    why = "The same id must always mean the same contact, so that a repeated request is harmless."
    todo = "Give each contact an id of its own."


class PermitExpired(Conflict):
    """An attempt is reported that began after its permit ended."""

    what = "The permit {permit_id} ended at {valid_until_at}, before this attempt began."
    why = "A permit is good for one attempt, until it ends."
    todo = "Ask for a new permit before dialling."


class PermitNotBegun(Conflict):
    """An attempt is reported that began before the time its permit was given for."""

    what = "The permit {permit_id} is for {contact_at}, after this attempt began."
    why = "The rules were asked about the permit's time; an earlier call had no permit."
    todo = "Ask for a permit right before dialling, not after."


class AttemptReported(Conflict):
    """The outcome of a permit was reported before, and differently."""

    what = "The outcome of permit {permit_id} was already reported as {outcome}."
    why = "A permit has one attempt and an attempt one outcome."
    todo = "If the first report was wrong, tell the creditor's compliance officer."


class OutcomeUnknown(InvalidInput):
    """An outcome is not one of ours."""

    what = "There is no outcome {outcome}."
    todo = "Use one of: {known}."


class TalkContradictsOutcome(InvalidInput):
    """An outcome that reached nobody comes with seconds of talk, or the seconds are negative."""

    what = "The outcome {outcome} does not go with {talk_seconds} seconds of talk."
    why = "Whoever talked was reached, and a call that was connected counts."
    todo = "Report the outcome of the talk, or no seconds."


class NoteUnknown(InvalidInput):
    """A code of what was said is not one of ours."""

    what = "There is no note {code}."
    todo = "Use some of: {known}."


class OutcomeOwed(Conflict):
    """A person asks for a permit while the outcome of an earlier one is not reported."""

    what = "The outcome of permit {permit_id} is not reported yet."
    why = "A permit whose outcome nobody reported counts as a connected call, for every agency of the creditor."
    todo = "Report it first; if no call was made, say so."


class NumberHidden(Conflict):
    """The number of a permit is not shown."""

    what = "The number is not shown: {reason}."
    why = "A number is opened for one permit only, while it holds, and only where the contract hands numbers over."
    todo = "Ask for a permit for this number, or dial through the creditor's line."


class PromiseIncomplete(InvalidInput):
    """The outcome is a promise and what was promised is missing."""

    what = "A promise needs an account, an amount and a day."
    todo = "Fill in what was promised, or choose another outcome."


class OutcomeContradicts(InvalidInput):
    """The parts of a report do not go together."""

    what = "The report does not go together: {reason}."
    todo = "Choose the outcome that fits, and what belongs to it."


class CallZoneUnsaid(InvalidInput):
    """A workbook's or Parquet file's times have no zone, and the mapping names none."""

    what = "The times in {file} have no zone, and the mapping {mapping} names none."
    why = "The cells of a workbook hold a time without its place, and a call an hour off is another call."
    todo = "Choose the mapping local (times in the creditor's zone), or one that names a zone."
    read = "docs/call-records.md"


class CallDayUnsaid(InvalidInput):
    """The day of a file of call records was not said, and its rows do not tell."""

    what = "It is not said of which day the file is, and its rows are of {days}."
    why = "That a performer's file of a day has come, also an empty one, is itself a fact."
    todo = "Name the day; rows of other days are then sent back."
    read = "docs/call-records.md"


class CallDayAhead(InvalidInput):
    """A file of call records is said to be of a day that has not come, or of another age."""

    what = "A file of calls cannot be of {on}."
    todo = "Correct the day."


class CallRetentionRefused(InvalidInput):
    """A period for which call records shall be kept cannot be used."""

    what = "Call records cannot be kept for this time: {reason}."
    why = "They prove what was done, and what is removed cannot be brought back."
    todo = "Name more months, or a later day."
    read = "docs/call-records.md"


class CallDefinitionRefused(InvalidInput):
    """What shall count as connected or effective cannot be used."""

    what = "This definition of calls cannot be used: {reason}."
    why = "Calls of days gone by stay what they were counted as."
    todo = "Let it begin tomorrow or later, with whole seconds from 0 to 3600."
    read = "docs/call-records.md"


class OutcomeFromFuture(InvalidInput):
    """An attempt is reported that has not begun yet."""

    what = "An attempt that began at {started_at} cannot be reported at {now}."
    why = "What has not happened has no outcome."
    todo = "Report it when it is over, with its time in UTC."


class StatedUnknown(InvalidInput):
    """What is stated of a contact is not a declared fact, or is not stated but recorded."""

    what = "{name} cannot be stated of a contact."
    why = "Only declared facts can be read by a rule, and what the creditor's records say is not taken from whoever asks."
    todo = "State some of: {known}."


class StatedImplausible(InvalidInput):
    """What is stated of a contact is no value of that fact."""

    what = "{name} cannot be {value}."
    why = "A rule that asks for yes or no, or for a number of something, must not be given anything else: it would not see what was meant."
    todo = "State a whole number from 0 to {largest}."


class _Reasons(InvalidInput):
    """Several things are wrong at once; `parameters['reasons']` lists them all."""

    what = "It cannot be kept: {text}."
    todo = "Mend each of them."

    def __init__(self, *, reasons: list[str]) -> None:
        super().__init__(reasons=reasons, text="; ".join(reasons))


class StopInvalid(_Reasons):
    """A stop names no target, a wrong one, or no reason."""

    what = "Contact cannot be stopped like this: {text}."


class StopLifted(Conflict):
    """A stop that is lifted already is asked to be lifted."""

    what = "The stop {stop_id} is lifted already."
    todo = "Nothing is left to do."


class PaperInvalid(_Reasons):
    """A paper does not say what it sets in the form of the rules."""

    what = "The paper cannot bind: {text}."
    why = "A limit that no rule reads would be lost without a word."


class TemplateInvalid(_Reasons):
    """A template lacks something, or names what is not known."""

    what = "The template cannot be kept: {text}."


class VersionOfAnother(Conflict):
    """A code is used for something else."""

    what = "{code} is the code of another paper or template."
    why = "The versions under one code are of one thing: a later one takes the place of the earlier."
    todo = "Choose another code."


class TermsRefused(_Reasons):
    """The gate's terms cannot hold from that day, or with those values."""

    what = "These terms cannot be set: {text}."


class WishInvalid(_Reasons):
    """The parts of a wish about contact, or of a notice, do not go together."""

    what = "This cannot be recorded: {text}."

"""What can go wrong in this room, each under its own name."""

from __future__ import annotations

from duecourse.kit.errors import ConfigurationError, Conflict, InvalidInput


class PackInvalid(ConfigurationError):
    """A pack, a rule or an overlay is not written in the form. `parameters['reasons']` lists everything that is wrong with it."""

    what = "The rules in {path} cannot be loaded: {text}."
    why = "A decision may only rest on values that are complete, dated and referenced."
    todo = "Mend each place named above."
    read = "docs/algorithms/permit.md"

    def __init__(self, *, path: str, reasons: list[str]) -> None:
        super().__init__(path=path, reasons=reasons, text="; ".join(reasons))


class NoValueInForce(InvalidInput):
    """No text gives a value on this day: before the first value, or in a gap."""

    what = "The rule {rule} has no value for {parameter} on {as_of}."
    why = "The first value known holds from {first_on}, and what held before is not guessed."
    todo = "Judge contacts from {first_on} on, or add the earlier value with its reference."
    read = "docs/algorithms/permit.md"


class UnknownParameter(ConfigurationError):
    """An overlay names a parameter that no loaded pack has."""

    what = "{text} sets {parameter}, which no loaded pack has."
    why = "A limit that binds nothing would be lost without a word."
    todo = "Correct the name, or load the pack it belongs to."


class RuleConflict(Conflict):
    """Two exceptions apply and disagree. `parameters['citations']` holds both."""

    what = "Two exceptions to {rule} disagree about {parameter} on {as_of}: {first} and {second}."
    why = "Neither of them is above the other, and no winner is chosen in silence."
    todo = "End one of the two agreements, or write a new one that replaces both."
    read = "docs/algorithms/permit.md"


class NaiveInstant(InvalidInput):
    """An instant came without a zone."""

    what = "The instant {at} has no zone."
    why = "The law counts in the debtor's local time, which cannot be told from it."
    todo = "Send the instant with its offset, such as 2026-03-02T09:15:00+08:00."


class UnknownFact(InvalidInput):
    """A fact has a value that is not declared."""

    what = "{name} is {value!r}, which is not one of {known}."
    why = "An undeclared value could slip past a rule."
    todo = "Send one of the declared values."


class FactsMismatch(InvalidInput):
    """A frame of facts does not have the declared columns."""

    what = "The frame of facts does not have the declared form: {text}."
    why = "Decisions take exactly the columns of `duecourse.rules.facts.FACTS`."
    todo = "Compare it with that schema."


class VocabularyConflict(ConfigurationError):
    """Two packs declare one fact differently."""

    what = "Two of the packs declare the fact {name} differently."
    why = "One value cannot mean two things in one decision."
    todo = "Rename the fact in one of the packs, or move one declaration into packs/facts.yaml."
    read = "docs/rules/facts.md"


class EventsMismatch(InvalidInput):
    """A log of contacts does not have the declared columns, so none of its rows can be judged."""

    what = "The log of contacts cannot be read: {text}."
    why = "A count over columns that mean something else would judge wrongly without a word."
    todo = "Rename or convert the columns as the page shows."
    read = "docs/audit.md"


class ChangeUnusable(InvalidInput):
    """A change to try out names what no pack has, or a value that its unit does not have."""

    what = "{parameter} cannot be set to {value}: {text}."
    todo = "Name a parameter as `duecourse rules show` prints it, with a value in its unit, such as cn.contact_hours.allowed_until_minute=21:00."
    read = "docs/audit.md"


class LogTooLarge(InvalidInput):
    """A log of contacts would unpack to more than is read at once, or needs more room than there is."""

    what = "The log of contacts is too large: {text}."
    why = "A small file can stand for any number of rows and bytes, and would fill memory or disk."
    todo = "Judge it in parts, by debtor and not by day; or see that the file is what it should be."
    read = "docs/audit.md"

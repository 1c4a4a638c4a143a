"""The vocabulary of facts: every quantity that a rule may read, declared once with its unit, its source and how time changes it.

`packs/facts.yaml` holds what all packs share, `packs/<id>/facts.yaml` what one pack adds. A rule that names a fact nobody declared
does not load, and a decision that is given one is refused, so a misspelt fact can neither allow nor forbid anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from duecourse.rules.errors import UnknownFact, VocabularyConflict
from duecourse.rules.form import CHANNELS, Bilingual, Unit
from duecourse.rules.reading import Fields


class Source(StrEnum):
    """Where a fact comes from."""

    core = "core"
    """Derived from the instant, the zone and the performer of the contact."""
    stated = "stated"
    """Said by whoever asks: what they are about to do."""
    record = "record"
    """Stands in the creditor's records."""
    counted = "counted"
    """Counted over earlier contacts."""


class OverTime(StrEnum):
    """What becomes of a fact when the same contact is imagined at a later instant."""

    constant = "constant"
    renews_daily = "renews_daily"
    """Counts within one local day: 0 on another."""
    rolls = "rolls"
    """Counts over the last `window_days` local days, today included: old days drop out."""
    grows_daily = "grows_daily"
    """Days since something: one more each local day."""


class Counted(StrEnum):
    """Which earlier contacts a count takes."""

    every = "every"
    held = "held"
    """Connected, or with an outcome that nobody reported."""
    connected = "connected"
    unanswered = "unanswered"
    """Tried and not connected."""


CORE = (
    "local_minute",
    "local_minute_least",
    "local_minute_most",
    "local_weekday",
    "is_agency",
    "is_in_house",
    "is_robot",
    "is_law_firm",
)
"""The facts that `facts.ContactFacts` derives itself. `local_weekday` is 0 on Monday and 6 on Sunday."""

COUNT_KEYS = ("person", "contact_point", "debt")
CONTACT = "contact"
"""The subject that the gate decides; rules on other subjects judge what is said, written, kept or handed on."""


def is_believed(channel: str, *, is_made: bool) -> bool:
    """Say whether a performer is believed that a contact reached nobody, or was not made.

    A telephone record stands against what is said of a call. Against a message none does: it counts as sent, and as if nobody knew
    what came of it. A visit that reached nobody is believed, one that is said not to have been made is not.
    """
    return channel == "call" or (channel == "visit" and is_made)


@dataclass(frozen=True, slots=True)
class Count:
    """How a counted fact is counted.

    Attributes:
        channels: of the earlier contacts.
        key: counted per person, per contact point or per debt. A contact that names no contact point counts for each of the person's, and
            for one that names none all of the person's count: leaving the number out avoids no limit.
        which: of the earlier contacts.
        window_days: local days looked at, today included; 0 means all time.
        is_days_since: the fact is the number of local days since the newest such contact, not their count.
    """

    channels: tuple[str, ...]
    key: str
    which: Counted
    window_days: int
    is_days_since: bool = False


@dataclass(frozen=True, slots=True)
class Fact:
    """One declared fact.

    Attributes:
        name: as bodies read it.
        unit: of its values, whole numbers.
        source: where it comes from.
        over_time: what a later instant makes of it.
        when_unknown: the value used where nobody gave one; chosen so that not knowing never loosens.
        title: in both languages.
        count: how it is counted, for a counted fact.
    """

    name: str
    unit: Unit
    source: Source
    over_time: OverTime
    when_unknown: int
    title: Bilingual
    count: Count | None = None


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """The facts and subjects that some packs declare. Compares by identity.

    Attributes:
        facts: by name.
        subjects: what rules may be about, by name, in both languages.
        seen: a class whose attributes are every fact's value when unknown; an instance holds what is known. Bodies read it.
    """

    facts: Mapping[str, Fact]
    subjects: Mapping[str, Bilingual]
    seen: type = field(init=False)

    def __post_init__(self) -> None:
        """Make the class that bodies read."""
        object.__setattr__(self, "seen", type("Seen", (), {name: fact.when_unknown for name, fact in self.facts.items()}))

    def see(self, known: Mapping[str, Any]) -> Any:
        """Return what bodies read: the known facts, and for all others their value when unknown.

        Raises:
            UnknownFact: a name that nobody declared.
        """
        if not known.keys() <= self.facts.keys():
            name = min(known.keys() - self.facts.keys())
            raise UnknownFact(name=name, value=known[name], known="docs/rules/facts.md")
        seen = self.seen()
        seen.__dict__.update(known)
        return seen

    def joined(self, other: Vocabulary) -> Vocabulary:
        """Return both together.

        Raises:
            VocabularyConflict: they declare one name differently.
        """
        for name in self.facts.keys() & other.facts.keys():
            if self.facts[name] != other.facts[name]:
                raise VocabularyConflict(name=name)
        return Vocabulary({**self.facts, **other.facts}, {**self.subjects, **other.subjects})


EMPTY = Vocabulary(MappingProxyType({}), MappingProxyType({}))


def joined(vocabularies: Iterable[Vocabulary]) -> Vocabulary:
    """Return all together; the same object where there is only one."""
    whole: Vocabulary | None = None
    for one in vocabularies:
        whole = one if whole is None or whole is one else whole.joined(one)
    return whole or EMPTY


def read_vocabulary(node: Any, *, place: str, problems: list[str]) -> Vocabulary:
    """Return the vocabulary written as a mapping with `facts` and `subjects`, either of which may be missing.

    What is wrong is added to `problems`.
    """
    head = Fields(node, place=place, problems=problems)
    subjects = {name: _subject(inner) for name, inner in (head.named("subjects") if head.has("subjects") else [])}
    facts = {name: _fact(inner, name=name) for name, inner in (head.named("facts") if head.has("facts") else [])}
    head.close()
    return Vocabulary(facts, subjects)


def _subject(fields: Fields) -> Bilingual:
    found = Bilingual(zh=fields.text("zh"), en=fields.text("en"))
    fields.close()
    return found


def _fact(fields: Fields, *, name: str) -> Fact:
    unit, source = fields.choice("unit", Unit), fields.choice("source", Source)
    over_time = fields.choice("over_time", OverTime) if fields.has("over_time") else OverTime.constant
    count = _count(fields.inner("counts")) if fields.has("counts") else None
    found = Fact(
        name=name,
        unit=unit,
        source=source,
        over_time=over_time,
        when_unknown=fields.quantity("when_unknown", unit) if fields.has("when_unknown") else 0,
        title=fields.bilingual("title"),
        count=count,
    )
    fields.close()
    if not name.isidentifier() or name.startswith("_"):
        fields.add("is not a name that a body can read")
    if (source is Source.core) != (name in CORE):
        fields.add(f"is of the source core exactly when it is one of {', '.join(CORE)}")
    if (source is Source.counted) != (count is not None):
        fields.add("needs counts exactly when its source is counted")
    if over_time is OverTime.rolls and (count is None or not count.window_days):
        fields.add("rolls over a window, so it needs counts with window_days")
    return found


def _count(fields: Fields) -> Count:
    key = fields.text("key")
    found = Count(
        channels=fields.texts("channels", known=CHANNELS),
        key=key,
        which=fields.choice("which", Counted),
        window_days=fields.quantity("window_days", Unit.days) if fields.has("window_days") else 0,
        is_days_since=fields.flag("is_days_since") if fields.has("is_days_since") else False,
    )
    fields.close()
    if key not in COUNT_KEYS:
        fields.add(f"needs key as one of {', '.join(COUNT_KEYS)}, not {key!r}")
    return found

"""What happened before a question about contacts, in order of time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from duecourse.rules.conformance.phrases import Leave, Wish
from duecourse.rules.conformance.purposes import Purpose
from duecourse.rules.conformance.vector import Unsupported, Vector


@dataclass(frozen=True, slots=True)
class Call:
    """A call in either direction.

    Attributes:
        person: the one beside the collector.
        debts: the units of debt it is about, as `History.unit_set` names them.
        discussed: the units that were spoken of.
        outcome: in the vector's word.
        message: what a voicemail conveys, '' where nothing is told.
        is_ringless: put straight into the mailbox.
        is_to_allocate: no debt was named on it, and it counts for one of several, which the collector chooses.
    """

    at: datetime
    is_placed: bool
    person: str
    debts: frozenset[str]
    discussed: frozenset[str]
    outcome: str
    message: str
    endpoint: str | None
    purpose: Purpose | None
    is_ringless: bool = False
    is_to_allocate: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """A text, e-mail or letter in either direction."""

    at: datetime
    is_sent: bool
    medium: str
    person: str
    debts: frozenset[str]
    endpoint: str | None
    content_class: str


@dataclass(frozen=True, slots=True)
class Consent:
    """Consent: to more calls, or, with `leave`, to a time or place; valid when given soundly to this collector itself."""

    at: datetime
    person: str
    debts: frozenset[str]
    days: frozenset[date] | None
    leave: Leave | None
    is_valid: bool


@dataclass(frozen=True, slots=True)
class Voiced:
    """A wish with its instant."""

    at: datetime
    person: str
    wish: Wish


@dataclass(frozen=True, slots=True)
class Dated:
    """Something learned, received or done at an instant, with the units of debt it is about (all when empty)."""

    at: datetime
    what: str
    debts: frozenset[str] = frozenset()
    value: str = ""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address or number that is known: its kind, the place it belongs to, and the zones it suggests."""

    kind: str
    place: str | None
    zones: tuple[str, ...]


@dataclass(slots=True)
class History:
    """All that happened.

    Attributes:
        units: debt id to the unit it is counted in: student loans under one account number when obtained are one.
    """

    vector: Vector
    units: dict[str, str]
    calls: list[Call] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    consents: list[Consent] = field(default_factory=list)
    wishes: list[Voiced] = field(default_factory=list)
    withdrawn: list[Dated] = field(default_factory=list)
    learned: list[Dated] = field(default_factory=list)
    endpoints: dict[str, Endpoint] = field(default_factory=dict)

    def sort(self) -> None:
        """Bring each list into order of time; what happened at one instant keeps the timeline's order."""
        self.calls.sort(key=lambda one: one.at)
        self.messages.sort(key=lambda one: one.at)
        self.consents.sort(key=lambda one: one.at)
        self.wishes.sort(key=lambda one: one.at)
        self.learned.sort(key=lambda one: one.at)

    def allocate(self) -> None:
        """Count each call on which none of several debts was named for the one with the fewest calls in its last seven days.

        That is the collector's choice (comments 14(b)(4)-1.i and .ii, -2.i and -2.v); a conversation goes with its call.
        """
        for index, call in enumerate(self.calls):
            if call.is_to_allocate:
                chosen = min(sorted(call.debts), key=lambda debt: self._recent(debt, call=call, until=index))
                discussed = frozenset({chosen}) if call.discussed else call.discussed
                self.calls[index] = replace(call, debts=frozenset({chosen}), discussed=discussed)

    def _recent(self, debt: str, *, call: Call, until: int) -> int:
        earlier = (other for other in self.calls[:until] if other.is_placed and other.person == call.person and debt in other.debts)
        days = (self.vector.local_day(call.at) - self.vector.local_day(other.at) for other in earlier)
        return sum(day.days < 7 for day in days)

    def of(self, *what: str, until: datetime) -> list[Dated]:
        """Return what is of these kinds, up to and at an instant."""
        return [one for one in self.learned if one.what in what and one.at <= until]

    def wishes_of(self, person: str, *, until: datetime) -> list[Voiced]:
        """Return a person's wishes that were voiced and not taken back by an instant."""
        back = [one.at for one in self.withdrawn if one.value == person and one.at <= until]
        return [one for one in self.wishes if one.person == person and one.at <= until and not any(at >= one.at for at in back)]

    def unit_set(self, debts: Iterable[str]) -> frozenset[str]:
        """Return the units of these debts.

        Raises:
            Unsupported: a debt that the facts do not name.
        """
        unknown = sorted(set(debts) - self.units.keys())
        if unknown:
            raise Unsupported(f"the debt {unknown[0]} is not among the debts")
        return frozenset(self.units[debt] for debt in debts)

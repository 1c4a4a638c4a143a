"""A vector: facts with a timeline and a question, read so strictly that nothing in it can be passed over.

Every field, event and word must be asked for by a reader. What nobody asked for makes the vector unsupported, so a reader need not
list what it does not know: it is enough that it asks for all it uses. Readers see neither the vector's name nor what is expected.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from duecourse.rules.facts import zone_of
from duecourse.rules.form import Pack


class Unsupported(Exception):
    """A vector holds something that a reader does not fully understand. The argument says what, in English."""


_CHANNELS = {
    "telephone": "phone", "call": "phone", "phone_call": "phone", "telephone_call": "phone", "sms": "text", "text_message": "text",
    "e-mail": "email", "letter": "mail", "postal_mail": "mail", "in-person": "in_person",
}  # fmt: skip


def channel_named(word: str) -> str:
    """Return a channel under the name that readers use."""
    return _CHANNELS.get(word.lower(), word)


class Node:
    """A mapping that remembers which of its keys were read.

    Args:
        raw: the mapping.
        place: what it is, for reasons.
    """

    def __init__(self, raw: Any, *, place: str) -> None:
        if not isinstance(raw, Mapping):
            raise Unsupported(f"{place} is not a mapping")
        self.place = place
        self._raw = raw
        self._read: set[str] = set()
        self._children: list[Node] = []

    def __iter__(self) -> Iterator[str]:
        """The keys, which does not read them."""
        return iter(self._raw)

    def has(self, key: str) -> bool:
        """Whether the key stands there; the value stays unread."""
        return key in self._raw

    def get(self, key: str, default: Any = None) -> Any:
        """Return the value and mark it as read; nested values count as read with it."""
        self._read.add(key)
        return self._raw.get(key, default)

    def peek(self, key: str) -> Any:
        """Return the value without marking it as read: only to find out whether one's own kind of value stands there."""
        return self._raw.get(key)

    def need(self, key: str) -> Any:
        """Return the value.

        Raises:
            Unsupported: it is missing or null.
        """
        value = self.get(key)
        if value is None:
            raise Unsupported(f"{self.place} has no {key}")
        return value

    def text(self, key: str, default: str | None = None) -> str:
        """Return a text.

        Raises:
            Unsupported: it is none, or missing without a default.
        """
        value = self.get(key, default)
        if not isinstance(value, str):
            raise Unsupported(f"{self.place} needs {key} as a text")
        return value

    def word(self, key: str, *, known: Iterable[str], default: str | None = None) -> str:
        """Return a text that is one of those known; a channel under its usual name.

        Raises:
            Unsupported: another word, or none.
        """
        value = self.text(key, default)
        value = channel_named(value) if key == "channel" else value
        if value not in known:
            raise Unsupported(f"{self.place} has the unknown word {value!r} in {key}")
        return value

    def flag(self, key: str, *, default: bool | None = None) -> bool:
        """Return true or false.

        Raises:
            Unsupported: anything else, or missing without a default.
        """
        value = self.get(key, default)
        if not isinstance(value, bool):
            raise Unsupported(f"{self.place} needs {key} as true or false")
        return value

    def texts(self, key: str, *, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        """Return a list of texts.

        Raises:
            Unsupported: anything else, or missing without a default.
        """
        value = self.get(key, default)
        if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
            raise Unsupported(f"{self.place} needs {key} as a list of texts")
        return tuple(value)

    def day(self, key: str) -> date:
        """Return a day written as YYYY-MM-DD.

        Raises:
            Unsupported: anything else.
        """
        return day_of(self.need(key), place=f"{self.place}, {key}")

    def instant(self, key: str) -> datetime:
        """Return an instant with its offset.

        Raises:
            Unsupported: anything else; a time without an offset is not guessed.
        """
        return instant_of(self.need(key), place=f"{self.place}, {key}")

    def node(self, key: str) -> Node:
        """Return the mapping under a key as a node of its own: each of its keys must be read too."""
        child = Node(self.need(key), place=f"{self.place}, {key}")
        self._children.append(child)
        return child

    def nodes(self, key: str) -> list[Node]:
        """Return the list of mappings under a key as nodes; empty when it is missing."""
        value = self.get(key, [])
        if not isinstance(value, list):
            raise Unsupported(f"{self.place} needs {key} as a list")
        children = [Node(item, place=f"{self.place}, {key} {number}") for number, item in enumerate(value, start=1)]
        self._children += children
        return children

    def unread(self) -> list[str]:
        """Return what nobody asked for, in words."""
        own = [f"{self.place} has {key}, which was not understood" for key in self._raw if key not in self._read]
        return own + [text for child in self._children for text in child.unread()]


class Event(Node):
    """One dated event of the timeline.

    Attributes:
        at: its instant, aware.
        kind: its type.
    """

    def __init__(self, raw: Any, *, number: int) -> None:
        super().__init__(raw, place=f"event {number}")
        self.kind = self.text("type")
        self.place = f"the event {self.kind}"
        self.at = self.instant("t")
        self.is_visited = False

    def unread(self) -> list[str]:
        """Return what nobody asked for: the event as a whole, or keys of it."""
        return super().unread() if self.is_visited else [f"nobody understands {self.place} here"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a reader says.

    Attributes:
        outcome: allow, deny, presumed_compliant, presumed_violation, or None where only facts are asked.
        facts: what was derived, under the names that vectors use.
        counters: what was counted, by debt.
        rules: ids of the rules asked.
    """

    outcome: str | None
    facts: Mapping[str, Any] = field(default_factory=dict)
    counters: Mapping[str, Any] = field(default_factory=dict)
    rules: tuple[str, ...] = ()


class Vector:
    """Facts and question of one line, without its name and without what is expected.

    Attributes:
        pack: whose rules are asked.
        zone: in which days are counted.
        zone_name: its name.
        collector: id of the debt collector.
        persons: by id.
        debts: by id.
        known: what the collector knows.
        question: what is asked.
        action: the question's action.
        scope: the citations that the question is limited to.
        day_latest: the last local day that the question or the timeline names, or the day the texts were last reviewed.
    """

    def __init__(self, facts: Any, question: Any, *, pack: Pack) -> None:
        self.pack = pack
        self.root = Node(facts, place="facts")
        self.zone_name = self.root.text("timezone")
        zone = zone_of(self.zone_name)
        if zone is None:
            raise Unsupported(f"the time zone {self.zone_name!r} does not exist")
        self.zone: ZoneInfo = zone
        self.collector = self.root.text("collector")
        self.persons = _by_id(self.root.nodes("persons"))
        self.debts = _by_id(self.root.nodes("debts"))
        self.known = self.root.node("known") if self.root.has("known") else Node({}, place="known")
        self.question = Node(question, place="the question")
        self.action = self.question.text("action")
        self.scope = self.question.texts("rule_scope")
        written = self.root.get("timeline", [])
        if not isinstance(written, list):
            raise Unsupported("the timeline is not a list")
        events = [Event(raw, number=number) for number, raw in enumerate(written, start=1)]
        order = {id(event): json.dumps(raw, sort_keys=True, default=str) for event, raw in zip(events, written, strict=True)}
        self._events = sorted(events, key=lambda event: (event.at, order[id(event)]))

    @property
    def day_latest(self) -> date:
        """The last local day that the question or the timeline names; without any, the day the texts were last reviewed."""
        instants = [event.at for event in self._events]
        if self.question.has("t"):
            instants.append(self.question.instant("t"))
        reviewed = max(text.last_reviewed_on for text in self.pack.texts.values())
        return self.local_day(max(instants)) if instants else reviewed

    @property
    def latest(self) -> datetime | None:
        """The instant of the last event of the timeline, None where there is none."""
        return max((event.at for event in self._events), default=None)

    def local_day(self, at: datetime) -> date:
        """Return the day of an instant in the vector's zone."""
        return at.astimezone(self.zone).date()

    def events(self, *kinds: str) -> list[Event]:
        """Return the events of these types in order of time, and mark them as visited; their keys must still be read."""
        found = [event for event in self._events if event.kind in kinds]
        for event in found:
            event.is_visited = True
        return found

    def unread(self) -> list[str]:
        """Return what nobody asked for, in words."""
        told = [*self.root.unread(), *self.question.unread()]
        return told + [text for event in self._events for text in event.unread()]


Reader: TypeAlias = Callable[[Vector], Answer]


def day_of(value: Any, *, place: str) -> date:
    """Return a day written as YYYY-MM-DD.

    Raises:
        Unsupported: anything else.
    """
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise Unsupported(f"{place} is no day: {value!r}") from None


def instant_of(value: Any, *, place: str) -> datetime:
    """Return an instant with its offset.

    Raises:
        Unsupported: anything else; a time without an offset is not guessed.
    """
    try:
        at = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise Unsupported(f"{place} is no instant: {value!r}") from None
    if at.tzinfo is None:
        raise Unsupported(f"{place} has no offset: {value!r}")
    return at


def _by_id(nodes: list[Node]) -> dict[str, Node]:
    found = {node.text("id"): node for node in nodes}
    if len(found) != len(nodes):
        raise Unsupported("two persons or two debts have one id")
    return found

"""What all events of a timeline share: who acts, towards whom, at which address, about which debts, by which medium."""

from __future__ import annotations

import re

from duecourse.rules.conformance.past import History
from duecourse.rules.conformance.vector import Event, Node, Unsupported, Vector, channel_named

VIA = {
    *("phone", "email", "text", "mail", "writing", "electronic", "oral", "portal", "letter", "in_person", "telephone", "orally", "website"),
    *("in_writing", "electronically", "written", "call"),
}


def person_out(event: Event, history: History) -> str:
    """Return to whom the collector acts.

    Raises:
        Unsupported: somebody else acts, or towards somebody who is not among the persons.
    """
    if event.text("by", history.vector.collector) != history.vector.collector:
        raise Unsupported(f"{event.place} is by another than the collector")
    person = event.text("to")
    if person not in history.vector.persons:
        raise Unsupported(f"{event.place} goes to {person}, who is not among the persons")
    return person


def person_in(event: Event, history: History) -> str:
    """Return who acts towards the collector.

    Raises:
        Unsupported: it is towards somebody else, or by somebody who is not among the persons.
    """
    person = event.text("by")
    if event.text("to", history.vector.collector) != history.vector.collector:
        raise Unsupported(f"{event.place} goes to another than the collector")
    if person not in history.vector.persons:
        raise Unsupported(f"{event.place} is by {person}, who is not among the persons")
    return person


def endpoint_in(event: Node) -> str | None:
    """Return the address or number that is named, None where none is."""
    for key in ("endpoint", "number"):
        if event.get(key) is not None:
            return event.text(key)
    return None


def accepts_electronic(vector: Vector, *, medium: str) -> bool:
    """Whether the collector is known to accept, or not to accept, messages from consumers through an electronic medium.

    Raises:
        Unsupported: nothing, or two different things, are known of it.
    """
    keys = [key for key in vector.known if "accept" in key.lower() and re.search("electronic|e-?mail|medi(um|a)|portal|text", key.lower())]
    told = {_accepted(vector, key, medium=medium) for key in keys}
    if len(told) != 1:
        raise Unsupported("whether the collector accepts electronic messages is not said")
    return told.pop()


def _accepted(vector: Vector, key: str, *, medium: str) -> bool:
    value = vector.known.get(key)
    named = next((word for word in ("email", "portal", "text") if word in key.lower().replace("e-mail", "email")), None)
    if isinstance(value, list):
        told = {channel_named(word) for word in vector.known.texts(key)}
        if not told <= {"email", "text", "portal", "website", "mobile_app", "phone", "mail", "fax"}:
            raise Unsupported(f"through which media messages are accepted, {sorted(told)}, is not understood")
        return medium in told
    if named not in (None, medium):
        raise Unsupported("whether the collector accepts messages through this medium is not said")
    return vector.known.flag(key)


def debts_in(event: Node, history: History) -> frozenset[str]:
    """Return the units of the debts that are named; empty where none is."""
    return history.unit_set(event.texts("debts", default=()))

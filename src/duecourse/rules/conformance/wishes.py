"""Events in which a person says what is not wanted, takes it back, or in which the collector learns of it."""

from __future__ import annotations

import re
from datetime import datetime

from duecourse.rules.conformance.happenings import VIA, debts_in, endpoint_in, person_in
from duecourse.rules.conformance.known_phrases import AGAINST, EMPLOYER, FILE, NOT_AT_WORK
from duecourse.rules.conformance.past import Dated, History, Voiced
from duecourse.rules.conformance.phrases import Span, Wish, clauses_of, days_of, minute_of, wish_of
from duecourse.rules.conformance.places import PLACES
from duecourse.rules.conformance.vector import Event, Node, Unsupported

_WRITTEN = ("writing", "in_writing", "written", "mail", "letter")


def read_preferences(node: Node, history: History, *, at: datetime, person: str) -> None:
    """Read a preference written as a mapping: parts of the week that are blacked out, and places."""
    spans: list[Span] = []
    parts = (("weekday_blackout", range(5)), ("weekend_blackout", range(5, 7)), ("daily_blackout", range(7)), ("blackout", range(7)))
    for key, days in parts:
        if node.has(key):
            spans += _blackout(node.texts(key), days=frozenset(days), place=node.place)
    for key, days in (("weekends", range(5, 7)), ("weekdays", range(5))):
        if node.has(key) and node.word(key, known={"none_convenient", "convenient"}) == "none_convenient":
            spans.append(Span(frozenset(days)))
    for key in ("blackout_days", "inconvenient_days", "blackout_weekdays", "days", "weekdays_blackout_days", "inconvenient_weekdays"):
        for name in node.texts(key, default=()):
            if not days_of(name):
                raise Unsupported(f"{node.place} names the day {name!r}")
            spans.append(Span(days_of(name)))
    until = next((node.day(key) for key in ("until", "through", "ends", "last_day") if node.has(key)), None)
    wishes = [Wish(spans=(span,), last_on=until) for span in spans]
    for place in (*node.texts("inconvenient_places", default=()), *node.texts("places_inconvenient", default=())):
        if place not in PLACES:
            raise Unsupported(f"{node.place} names the place {place!r}")
        wishes.append(Wish(places=(PLACES[place],), last_on=until))
    history.wishes += [Voiced(at, person, wish) for wish in wishes]


def _blackout(times: tuple[str, ...], *, days: frozenset[int], place: str) -> list[Span]:
    if len(times) != 2:
        raise Unsupported(f"{place} needs two times")
    first, end = minute_of(times[0]), minute_of(times[1]) or 1440
    return [Span(days, first, end)] if first < end else [Span(days, first, 1440), Span(days, 0, end)]


def read_preference(event: Event, history: History) -> None:
    """Read what a person says about times, places and media, as a mapping or in words."""
    person = person_in(event, history)
    via = event.word("via", known=VIA, default="oral")
    debts_in(event, history)
    if event.has("preference"):
        read_preferences(event.node("preference"), history, at=event.at, person=person)
    texts = [event.text(key) for key in ("detail", "words") if event.has(key)]
    if not texts and not event.has("preference"):
        raise Unsupported(f"{event.place} says nothing")
    for clause in (clause for text in texts for clause in clauses_of(text)):
        hear(event, history, person=person, text=clause, is_written=via in _WRITTEN)


def hear(event: Event, history: History, *, person: str, text: str, is_written: bool) -> None:
    """Write down what a person's words ask for, forbid or take back.

    Raises:
        Unsupported: a word of them is not understood, or whether a notice to cease was written is not told.
    """
    if re.fullmatch(NOT_AT_WORK, text.strip().rstrip("."), flags=re.IGNORECASE) or re.fullmatch(
        EMPLOYER, text.strip().rstrip("."), flags=re.IGNORECASE
    ):
        history.learned.append(Dated(event.at, "employer_forbids"))
        return
    if _is_taken_back(text, history, person=person, event=event):
        return
    wish = wish_of(text)
    if not wish.is_all_contact:
        history.wishes.append(Voiced(event.at, person, wish))
    elif is_written or wish.is_written:
        history.learned.append(Dated(event.at, "cease", debts_in(event, history), person))
    else:
        raise Unsupported(f"whether {text!r} was written is not said")


def _is_taken_back(text: str, history: History, *, person: str, event: Event) -> bool:
    """Whether a phrase says that something is no longer inconvenient; then the wishes it speaks of are taken back.

    Raises:
        Unsupported: it names a part of the week or a place that no wish of the person names so.
    """
    found = re.fullmatch(_NO_LONGER, text.strip().rstrip("."), flags=re.IGNORECASE)
    if found is None:
        return False
    before = [one for one in history.wishes if one.person == person and one.at <= event.at]
    if re.fullmatch(r"(?:that|those|these|the|this) (?:times?|days?|places?|hours?)|(?:it|they)", found[1], flags=re.IGNORECASE) is None:
        named = wish_of(f"{found[1]} inconvenient")
        before = [one for one in before if (one.wish.spans, one.wish.places) == (named.spans, named.places)] or before
        if any((one.wish.spans, one.wish.places) != (named.spans, named.places) for one in before) or not before:
            raise Unsupported(f"which wishes {text!r} takes back is not clear")
    history.withdrawn.append(Dated(event.at, "withdrawn", value=person))
    return True


_NO_LONGER = r"(?:(?:the )?consumer (?:says|states|conveys|informs the collector) (?:that )?)?(.+?) (?:is|are)? ?(?:no longer inconvenient|(?:now|again) convenient)"


def read_withdrawal(event: Event, history: History) -> None:
    """The person takes back every wish so far, or the one that is named."""
    person = person_in(event, history)
    event.word("via", known=VIA, default="oral")
    texts = [event.text(key) for key in ("detail", "words") if event.has(key)]
    for text in texts:
        if not _is_taken_back(text, history, person=person, event=event):
            raise Unsupported(f"{event.place} says {text!r}, which is not understood")
    if not texts:
        history.withdrawn.append(Dated(event.at, "withdrawn", value=person))


def read_opt_out(event: Event, history: History) -> None:
    """Read that a person no longer wants messages at an address, or through a medium."""
    person, endpoint = person_in(event, history), endpoint_in(event)
    event.word("via", known=VIA, default="electronic")
    debts_in(event, history)
    if endpoint is not None:
        history.wishes.append(Voiced(event.at, person, Wish(endpoints=(endpoint,), media=("email", "text"))))
    if event.has("channel"):
        event.word("channel", known=VIA)
    if event.has("in_response_to") and re.search(r"opt|notice|6\(e\)|\(d\)\(4\)", event.text("in_response_to")) is None:
        raise Unsupported(f"what {event.place} responds to is not understood")
    if event.has("detail") and (endpoint is None or re.fullmatch(_OUT_OF_THIS, event.text("detail"), flags=re.IGNORECASE) is None):
        hear(event, history, person=person, text=event.text("detail"), is_written=False)
    elif endpoint is None:
        raise Unsupported(f"{event.place} names nothing")


_OUT_OF_THIS = (
    r"(?:(?:requests|asks) to )?opts? out of (?:receiving |all )?(?:further )?(?:electronic communications|e-?mails?(?: communications)?|texts?(?: messages)?)"
    r"(?:(?: at| to| through) (?:this|that|the) (?:e-?mail )?(?:address|(?:telephone |mobile )?number))?"
)


def read_statement(event: Event, history: History) -> None:
    """What a person said against contact or debt: a factor, and perhaps a wish about a medium."""
    person, text = person_in(event, history), event.text("detail" if event.has("detail") else "words")
    if event.has("via"):
        event.word("via", known=VIA)
    history.learned.append(Dated(event.at, "statement", debts_in(event, history), person))
    if re.fullmatch(AGAINST, text, flags=re.IGNORECASE) is None:
        hear(event, history, person=person, text=text, is_written=event.flag("in_writing", default=False))


def learn_wish(clause: str, history: History, *, event: Event) -> None:
    """Take what the collector knows of times or places that are inconvenient to the consumer, from wherever it knows it."""
    try:
        wish = wish_of(clause)
    except Unsupported:
        raise Unsupported(f"the knowledge {clause!r} is not understood") from None
    if wish.is_all_contact or wish.media or wish.endpoints:
        raise Unsupported(f"the knowledge {clause!r} is not understood")
    for person in (name for name, node in history.vector.persons.items() if node.text("role") == "consumer"):
        history.wishes.append(Voiced(event.at, person, wish))


def read_file(event: Event, history: History) -> None:
    """The creditor's file with its notes on what the consumer does not want."""
    event.text("by" if event.has("by") else "from")
    event.text("to", history.vector.collector)
    debts_in(event, history)
    keys = ("note", "notes", "detail", "file_notes", "file_note", "recent_notes")
    texts = [
        text for key in keys if event.has(key) for text in ([event.text(key)] if isinstance(event.peek(key), str) else event.texts(key))
    ]
    consumers = [name for name, node in history.vector.persons.items() if node.text("role") == "consumer"]
    if event.has("preference"):
        for person in consumers:
            read_preferences(event.node("preference"), history, at=event.at, person=person)
    for clause in (clause for note in texts for clause in clauses_of(note)):
        in_file = re.match(FILE, clause, flags=re.IGNORECASE)
        for person in consumers:
            history.wishes.append(Voiced(event.at, person, wish_of(clause[in_file.end() :] if in_file else clause)))

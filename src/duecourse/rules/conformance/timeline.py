"""The timeline of a vector about contacts as a history: each event is read whole, and what it changes is written down."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

from duecourse.rules.conformance.known_phrases import (
    AGAINST,
    CALL_ME,
    CONDUCT,
    EMPLOYER,
    EVIDENCE,
    FILE,
    LEARNED,
    NOT_AT_WORK,
    NOTES,
    PLAIN_DISPUTES,
    way_of,
)
from duecourse.rules.conformance.past import Call, Consent, Dated, Endpoint, History, Message, Voiced
from duecourse.rules.conformance.phrases import Span, Wish, clauses_of, days_of, leave_of, minute_of, wish_of
from duecourse.rules.conformance.vector import Event, Node, Unsupported, Vector, day_of
from duecourse.rules.conformance.zones import zones_in
from duecourse.rules.facts import zone_of

UNCONNECTED = {
    *("busy", "busy_signal", "not_in_service", "number_not_in_service", "out_of_service", "not_connected", "unable_to_connect"),
    *("did_not_connect", "no_connection"),
}
UNANSWERED = {"no_answer", "unanswered", "rang_unanswered", "rings_unanswered", "ring_no_answer", "rang_no_answer", "rings_no_answer"}
DROPPED = {
    *("answered_then_dropped", "answered_dropped", "answered_and_dropped", "answered_but_dropped", "dropped", "dropped_call"),
    "connected_then_dropped",
}
MAILBOX = {
    *("voicemail_reached_no_message", "voicemail_no_message", "voicemail_reached", "recording_reached", "recorded_message_reached"),
    *("recorded_message", "voicemail_full", "voicemail_box_full", "voicemail_unable_to_leave_message", "straight_to_voicemail"),
    *("voicemail_no_ring", "voicemail_no_message_left", "connected_to_voicemail", "connected_to_recorded_message"),
}
VOICEMAIL = "voicemail_left"
CONVERSATION = "conversation"
OUTCOMES = {*UNCONNECTED, *UNANSWERED, *DROPPED, *MAILBOX, VOICEMAIL, CONVERSATION}
MESSAGES = {"limited_content", "conveys_debt_information"}
VIA = {"phone", "email", "text", "mail", "writing", "electronic", "oral", "portal", "letter", "in_person"}
PLACES = {
    "home": "home", "residence": "home", "consumer_home": "home", "work": "work", "workplace": "work", "place_of_employment": "work",
    "consumer_workplace": "work", "school": "school", "hospital": "hospital",
}  # fmt: skip
"""The words of vectors for places."""
_PURPOSES = {"location_information", "collect_debt", "ask_for_payment", "discuss_debt"}
_DEBT_TYPES = {
    *("credit_card", "medical", "student_loan", "mortgage", "auto_loan", "auto", "personal_loan", "utility", "rent", "telecom"),
    *("installment_loan", "payday_loan", "retail"),
}
_CEASE_CONTENT = {"cease_communication_or_refusal_to_pay", "cease_communication", "refusal_to_pay"}
_CONTENT_CLASSES = {"", "marketing_no_specific_debt", "limited_content", "conveys_debt_information", "specific_debt"}
_ENDPOINT_PLACES = {
    "mobile": None, "mobile_phone": None, "email": None, "landline": None, "mailing_address": None, "postal_address": None,
    "home_landline": "home", "home_phone": "home", "home_address": "home", "home_mailing_address": "home", "residential_address": "home",
    "work_landline": "work", "work_phone": "work", "work_address": "work", "work_email": None,
}  # fmt: skip
_Read = Callable[[Event, History], None]


def history_of(vector: Vector) -> History:
    """Return the timeline as a history.

    Raises:
        Unsupported: an event of a known type has a word or a phrase that is not understood.
    """
    zone = vector.known.get("consumer_time_zone")
    if zone is not None and (not isinstance(zone, str) or zone_of(zone) is None):
        raise Unsupported(f"the consumer's time zone is none: {zone!r}")
    history = History(vector, _units(vector), endpoints=_endpoints(vector))
    for kind, read in _READERS.items():
        for event in vector.events(kind):
            read(event, history)
    history.sort()
    history.allocate()
    return history


def _endpoints(vector: Vector) -> dict[str, Endpoint]:
    found = {}
    for node in vector.known.nodes("endpoints") if vector.known.has("endpoints") else []:
        kind = node.word("kind", known=_ENDPOINT_PLACES)
        words = [PLACES[node.word(key, known=PLACES)] for key in ("place", "associated_place") if node.has(key)]
        place = words[0] if words else _ENDPOINT_PLACES[kind]
        found[node.text("id")] = Endpoint(kind, place, zones_in(node))
    return found


def _units(vector: Vector) -> dict[str, str]:
    units = {}
    for debt_id, node in vector.debts.items():
        account = node.get("account_number_when_obtained")
        kind = node.word("type", known=_DEBT_TYPES)
        if account is not None and not isinstance(account, str):
            raise Unsupported(f"{node.place} has an account number that is no text")
        units[debt_id] = f"student loans {account}" if kind == "student_loan" and account else debt_id
    return units


def _person_out(event: Event, history: History) -> str:
    if event.text("by", history.vector.collector) != history.vector.collector:
        raise Unsupported(f"{event.place} is by another than the collector")
    person = event.text("to")
    if person not in history.vector.persons:
        raise Unsupported(f"{event.place} goes to {person}, who is not among the persons")
    return person


def _person_in(event: Event, history: History) -> str:
    person = event.text("by")
    if event.text("to", history.vector.collector) != history.vector.collector:
        raise Unsupported(f"{event.place} goes to another than the collector")
    if person not in history.vector.persons:
        raise Unsupported(f"{event.place} is by {person}, who is not among the persons")
    return person


def _endpoint(event: Node) -> str | None:
    for key in ("endpoint", "number"):
        if event.get(key) is not None:
            return event.text(key)
    return None


def accepts_electronic(vector: Vector) -> bool:
    """Whether the collector is known to accept, or not to accept, electronic messages from consumers.

    Raises:
        Unsupported: nothing, or two different things, are known of it.
    """
    keys = [key for key in vector.known if "accept" in key.lower() and re.search("electronic|email|medium", key.lower())]
    told = {vector.known.flag(key) for key in keys}
    if len(told) != 1:
        raise Unsupported("whether the collector accepts electronic messages is not said")
    return told.pop()


def _debts(event: Node, history: History) -> frozenset[str]:
    return history.unit_set(event.texts("debts", default=()))


def _call(event: Event, history: History) -> None:
    """Read a call in either direction, and what was said on it."""
    is_placed = event.kind == "call_placed"
    event.word("channel", known={"phone"}, default="phone")
    person = _person_out(event, history) if is_placed else _person_in(event, history)
    debts, outcome = _debts(event, history), event.word("outcome", known=OUTCOMES)
    named, discussed = _named_debts(event, history), _discussed(event, history, outcome=outcome)
    initiated = named if named is not None else (debts & discussed or debts)
    call = Call(
        at=event.at,
        is_placed=is_placed,
        person=person,
        debts=initiated,
        discussed=discussed | initiated if outcome == CONVERSATION and is_placed else discussed,
        outcome=outcome,
        message=event.word("message", known=MESSAGES) if event.has("message") else "",
        endpoint=_endpoint(event),
        purpose=event.word("purpose", known=_PURPOSES) if event.has("purpose") else None,
        is_to_allocate=named is None and not discussed and len(initiated) > 1,
    )
    if (call.message or event.has("message_refers_to")) and outcome != VOICEMAIL:
        raise Unsupported(f"{event.place} leaves a message without a voicemail")
    history.calls.append(call)
    if event.has("preference"):
        _preferred(event.node("preference"), history, event=event, person=person)
    _noted(event, history, person=person)


def _named_debts(event: Event, history: History) -> frozenset[str] | None:
    """Return the debts that the message refers to, or that the collector chose to count the call for; None where neither is told."""
    found = None
    for key in ("message_refers_to", "allocated_to", "counted_toward", "counted_for", "counted_as"):
        if event.has(key):
            value = event.get(key)
            found = history.unit_set([value] if isinstance(value, str) else event.texts(key))
    return found


def _discussed(event: Event, history: History, *, outcome: str) -> frozenset[str]:
    if not event.has("discussed"):
        return history.unit_set(event.texts("debts", default=())) if outcome == CONVERSATION else frozenset()
    discussed = history.unit_set(event.texts("discussed"))
    if outcome != CONVERSATION and discussed:
        raise Unsupported(f"{event.place} discusses debts without a conversation")
    return discussed


def _ringless(event: Event, history: History) -> None:
    message = event.word("message", known=MESSAGES) if event.has("message") else ""
    person, debts = _person_out(event, history), _debts(event, history)
    history.calls.append(Call(event.at, True, person, debts, frozenset(), VOICEMAIL, message, _endpoint(event), None, is_ringless=True))


def _noted(event: Event, history: History, *, person: str) -> None:
    """Read the note, clause by clause."""
    for clause in clauses_of(event.text("note")) if event.has("note") else []:
        for part in [part.strip() for part in clause.split(",")]:
            effect = next((effect for pattern, effect in NOTES if re.fullmatch(pattern, part, flags=re.IGNORECASE)), None)
            if effect is None or (effect in ("preferred", "busy") and not event.has("preference")):
                raise Unsupported(f"the note {part!r} is not understood")
            if effect in ("call_inconvenient", "initial"):
                history.learned.append(Dated(event.at, effect, value=person))


def _preferred(node: Node, history: History, *, event: Event, person: str) -> None:
    """Read a preference written as a mapping: parts of the week that are blacked out, and places."""
    spans: list[Span] = []
    parts = (("weekday_blackout", range(5)), ("weekend_blackout", range(5, 7)), ("daily_blackout", range(7)), ("blackout", range(7)))
    for key, days in parts:
        if node.has(key):
            spans += _blackout(node.texts(key), days=frozenset(days), place=node.place)
    for key, days in (("weekends", range(5, 7)), ("weekdays", range(5))):
        if node.has(key) and node.word(key, known={"none_convenient", "convenient"}) == "none_convenient":
            spans.append(Span(frozenset(days)))
    for key in ("blackout_days", "inconvenient_days", "blackout_weekdays"):
        for name in node.texts(key, default=()):
            if not days_of(name):
                raise Unsupported(f"{node.place} names the day {name!r}")
            spans.append(Span(days_of(name)))
    until = next((node.day(key) for key in ("until", "through") if node.has(key)), None)
    wishes = [Wish(spans=(span,), last_on=until) for span in spans]
    for place in (*node.texts("inconvenient_places", default=()), *node.texts("places_inconvenient", default=())):
        if place not in PLACES:
            raise Unsupported(f"{node.place} names the place {place!r}")
        wishes.append(Wish(places=(PLACES[place],), last_on=until))
    history.wishes += [Voiced(event.at, person, wish) for wish in wishes]


def _blackout(times: tuple[str, ...], *, days: frozenset[int], place: str) -> list[Span]:
    if len(times) != 2:
        raise Unsupported(f"{place} needs two times")
    first, end = minute_of(times[0]), minute_of(times[1]) or 1440
    return [Span(days, first, end)] if first < end else [Span(days, first, 1440), Span(days, 0, end)]


def _message_out(medium: str) -> _Read:
    def read(event: Event, history: History) -> None:
        person, debts = _person_out(event, history), _debts(event, history)
        content = event.word("content_class", known=_CONTENT_CLASSES, default="")
        if event.has("content"):
            event.word("content", known={"validation_notice", "opt_out_confirmation_only"})
        history.messages.append(Message(event.at, True, medium, person, debts, _endpoint(event), content))
        _noted(event, history, person=person)

    return read


def _message_in(medium: str) -> _Read:
    def read(event: Event, history: History) -> None:
        person, debts = _person_in(event, history), _debts(event, history)
        history.messages.append(Message(event.at, False, medium, person, debts, _endpoint(event), ""))
        if event.has("content"):
            event.word("content", known=_CEASE_CONTENT)
            if medium == "mail" or accepts_electronic(history.vector):
                history.learned.append(Dated(event.at, "cease", debts, person))
        if event.has("detail"):
            _voiced(event, history, person=person, text=event.text("detail"), is_written=True)

    return read


def _mail_posted(event: Event, history: History) -> None:
    """What the consumer posted has no effect before it is received."""
    _person_in(event, history)
    _debts(event, history)
    event.word("content", known=_CEASE_CONTENT)


def _preference(event: Event, history: History) -> None:
    person = _person_in(event, history)
    via = event.word("via", known=VIA, default="oral")
    _debts(event, history)
    if event.has("preference"):
        _preferred(event.node("preference"), history, event=event, person=person)
    texts = [event.text(key) for key in ("detail", "words") if event.has(key)]
    if not texts and not event.has("preference"):
        raise Unsupported(f"{event.place} says nothing")
    for text in texts:
        _voiced(event, history, person=person, text=text, is_written=via in ("writing", "mail", "letter"))


def _voiced(event: Event, history: History, *, person: str, text: str, is_written: bool) -> None:
    if re.fullmatch(NOT_AT_WORK, text.strip().rstrip("."), flags=re.IGNORECASE) or re.fullmatch(
        EMPLOYER, text.strip().rstrip("."), flags=re.IGNORECASE
    ):
        history.learned.append(Dated(event.at, "employer_forbids"))
        return
    wish = wish_of(text)
    if not wish.is_all_contact:
        history.wishes.append(Voiced(event.at, person, wish))
    elif is_written or wish.is_written:
        history.learned.append(Dated(event.at, "cease", _debts(event, history), person))
    else:
        raise Unsupported(f"whether {text!r} was written is not said")


def _withdrawn(event: Event, history: History) -> None:
    """The person takes back every wish so far."""
    person = _person_in(event, history)
    event.word("via", known=VIA, default="oral")
    history.withdrawn.append(Dated(event.at, "withdrawn", value=person))


def _opt_out(event: Event, history: History) -> None:
    person, endpoint = _person_in(event, history), _endpoint(event)
    event.word("via", known=VIA, default="electronic")
    _debts(event, history)
    if endpoint is not None:
        history.wishes.append(Voiced(event.at, person, Wish(endpoints=(endpoint,), media=("email", "text"))))
    if event.has("channel"):
        event.word("channel", known=VIA)
    if event.has("detail"):
        _voiced(event, history, person=person, text=event.text("detail"), is_written=False)
    elif endpoint is None:
        raise Unsupported(f"{event.place} names nothing")


def _statement(event: Event, history: History) -> None:
    """What a person said against contact or debt: a factor, and perhaps a wish about a medium."""
    person, text = _person_in(event, history), event.text("detail")
    history.learned.append(Dated(event.at, "statement", _debts(event, history), person))
    if re.fullmatch(AGAINST, text, flags=re.IGNORECASE) is None:
        _voiced(event, history, person=person, text=text, is_written=event.flag("in_writing", default=False))


def _conduct(event: Event, history: History) -> None:
    if event.text("by", history.vector.collector) != history.vector.collector:
        raise Unsupported(f"{event.place} is by another than the collector")
    text = event.text("detail")
    if not any(re.fullmatch(pattern, text, flags=re.IGNORECASE) for pattern in CONDUCT):
        raise Unsupported(f"the conduct {text!r} is not understood")
    history.learned.append(Dated(event.at, "conduct"))


def _consent(event: Event, history: History) -> None:
    """Consent to more calls, or to a time or place; only what is given to this collector, in a communication that kept the rules, counts."""
    person, scope = event.text("by"), event.get("scope")
    if person not in history.vector.persons:
        raise Unsupported(f"{event.place} is by {person}, who is not among the persons")
    event.word("via", known=VIA, default="oral")
    is_direct = event.text("to") == history.vector.collector
    is_sound = event.flag("given_in_compliant_communication", default=True)
    _endpoint(event)
    leave = leave_of(scope) if isinstance(scope, str) else None
    days = _consented_days(event, scope)
    history.consents.append(Consent(event.at, person, _debts(event, history), days, leave, is_valid=is_direct and is_sound))


def _consented_days(event: Event, scope: Any) -> frozenset[date] | None:
    """Return the days that consent to calls is limited to, None where it names none."""
    words = event.text("words") if event.has("words") else ""
    days: frozenset[date] | None = None
    if isinstance(scope, dict):
        if set(scope) == {"on_date"}:
            days = frozenset({day_of(scope["on_date"], place=event.place)})
        elif set(scope) == {"on_dates"} and isinstance(scope["on_dates"], list):
            days = frozenset(day_of(day, place=event.place) for day in scope["on_dates"])
        else:
            raise Unsupported(f"{event.place} has a scope of {', '.join(sorted(map(str, scope)))}")
    elif scope is not None and not isinstance(scope, str):
        raise Unsupported(f"{event.place} has a scope that is not understood")
    if re.fullmatch(CALL_ME, words.strip().rstrip("."), flags=re.IGNORECASE) is not None:
        return days
    named = re.fullmatch(r"(?:please )?call (?:me )?back on (\w+)", words, flags=re.IGNORECASE)
    if words and (named is None or days is None or {day.weekday() for day in days} != days_of(named[1])):
        raise Unsupported(f"the words {words!r} are not understood")
    return days


def _revoked(event: Event, history: History) -> None:
    person = _person_in(event, history)
    event.word("via", known=VIA, default="oral")
    history.learned.append(Dated(event.at, "consent_revoked", _debts(event, history), person))


def _knowledge(event: Event, history: History) -> None:
    endpoint = _endpoint(event)
    for clause in clauses_of(event.text("detail")):
        in_file = re.match(FILE, clause, flags=re.IGNORECASE)
        if in_file is not None:
            for person in (name for name, node in history.vector.persons.items() if node.text("role") == "consumer"):
                history.wishes.append(Voiced(event.at, person, wish_of(clause[in_file.end() :])))
            continue
        matches = ((re.fullmatch(pattern, clause, flags=re.IGNORECASE), what) for pattern, what in LEARNED)
        matched, what = next(((found, what) for found, what in matches if found is not None), (None, ""))
        if matched is None:
            raise Unsupported(f"the knowledge {clause!r} is not understood")
        named = next((group for group in matched.groups() if group), "")
        is_debt = bool(named) and what in ("represented", "unrepresented")
        value = named or endpoint or "" if what == "misdirected" else named
        history.learned.append(Dated(event.at, what, history.unit_set([named] if is_debt else []), value))


def _file(event: Event, history: History) -> None:
    """The creditor's file with its notes on what the consumer does not want."""
    event.text("by")
    event.text("to", history.vector.collector)
    _debts(event, history)
    notes = [event.text(key) for key in ("note", "notes", "detail") if event.has(key)]
    for clause in (clause for note in notes for clause in clauses_of(note)):
        for person in (name for name, node in history.vector.persons.items() if node.text("role") == "consumer"):
            history.wishes.append(Voiced(event.at, person, wish_of(clause)))


def _creditor_notice(event: Event, history: History) -> None:
    """A creditor's notice about an e-mail address: it tells here that the endpoint is an e-mail address."""
    event.text("by")
    event.text("to")
    event.day("opt_out_by")
    history.learned.append(Dated(event.at, "email_endpoint", value=event.text("endpoint")))


def _statement_sent(event: Event, history: History) -> None:
    event.text("to")
    history.learned.append(Dated(event.at, "statement_sent", value=event.text("by")))


def _validation_notice(event: Event, history: History) -> None:
    _person_out(event, history)
    event.word("channel", known={"mail", "email", "text"}, default="mail")
    history.learned.append(Dated(event.at, "validation_notice", _debts(event, history), event.day("period_end").isoformat()))


def _dispute(what: str) -> _Read:
    def read(event: Event, history: History) -> None:
        _person_in(event, history)
        is_written, text, attachment = event.flag("in_writing"), event.get("text"), event.get("attachment")
        if text is not None and (not isinstance(text, str) or re.fullmatch(PLAIN_DISPUTES, text) is None):
            raise Unsupported(f"the dispute {text!r} is not understood")
        if attachment is not None and (not isinstance(attachment, str) or re.fullmatch(EVIDENCE, attachment, flags=re.IGNORECASE) is None):
            raise Unsupported(f"whether the attachment {attachment!r} is new and material is not said")
        if attachment is not None:
            history.learned.append(Dated(event.at, "new_material"))
        if event.has("via"):
            event.word("via", known=VIA)
        history.learned.append(Dated(event.at, what, _debts(event, history), "in writing" if is_written else "oral"))

    return read


def _answer(what: str) -> _Read:
    def read(event: Event, history: History) -> None:
        _person_out(event, history)
        event.word("channel", known={"mail", "email", "text"}, default="mail")
        history.learned.append(Dated(event.at, what, _debts(event, history)))

    return read


def _submitted(event: Event, history: History) -> None:
    _person_in(event, history)
    how = event.text("how")
    found = way_of(how)
    if found is None:
        raise Unsupported(f"the way {how!r} is not understood")
    history.learned.append(Dated(event.at, "dispute_submitted", _debts(event, history), found))


_READERS: dict[str, _Read] = {
    "call_placed": _call,
    "call_received": _call,
    "ringless_voicemail": _ringless,
    "email_sent": _message_out("email"),
    "text_sent": _message_out("text"),
    "mail_sent": _message_out("mail"),
    "email_received": _message_in("email"),
    "text_received": _message_in("text"),
    "mail_received": _message_in("mail"),
    "mail_posted": _mail_posted,
    "preference_stated": _preference,
    "preference_withdrawn": _withdrawn,
    "opt_out": _opt_out,
    "statement_received": _statement,
    "prior_conduct": _conduct,
    "consent_given": _consent,
    "consent_revoked": _revoked,
    "knowledge_gained": _knowledge,
    "creditor_email_notice_sent": _creditor_notice,
    "statement_sent": _statement_sent,
    "validation_notice_sent": _validation_notice,
    "dispute_received": _dispute("dispute"),
    "original_creditor_request_received": _dispute("origin_request"),
    "verification_sent": _answer("dispute_answered"),
    "judgment_copy_sent": _answer("dispute_answered"),
    "duplicative_dispute_notice_sent": _answer("dispute_answered"),
    "file_received": _file,
    "account_placed": _file,
    "original_creditor_information_sent": _answer("origin_answered"),
    "original_creditor_name_and_address_sent": _answer("origin_answered"),
    "dispute_submitted": _submitted,
}

"""The timeline of a vector about contacts as a history: each event is read whole, and what it changes is written down."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from duecourse.rules.conformance.calls import read_call, read_note, read_ringless
from duecourse.rules.conformance.happenings import VIA, accepts_electronic, debts_in, endpoint_in, person_in, person_out
from duecourse.rules.conformance.known_phrases import (
    CALL_ME,
    CONDUCT,
    EVIDENCE,
    FILE,
    LEARNED,
    PLAIN_DISPUTES,
    WRONG_NUMBER,
    accepted_in,
    way_of,
)
from duecourse.rules.conformance.past import Consent, Dated, History, Message, Voiced
from duecourse.rules.conformance.persons import acts_for_estate
from duecourse.rules.conformance.phrases import clauses_of, days_of, leave_of, wish_of
from duecourse.rules.conformance.places import endpoints_of
from duecourse.rules.conformance.vector import Event, Unsupported, Vector, day_of
from duecourse.rules.conformance.wishes import (
    hear,
    learn_wish,
    read_file,
    read_opt_out,
    read_preference,
    read_preferences,
    read_statement,
    read_withdrawal,
)
from duecourse.rules.facts import zone_of

_DEBT_TYPES = {
    *("credit_card", "medical", "student_loan", "mortgage", "auto_loan", "auto", "personal_loan", "utility", "rent", "telecom"),
    *("installment_loan", "payday_loan", "retail", "medical_debt", "credit_card_debt", "residential_mortgage", "consumer_loan"),
}
_CEASE_CONTENT = {
    *("cease_communication_or_refusal_to_pay", "cease_communication", "refusal_to_pay", "refuses_to_pay", "cease_or_refusal_to_pay"),
    *(
        "cease_communication_notice",
        "refusal_to_pay_notice",
        "wants_collector_to_cease_further_communication",
        "cease_communication_request",
    ),
    *("refusal_to_pay_or_cease_communication", "written_cease_communication_notice"),
}
_CONTENT_CLASSES = {"", "marketing_no_specific_debt", "limited_content", "conveys_debt_information", "specific_debt"}


_Read = Callable[[Event, History], None]


def history_of(vector: Vector) -> History:
    """Return the timeline as a history.

    Raises:
        Unsupported: an event of a known type has a word or a phrase that is not understood.
    """
    zone = vector.known.get("consumer_time_zone")
    if isinstance(zone, str) and zone_of(zone) is None:
        raise Unsupported(f"the consumer's time zone is none: {zone!r}")
    history = History(vector, _units(vector), endpoints=endpoints_of(vector))
    _already_known(vector, history)
    for event in vector.events(*_READERS):
        _READERS[event.kind](event, history)
    history.sort()
    history.allocate()
    return history


def _units(vector: Vector) -> dict[str, str]:
    units = {}
    for debt_id, node in vector.debts.items():
        account = node.get("account_number_when_obtained")
        kind = node.word("type", known=_DEBT_TYPES)
        if account is not None and not isinstance(account, str):
            raise Unsupported(f"{node.place} has an account number that is no text")
        units[debt_id] = f"student loans {account}" if kind == "student_loan" and account else debt_id
    return units


def _already_known(vector: Vector, history: History) -> None:
    """Take up what the collector knows of times and places from before the timeline: notes of the creditor's file, and preferences."""
    consumers = [name for name, node in vector.persons.items() if node.text("role") == "consumer"]
    for key in ("creditor_file_notes", "file_notes", "creditor_file_note"):
        value = vector.known.get(key)
        for clause in clauses_of(value) if isinstance(value, str) else list(vector.known.texts(key, default=())):
            in_file = re.match(FILE, clause, flags=re.IGNORECASE)
            wish = wish_of(clause[in_file.end() :] if in_file else clause)
            if wish.is_until_year_end:
                raise Unsupported(f"of which year {clause!r} speaks is not said")
            history.wishes += [Voiced(BEFORE, person, wish) for person in consumers]
    for key in ("preference", "preferences", "consumer_preference"):
        if vector.known.has(key):
            node = vector.known.node(key)
            for person in consumers:
                read_preferences(node, history, at=BEFORE, person=person)


BEFORE = datetime(1970, 1, 1, tzinfo=UTC)
"""The instant of what is known without a date."""


def _cease_content(event: Event) -> None:
    """Read that a message refuses to pay or wants contact to stop.

    Raises:
        Unsupported: it says anything else.
    """
    said = event.text("content").lower().replace(" ", "_")
    if said not in _CEASE_CONTENT:
        raise Unsupported(f"{event.place} has the unknown word {said!r} in content")


def _message_out(medium: str) -> _Read:
    def read(event: Event, history: History) -> None:
        person, debts = person_out(event, history), debts_in(event, history)
        content = event.word("content_class", known=_CONTENT_CLASSES, default="")
        if event.has("content"):
            event.word("content", known={"validation_notice", "opt_out_confirmation_only"})
        event.flag("automated", default=False)
        if event.has("in_response_to"):
            event.text("in_response_to")
        history.messages.append(Message(event.at, True, medium, person, debts, endpoint_in(event), content))
        read_note(event, history, person=person)

    return read


def _message_in(medium: str) -> _Read:
    def read(event: Event, history: History) -> None:
        person, debts = person_in(event, history), debts_in(event, history)
        history.messages.append(Message(event.at, False, medium, person, debts, endpoint_in(event), ""))
        if event.has("content"):
            _cease_content(event)
            if medium == "mail" or accepts_electronic(history.vector, medium=medium):
                history.learned.append(Dated(event.at, "cease", debts, person))
        for text in [event.text(key) for key in ("detail", "words") if event.has(key)]:
            if re.fullmatch(CALL_ME, text.strip().rstrip("."), flags=re.IGNORECASE):
                history.consents.append(Consent(event.at, person, debts, None, None, is_valid=True))
            else:
                hear(event, history, person=person, text=text, is_written=True)

    return read


def _mail_posted(event: Event, history: History) -> None:
    """What the consumer posted has no effect before it is received."""
    person_in(event, history)
    debts_in(event, history)
    _cease_content(event)


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
    endpoint_in(event)
    leave = leave_of(scope) if isinstance(scope, str) else None
    days = _consented_days(event, scope)
    history.consents.append(Consent(event.at, person, debts_in(event, history), days, leave, is_valid=is_direct and is_sound))


def _consented_days(event: Event, scope: Any) -> frozenset[date] | None:
    """Return the days that consent to calls is limited to, None where it names none."""
    words = event.text("words") if event.has("words") else ""
    days: frozenset[date] | None = None
    if isinstance(scope, dict):
        if set(scope) == {"on_date"}:
            days = frozenset({day_of(scope["on_date"], place=event.place)})
        elif set(scope) == {"date"}:
            days = frozenset({day_of(scope["date"], place=event.place)})
        elif set(scope) in ({"on_dates"}, {"dates"}) and isinstance(next(iter(scope.values())), list):
            days = frozenset(day_of(day, place=event.place) for day in next(iter(scope.values())))
        elif set(scope) in ({"from", "until"}, {"from", "through"}):
            first, last = (day_of(scope[key], place=event.place) for key in sorted(scope))
            days = frozenset(first + timedelta(days=number) for number in range((last - first).days + 1))
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
    person = person_in(event, history)
    event.word("via", known=VIA, default="oral")
    history.learned.append(Dated(event.at, "consent_revoked", debts_in(event, history), person))


_SOURCES = {
    *("creditor", "creditor_file", "creditors_file", "creditor_file_notes", "file_notes", "file", "consumer", "attorney", "employer"),
    *("third_party", "third_person", "database"),
}


def _knowledge(event: Event, history: History) -> None:
    endpoint = endpoint_in(event)
    if event.has("source"):
        event.word("source", known=_SOURCES)
    for clause in clauses_of(event.text("detail")):
        in_file = re.match(FILE, clause, flags=re.IGNORECASE)
        if in_file is not None:
            for person in (name for name, node in history.vector.persons.items() if node.text("role") == "consumer"):
                history.wishes.append(Voiced(event.at, person, wish_of(clause[in_file.end() :])))
            continue
        matches = ((re.fullmatch(pattern, clause, flags=re.IGNORECASE), what) for pattern, what in LEARNED)
        matched, what = next(((found, what) for found, what in matches if found is not None), (None, ""))
        if matched is None:
            learn_wish(clause, history, event=event)
            continue
        if what == "number_misdirected":
            if endpoint is None and not history.of("misdirected", until=event.at):
                raise Unsupported(f"what {clause!r} speaks of is not said")
            what = "misdirected" if endpoint is not None else ""
        named = next((group for group in matched.groups() if group), "")
        is_debt = bool(named) and what in ("represented", "unrepresented")
        value = named or endpoint or "" if what == "misdirected" else named
        history.learned.append(Dated(event.at, what, history.unit_set([named] if is_debt else []), value))


def _wrong_number(event: Event, history: History) -> None:
    """It turned out that a number is not the person's."""
    endpoint = endpoint_in(event)
    if endpoint is None:
        raise Unsupported(f"{event.place} names no number")
    if event.has("detail"):
        clauses = clauses_of(event.text("detail"))
        if not all(
            any(re.fullmatch(pattern, clause, flags=re.IGNORECASE) for pattern in (WRONG_NUMBER, LEARNED[-3][0])) for clause in clauses
        ):
            raise Unsupported(f"{event.place} says what is not understood")
    history.learned.append(Dated(event.at, "misdirected", value=endpoint))


def _session(event: Event, history: History) -> None:
    """The consumer uses the collector's website or application, from then until the end that is told."""
    person = person_in(event, history)
    ends = [event.instant(key) for key in ("until", "end", "ended_at", "ends_at", "ends", "end_t", "t_end") if event.has(key)]
    for key in ("start", "began_at"):
        if event.has(key):
            event.instant(key)
    history.learned.append(Dated(event.at, "session_begun", value=person))
    history.learned += [Dated(end, "session_ended", value=person) for end in ends]


def _session_end(event: Event, history: History) -> None:
    history.learned.append(Dated(event.at, "session_ended", value=person_in(event, history)))


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
    person_out(event, history)
    event.word("channel", known={"mail", "email", "text"}, default="mail")
    history.learned.append(Dated(event.at, "validation_notice", debts_in(event, history), event.day("period_end").isoformat()))


def _disputer(event: Event, history: History) -> None:
    """Read who disputes: the consumer, or after the consumer's death whoever acts for the estate (comment 38-3).

    Raises:
        Unsupported: it is somebody else.
    """
    vector, role = history.vector, history.vector.persons[person_in(event, history)].text("role")
    is_dead = vector.known.flag("consumer_deceased_known", default=False)
    if role not in ("consumer", "joint_consumer") and not (is_dead and acts_for_estate(role)):
        raise Unsupported(f"whether a {role} may dispute is not said")


def _dispute(what: str) -> _Read:
    def read(event: Event, history: History) -> None:
        _disputer(event, history)
        is_written, text, attachment = event.flag("in_writing"), event.get("text"), event.get("attachment")
        if text is not None and (
            not isinstance(text, str)
            or (attachment is None and re.fullmatch(PLAIN_DISPUTES, text.strip().rstrip("."), flags=re.IGNORECASE) is None)
        ):
            raise Unsupported(f"the dispute {text!r} is not understood")
        if attachment is not None and (not isinstance(attachment, str) or re.fullmatch(EVIDENCE, attachment, flags=re.IGNORECASE) is None):
            raise Unsupported(f"whether the attachment {attachment!r} is new and material is not said")
        if attachment is not None:
            history.learned.append(Dated(event.at, "new_material"))
        if event.has("via"):
            event.word("via", known=VIA)
        history.learned.append(Dated(event.at, what, debts_in(event, history), "in writing" if is_written else "oral"))

    return read


def _answer(what: str) -> _Read:
    def read(event: Event, history: History) -> None:
        person_out(event, history)
        event.word("channel", known={"mail", "email", "text"}, default="mail")
        history.learned.append(Dated(event.at, what, debts_in(event, history)))

    return read


def _submitted(event: Event, history: History) -> None:
    person_in(event, history)
    how = event.text("how")
    found = way_of(how)
    if found is None:
        raise Unsupported(f"the way {how!r} is not understood")
    if found == "electronic" and accepted_in(how) is not None:
        found += " accepted" if accepted_in(how) else " refused"
    history.learned.append(Dated(event.at, "dispute_submitted", debts_in(event, history), found))


_SESSIONS = (
    "website_or_app_session",
    "website_session",
    "website_visit",
    "app_session",
    "mobile_app_session",
    "website_use",
    "mobile_app_use",
    "portal_session",
)
_READERS: dict[str, _Read] = {
    **dict.fromkeys(("creditor_file_note", "placement", "preference_recorded_in_creditor_file"), read_file),
    "call_placed": read_call,
    "call_received": read_call,
    "ringless_voicemail": read_ringless,
    "email_sent": _message_out("email"),
    "text_sent": _message_out("text"),
    "mail_sent": _message_out("mail"),
    **dict.fromkeys(("in_person_conversation", "in_person_communication"), _message_out("in_person")),
    **dict.fromkeys(("social_media_message_sent", "social_media_private_message_sent"), _message_out("social_media")),
    "email_received": _message_in("email"),
    "text_received": _message_in("text"),
    "mail_received": _message_in("mail"),
    "mail_posted": _mail_posted,
    "preference_stated": read_preference,
    **dict.fromkeys(("preference_withdrawn", "preference_revoked", "preference_removed"), read_withdrawal),
    "opt_out": read_opt_out,
    "statement_received": read_statement,
    "prior_conduct": _conduct,
    "consent_given": _consent,
    "consent_revoked": _revoked,
    "consent_withdrawn": _revoked,
    "knowledge_gained": _knowledge,
    "creditor_email_notice_sent": _creditor_notice,
    "statement_sent": _statement_sent,
    "validation_notice_sent": _validation_notice,
    "dispute_received": _dispute("dispute"),
    "original_creditor_request_received": _dispute("origin_request"),
    "verification_sent": _answer("dispute_answered"),
    "judgment_copy_sent": _answer("dispute_answered"),
    "duplicative_dispute_notice_sent": _answer("dispute_answered"),
    **dict.fromkeys(
        ("file_received", "account_placed", "creditor_file_received", "debt_placed", "placement_received", "file_provided"), read_file
    ),
    **dict.fromkeys(
        (
            "wrong_number_learned",
            "number_found_wrong",
            "misdirected_number_learned",
            "number_learned_wrong",
            "misdirected_number_discovered",
            "wrong_number_discovered",
        ),
        _wrong_number,
    ),
    **dict.fromkeys(_SESSIONS, _session),
    **{kind + ending: _session for kind in _SESSIONS for ending in ("_started", "_begun", "_start")},
    **{kind + ending: _session_end for kind in _SESSIONS for ending in ("_ended", "_end", "_stopped")},
    "original_creditor_information_sent": _answer("origin_answered"),
    "original_creditor_name_and_address_sent": _answer("origin_answered"),
    **dict.fromkeys(("dispute_submitted", "original_creditor_request_submitted"), _submitted),
}

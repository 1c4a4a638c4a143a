"""Calls of a timeline in either direction: how they came out, which debts they count for, and what was noted of them."""

from __future__ import annotations

import re
from datetime import timedelta

from duecourse.rules.conformance.happenings import debts_in, endpoint_in, person_in, person_out
from duecourse.rules.conformance.known_phrases import NOTES
from duecourse.rules.conformance.past import Call, Dated, History
from duecourse.rules.conformance.phrases import clauses_of
from duecourse.rules.conformance.places import PLACES, endpoint_of_kind
from duecourse.rules.conformance.purposes import purpose_of
from duecourse.rules.conformance.vector import Event, Node, Unsupported
from duecourse.rules.conformance.wishes import hear, read_preferences

NOT_CONNECTED = "not_connected"
NO_ANSWER = "no_answer"
DROPPED = "answered_then_dropped"
MAILBOX = "voicemail_reached_no_message"
VOICEMAIL = "voicemail_left"
CONVERSATION = "conversation"
CALL_LASTS = timedelta(minutes=30)
"""How long after its beginning a conversation is taken to last."""
MESSAGES = {"limited_content", "conveys_debt_information"}


def outcome_of(event: Node) -> str:
    """Return how a call came out, in one of our few words.

    Raises:
        Unsupported: the word is not known, or says two things.
    """
    written = event.text("outcome")
    told = {meaning for meaning, pattern in _OUTCOMES.items() if re.fullmatch(pattern, written.lower().replace(" ", "_").replace("-", "_"))}
    if len(told) != 1:
        raise Unsupported(f"{event.place} has the unknown word {written!r} in outcome")
    return told.pop()


_REACHED = r"(?:connected_to_|went_to_|goes_to_|reached_|straight_to_)?(?:a_)?(?:voicemail|recording|recorded_message|voicemail_or_recorded_message|voicemail_box)"
_NOTHING_LEFT = r"(?:_(?:no_message(?:_left)?|without_message|(?:but_)?unable_to_leave(?:_a)?(?:_(?:message|voicemail))?|message_not_left|no_voicemail_left|not_left))"
_OUTCOMES = {
    CONVERSATION: "conversation|telephone_conversation",
    VOICEMAIL: "voicemail_left|left_voicemail|message_left",
    NO_ANSWER: "(?:no_answer|unanswered|not_answered)|(?:rang|rings|ring|ringing)(?:_but)?_(?:no_answer|unanswered|not_answered|no_one_answers|nobody_answers)",
    DROPPED: "(?:(?:connected|answered)_)?(?:(?:and|then|but|subsequently)_)*(?:call_)?(?:dropped|drops)(?:_call)?",
    MAILBOX: rf"{_REACHED}(?:_(?:reached|connected|full|box_full))?(?:_(?:no_ring|without_ring(?:ing)?))?{_NOTHING_LEFT}?(?:_(?:no_ring|without_ring(?:ing)?))?",
    NOT_CONNECTED: "busy(?:_signal)?|(?:number_)?(?:not_in_service|out_of_service|disconnected)|not_connected|unable_to_connect|did_not_connect|no_connection",
}
UNCONNECTED = {NOT_CONNECTED}


def read_call(event: Event, history: History) -> None:
    """Read a call in either direction, and what was said on it."""
    is_placed = event.kind == "call_placed"
    event.word("channel", known={"phone"}, default="phone")
    person = person_out(event, history) if is_placed else person_in(event, history)
    debts, outcome = _debts_of(event, history), outcome_of(event)
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
        endpoint=endpoint_in(event),
        purpose=purpose_of(event) if event.has("purpose") else None,
        is_to_allocate=named is None and not discussed and len(initiated) > 1,
    )
    if (call.message or event.has("message_refers_to")) and outcome != VOICEMAIL:
        raise Unsupported(f"{event.place} leaves a message without a voicemail")
    history.calls.append(call)
    _from_place(event, history, is_placed=is_placed)
    if event.has("intended_debts"):
        history.unit_set(event.texts("intended_debts"))
    if event.has("preference"):
        read_preferences(event.node("preference"), history, at=event.at, person=person)
    read_note(event, history, person=person)


def _debts_of(event: Event, history: History) -> frozenset[str]:
    """Return the debts that a call is about; of a call of the collector that names none, those discussed, or the only debt there is.

    Raises:
        Unsupported: the collector called, names none, and there are several.
    """
    if event.has("debts") or event.kind != "call_placed":
        return debts_in(event, history)
    if event.texts("discussed", default=()):
        return history.unit_set(event.texts("discussed"))
    if len(history.vector.debts) != 1:
        raise Unsupported(f"about which debt {event.place} is, is not said")
    return history.unit_set(history.vector.debts)


def _from_place(event: Event, history: History, *, is_placed: bool) -> None:
    """Read from where the person called."""
    for key in ("from", "from_endpoint", "place", "from_place"):
        if not is_placed and event.has(key):
            word = event.text(key)
            where = PLACES[word] if word in PLACES else endpoint_of_kind(word, place=event.place).place
            if where is not None:
                history.learned.append(Dated(event.at, "called_from", value=where))


_COUNTED = (
    *("message_refers_to", "allocated_to", "counted_toward", "counted_towards", "counted_for", "counted_as", "collector_counts_toward"),
    *("counts_toward", "attributed_to", "allocation"),
)


def _named_debts(event: Event, history: History) -> frozenset[str] | None:
    """Return the debts that the message refers to, or that the collector chose to count the call for; None where neither is told."""
    found = None
    for key in _COUNTED:
        if event.has(key):
            value = event.get(key)
            found = history.unit_set([value] if isinstance(value, str) else event.texts(key)) or found
    return found


def _discussed(event: Event, history: History, *, outcome: str) -> frozenset[str]:
    if not event.has("discussed"):
        return history.unit_set(event.texts("debts", default=())) if outcome == CONVERSATION else frozenset()
    discussed = history.unit_set([*event.texts("discussed"), *_begun(event)])
    if outcome != CONVERSATION and discussed:
        raise Unsupported(f"{event.place} discusses debts without a conversation")
    return discussed


def _begun(event: Event) -> list[str]:
    """Return the debts that one side began to speak of; what either began was discussed (comment 14(b)(4)-1.ii)."""
    found = [debt for key in ("initiated_by_collector", "initiated_by_consumer") for debt in event.texts(key, default=())]
    if event.has("discussion_initiated_by"):
        node = event.node("discussion_initiated_by")
        for debt in node:
            node.text(debt)
            found.append(debt)
    return found


def read_ringless(event: Event, history: History) -> None:
    """Read a voice message put straight into the mailbox."""
    message = event.word("message", known=MESSAGES) if event.has("message") else ""
    person, debts = person_out(event, history), debts_in(event, history)
    history.calls.append(Call(event.at, True, person, debts, frozenset(), VOICEMAIL, message, endpoint_in(event), None, is_ringless=True))


def read_note(event: Event, history: History, *, person: str) -> None:
    """Read the note, clause by clause."""
    for clause in clauses_of(event.text("note")) if event.has("note") else []:
        parts = [clause] if _note_effect(clause) is not None else [part.strip() for part in clause.split(",")]
        for part in parts:
            effect = _note_effect(part)
            if effect is None:
                hear(event, history, person=person, text=part, is_written=False)
            elif effect == "busy" and not event.has("preference") and not re.search("except|no .*time", event.text("note")):
                raise Unsupported(f"until when the note {part!r} holds is not said")
            elif effect:
                history.learned.append(Dated(event.at, effect, value=person))


def _note_effect(text: str) -> str | None:
    """Return what a note adds, '' where other fields tell it already, None where it is no known note."""
    return next((effect for pattern, effect in NOTES if re.fullmatch(pattern, text, flags=re.IGNORECASE)), None)

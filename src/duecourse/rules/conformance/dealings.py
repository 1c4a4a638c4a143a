"""Readers of questions about what is done with a debt and its records: furnishing, transfer, payments, deletion."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date

from duecourse.kit.calendar import add_months
from duecourse.rules.conformance.notices import cents_of
from duecourse.rules.conformance.vector import Answer, Event, Node, Reader, Unsupported, Vector, day_of
from duecourse.rules.conformance.wording import asked, consumer_of, debts_of, meaning_of

_LETTERS = ("mail_sent", "email_sent", "text_sent", "validation_notice_sent")
_ABOUT_DEBT = ("validation_notice", "letter_about_debt", "collection_letter", "dunning_letter")
_CALLS = ("call_placed", "call_received", "ringless_voicemail")
_OUTCOMES = ("conversation", "no_answer", "voicemail_left", "busy", "not_connected", "hung_up")
_CLOSED = ("paid", "settled", "discharged", "discharged_in_bankruptcy", "paid_in_full")
_OPEN = ("open", "active", "owed", "unpaid", "delinquent", "charged_off", "disputed")
_TRANSFERS = {
    "owner": re.compile(r"\bto (the )?(debt('?s)? )?owner\b|\bto (the )?creditor that owns\b"),
    "previous_owner": re.compile(r"\bprevious owner.*contract|\bprior owner.*contract"),
    "merger": re.compile(r"\bmerger\b|\bacquisition\b|purchase and assumption|\bsubstantially all\b"),
    "security": re.compile(r"\bsecuriti[sz]\w+|\bpledge\w*|\bcollateral\b|\bsecured\b.*\b(notice|notification)\b"),
    "information": re.compile(
        r"\b(send|sends|sending|share|transmit)\b.*\b(file|data|information)\b.*\b(analytics|scrubbing|archiving)\b"
        r"|\breport\w*\b.*\b(cra|credit reporting agency|consumer reporting agency|credit bureau)\b.*|\breport\w* (paid|settled|discharged) status\b.*"
    ),
    "other": re.compile(r"\bsell\b|\bsold\b|\bsale\b|\bfor (value|consideration)\b|\bplac(e|ing|ement)\b|on behalf of (the )?owner"),
}
_TRANSFER_FACTS = {
    "owner": "is_transfer_to_owner",
    "previous_owner": "is_transfer_to_previous_owner",
    "merger": "is_transfer_in_merger",
    "security": "is_transfer_security",
}
_RECORDS = (
    *("telephone_call_log", "call_log", "telephone_call_logs", "validation_notice", "validation_notice_copy", "letter", "letters", "email"),
    *("emails", "text_messages", "dispute", "dispute_records", "account_notes", "payment_records", "collection_notes", "opt_out_records"),
    *("copies_of_documents_provided_to_consumer", "copy_of_document_provided_to_consumer", "documents_provided_to_consumer"),
    *("copy_of_validation_notice", "copies_of_validation_notices", "copies_of_notices", "dispute_correspondence", "disclosure_copies"),
    *("consent_records", "credit_reporting_records", "itemization", "communication_records", "policies_and_procedures"),
)
_RECORDING = re.compile(r"(?:telephone_)?call_recording(?:_(\d{4}-\d\d-\d\d))?")
_FURNISHED = ("furnished_to_cra", "information_furnished", "furnishing", "furnish_to_cra", "cra_furnished", "information_furnished_to_cra")
_ACTIVITY = ("collection_activity_first", "collection_activity", "collection_activity_last")


def _furnish(vector: Vector) -> Answer:
    consumer, at = consumer_of(vector), vector.question.instant("t")
    debts = set(debts_of(vector.question, vector=vector)) if vector.question.has("debts") else set(vector.debts)
    kinds = ("nationwide", "nationwide_consumer_reporting_agency", "nationwide_specialty_check_writing_history")
    is_check = vector.question.word("cra_type", known=kinds, default=kinds[0]) == kinds[-1]
    spoken = {debt for call in vector.events(*_CALLS) for debt in _discussed(call, vector=vector, consumer=consumer) if call.at <= at}
    for event in vector.events(*_FURNISHED):
        event.text("by")
        event.get("to")
        if event.has("debts"):
            debts_of(event, vector=vector)
    vector.question.flag("additional", default=False)
    letters = [
        event for event in vector.events(*_LETTERS) if _is_letter(event, vector=vector, consumer=consumer, debts=debts) and event.at <= at
    ]
    bounces = _bounces(vector, letters)
    known = {
        "is_check_agency": int(is_check),
        "is_spoken_about_debt": int(debts <= spoken),
        "is_bounce_monitored": int(vector.known.flag("monitored_for_undeliverable", default=False) or bool(bounces)),
    }
    asked_on = vector.local_day(at)
    answers = [asked(vector, "furnishing", known | _waited(letter, vector, asked_on, bounces), about=("furnishing",)) for letter in letters]
    answers = answers or [asked(vector, "furnishing", known, about=("furnishing",))]
    return next((answer for answer in answers if answer.outcome == "allow"), answers[0])


def _discussed(call: Event, *, vector: Vector, consumer: str) -> tuple[str, ...]:
    """Return the debts that the collector and the consumer spoke about in a call; none where nobody spoke."""
    sides = {call.text("by"), call.text("to")}
    if sides != {consumer, vector.collector}:
        raise Unsupported(f"{call.place} is not between the collector and the consumer")
    call.word("channel", known=("phone",), default="phone")
    call.get("endpoint")
    named = debts_of(call, vector=vector) if call.has("debts") else ()
    outcome = call.word("outcome", known=_OUTCOMES, default="no_answer")
    call.word("message", known=("limited_content", "full"), default="full")
    discussed = call.texts("discussed", default=named)
    return discussed if outcome == "conversation" and call.kind != "ringless_voicemail" else ()


def _is_letter(event: Event, *, vector: Vector, consumer: str, debts: set[str]) -> bool:
    """Whether a letter or an electronic message went to the consumer about the debts asked about."""
    if event.text("by") != vector.collector or event.text("to") != consumer:
        raise Unsupported(f"{event.place} does not go from the collector to the consumer")
    event.word("channel", known=("mail", "email", "text"), default="mail")
    event.get("endpoint")
    if event.kind != "validation_notice_sent" and not event.has("debts"):
        event.word("content", known=_ABOUT_DEBT)
    else:
        event.word("content", known=_ABOUT_DEBT, default=_ABOUT_DEBT[0])
    named = set(debts_of(event, vector=vector)) if event.has("debts") else set(vector.debts)
    return debts <= named


def _bounces(vector: Vector, letters: list[Event]) -> dict[int, date]:
    """Return the first day on which each letter came back, by the letter's place in time.

    A notice names its letter by channel or address, or there is only one letter it can be about.
    """
    found: dict[int, date] = {}
    for event in vector.events("undeliverable_notice_received"):
        if event.text("to") != vector.collector:
            raise Unsupported(f"{event.place} does not reach the collector")
        keys = [key for key in ("channel", "endpoint") if event.has(key)]
        before = [letter for letter in letters if letter.at <= event.at and all(letter.get(key) == event.get(key) for key in keys)]
        open_ones = [letter for letter in before if id(letter) not in found]
        if len(open_ones) > 1:
            raise Unsupported("which of several letters came back is not told")
        if open_ones:
            found[id(open_ones[0])] = vector.local_day(event.at)
    return found


def _waited(letter: Event, vector: Vector, asked_on: date, bounces: dict[int, date]) -> dict[str, int]:
    sent_on = vector.local_day(letter.at)
    facts = {"is_debt_written": 1, "days_since_debt_written": (asked_on - sent_on).days}
    bounced_on = bounces.get(id(letter))
    if bounced_on is not None and bounced_on <= asked_on:
        facts["days_until_bounce"] = (bounced_on - sent_on).days
    return facts


def _transfer(vector: Vector) -> Answer:
    consumer_of(vector)
    vector.question.instant("t")
    named = debts_of(vector.question, vector=vector) if vector.question.has("debts") else tuple(vector.debts)
    statuses = {name: debt.word("status", known=(*_CLOSED, *_OPEN), default=_OPEN[0]) for name, debt in vector.debts.items()}
    found = meaning_of(vector.question.text("what"), meanings=_TRANSFERS, place="what is done")
    is_transferred = found != "information"
    facts = {"is_debt_known_closed": int(any(statuses[name] in _CLOSED for name in named)), "is_debt_transferred": int(is_transferred)}
    if found in _TRANSFER_FACTS:
        facts[_TRANSFER_FACTS[found]] = 1
    return asked(vector, "transfer", facts, about=("settled_debt_transfer",))


def _payment(vector: Vector) -> Answer:
    consumer_of(vector)
    vector.question.instant("t")
    shares = _amounts(vector.question.node("allocation"), vector=vector)
    paid = cents_of(vector.question.need("amount"), place="the amount")
    if sum(shares.values()) != paid:
        raise Unsupported("the parts of the payment do not make up the payment")
    directed = _amounts(vector.known.node("consumer_direction"), vector=vector) if vector.known.has("consumer_direction") else {}
    if directed and sum(directed.values()) != paid:
        raise Unsupported("the consumer's direction does not make up the payment")
    disputed = set(vector.known.texts("disputed_debts", default=()))
    if disputed - vector.debts.keys():
        raise Unsupported("a disputed debt is not among the debts")
    facts = {
        "disputed_part_minor": sum(cents for debt, cents in shares.items() if debt in disputed),
        "is_payment_directed": int(bool(directed)),
        "undirected_part_minor": sum(max(cents - directed.get(debt, 0), 0) for debt, cents in shares.items()) if directed else 0,
    }
    return asked(vector, "payment", facts, about=("single_payment",))


def _amounts(node: Node, *, vector: Vector) -> dict[str, int]:
    if set(node) - vector.debts.keys():
        raise Unsupported(f"{node.place} names a debt that the facts do not have")
    return {debt: cents_of(node.need(debt), place=f"{node.place}, {debt}") for debt in node}


def _delete_record(vector: Vector) -> Answer:
    consumer = consumer_of(vector)
    record, asked_on = vector.question.text("record"), vector.local_day(vector.question.instant("t"))
    calls = [vector.local_day(call.at) for call in vector.events("call_recorded") if _by_us(call, vector=vector) and _is_to(call, consumer)]
    recording = _RECORDING.fullmatch(record)
    if recording is None and record not in _RECORDS:
        raise Unsupported(f"the record {record!r} is not known")
    last_on = _last_activity(vector, asked_on)
    facts = {"is_recording": int(recording is not None)}
    if recording is not None:
        facts["months_since_call"] = _months_past(_call_of(recording.group(1), calls), asked_on)
    elif last_on is not None:
        facts["months_since_last_activity"] = _months_past(last_on, asked_on)
    return asked(vector, "record", facts, about=("records_kept", "recordings_kept"))


def _by_us(event: Event, *, vector: Vector) -> bool:
    if event.text("by") != vector.collector:
        raise Unsupported(f"{event.place} is not by the collector")
    return True


def _is_to(event: Event, consumer: str) -> bool:
    if event.text("to") != consumer:
        raise Unsupported(f"{event.place} is not to the consumer")
    return True


def _call_of(written: str | None, calls: list[date]) -> date:
    if written is not None:
        called_on = day_of(written, place="the day of the call")
        if calls and called_on not in calls:
            raise Unsupported(f"no call of {called_on} was recorded")
        return called_on
    if len(calls) != 1:
        raise Unsupported("which call's recording is meant is not told")
    return calls[0]


def _last_activity(vector: Vector, asked_on: date) -> date | None:
    """Return the day of the last collection activity, or None if there was none.

    Raises:
        Unsupported: collection began, and nobody says when it ended.
    """
    days: list[date] = []
    for event in (*vector.events(*_ACTIVITY), *_contacts(vector)):
        _by_us(event, vector=vector)
        if event.has("debts"):
            debts_of(event, vector=vector)
        days.append(vector.local_day(event.at))
    if vector.events("collection_activity_first") and not vector.events("collection_activity_last") and len(days) == 1:
        raise Unsupported("when collection ended is not told")
    return max((day for day in days if day <= asked_on), default=None)


def _contacts(vector: Vector) -> Iterable[Event]:
    for event in vector.events("call_placed", "email_sent", "text_sent", "mail_sent", "validation_notice_sent", "ringless_voicemail"):
        for key in ("to", "channel", "outcome", "discussed", "endpoint", "content", "message"):
            event.get(key)
        yield event


def _months_past(since: date, until: date) -> int:
    """Return the whole months that lie behind; a month's own anniversary still belongs to it."""
    months = (until.year - since.year) * 12 + until.month - since.month
    return max(months if add_months(since, months, rounding="down") < until else months - 1, 0)


def _must_record(vector: Vector) -> Answer:
    consumer_of(vector)
    answer = asked(vector, "call_recording", {"is_call_recorded": 0}, about=("call_recording",))
    return Answer(None, {**answer.facts, "must_record": bool(answer.facts["codes"])}, {}, answer.rules)


ACTIONS: dict[str, Reader] = {
    "furnish_to_cra": _furnish,
    "transfer_debt": _transfer,
    "apply_single_payment": _payment,
    "delete_record": _delete_record,
    "must_record_calls": _must_record,
}

"""Readers of questions about contacts: calls, messages, visits, and what is said in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, time
from typing import Any

from duecourse.rules.conformance import sayings
from duecourse.rules.conformance import situation as facts_of
from duecourse.rules.conformance.asking import ask, ask_contact, rules_in
from duecourse.rules.conformance.calls import CALL_LASTS, CONVERSATION, MESSAGES, VOICEMAIL
from duecourse.rules.conformance.past import Call, Endpoint, History
from duecourse.rules.conformance.persons import EXCLUDED_ROLES, only_consumer, read_roles, role_of
from duecourse.rules.conformance.places import PLACES, endpoint_of_kind, place_known
from duecourse.rules.conformance.purposes import Purpose, factor_of, purpose_of
from duecourse.rules.conformance.situation import MEDIA, Situation, zone_of_consumer
from duecourse.rules.conformance.timeline import history_of
from duecourse.rules.conformance.vector import Answer, Reader, Unsupported, Vector

_SEVERITY = ("deny", "presumed_violation", "presumed_compliant", "allow")
_CONTENTS = {"opt_out_confirmation_only", "opt_out_confirmation_plus_payment_link"}
_FLAGS = ("requested_by_person", "reasonable_belief_earlier_response_wrong_and_now_correct")
_CONSENTERS = {
    *("this_collector", "prior_collector", "previous_collector", "another_collector", "other_collector", "creditor", "original_creditor"),
    *("prior_debt_collector", "previous_debt_collector"),
}
_PERIODIC = ("periodic_statement_required", "mortgage_servicer_subject_to_1026_41", "subject_to_periodic_statement_requirement")
_ELECTRONIC_STATEMENTS = (
    "electronic_consent",
    "consented_to_electronic_statements",
    "electronic_statement_consent",
    "consumer_consented_to_electronic_statements",
)
_VOICEMAILS = "_voicemails"


def attempt(vector: Vector) -> Answer:
    """Answer whether a contact may be made: its facts are derived, and the gate is asked about each debt it concerns."""
    history = history_of(vector)
    found = _situation(vector, history)
    return _asked_about_debts(vector, found, debts=_debts_asked(vector, history))


def _situation(vector: Vector, history: History) -> Situation:
    question = vector.question
    person = question.text("to", only_consumer(vector))
    role = role_of(vector, person)
    read_roles(vector)
    afterwards = vector.latest or datetime.combine(vector.day_latest, time(12), tzinfo=UTC)
    at = question.instant("t") if question.has("t") else afterwards
    if not question.has("t"):
        _refuse_local_rules(vector)
    for key in ("viewed_at", "received_at", "read_at"):
        if question.has(key):
            question.instant(key)
    for key in ("viewed_where", "viewed_at_place", "viewed_from"):
        if question.has(key):
            question.word(key, known=PLACES)
    question.flag("automated", default=False)
    return Situation(
        history=history,
        at=at,
        medium=question.word("channel", known=MEDIA, default=None if vector.action == "attempt_contact" else "phone"),
        person=person,
        role=role,
        debt="",
        calls=tuple(call for call in history.calls if call.at <= at),
        endpoint=question.text("endpoint") if question.has("endpoint") else None,
        purpose=purpose_of(question) if question.has("purpose") else None,
        content=question.word("content", known=_CONTENTS) if question.has("content") else None,
        place=_place_asked(vector),
        kind=_kind_asked(vector),
        answers_at=_answered_at(vector),
        is_consent_direct=question.word("relies_on_consent_given_to", known=_CONSENTERS, default="this_collector") == "this_collector",
        is_voicemail_left=question.word("message", known=MESSAGES) != "" if question.has("message") else False,
        flags=_flags(vector),
    )


def _flags(vector: Vector) -> dict[str, bool]:
    found = {name: vector.known.flag(name) for name in _FLAGS if vector.known.has(name)}
    told = [vector.known.flag(key) for key in _PERIODIC if vector.known.has(key)]
    if told:
        found[facts_of.PERIODIC] = all(told)
    is_electronic = [vector.known.flag(key) for key in _ELECTRONIC_STATEMENTS if vector.known.has(key)]
    if any(is_electronic):
        raise Unsupported("the consumer agreed to electronic statements, and whether one may be mailed then is not said")
    for key in ("mortgage_servicer", "is_mortgage_servicer", "collector_is_mortgage_servicer"):
        vector.known.flag(key, default=False)
    return found


def _place_asked(vector: Vector) -> str | None:
    for key in ("place", "at_place", "to_place", "location"):
        if vector.question.has(key):
            return vector.question.word(key, known=PLACES)
    return place_known(vector.question)


def _kind_asked(vector: Vector) -> Endpoint | None:
    """Return the kind of address that the question names, by a key of its own or in the address's place."""
    for key in ("endpoint_kind", "endpoint_type", "via"):
        if vector.question.has(key):
            return endpoint_of_kind(vector.question.text(key), place="the question")
    name = vector.question.peek("endpoint")
    if isinstance(name, str) and name.islower():
        return endpoint_of_kind(name, place="the question")
    return None


def _answered_at(vector: Vector) -> datetime | None:
    if not vector.question.has("in_response_to"):
        return None
    text = vector.question.text("in_response_to")
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise Unsupported(f"the message {text!r} that is answered is named by no instant") from None
    return at if at.tzinfo is not None else at.replace(tzinfo=vector.zone)


def _refuse_local_rules(vector: Vector) -> None:
    if any(rule.is_local for rule in rules_in(vector.pack, vector.scope)):
        raise Unsupported("the question has no instant")


def _debts_asked(vector: Vector, history: History) -> list[str]:
    named = vector.question.texts("debts", default=()) or tuple(vector.debts)
    return sorted(history.unit_set(named))


def _asked_about_debts(vector: Vector, situation: Situation, *, debts: Sequence[str]) -> Answer:
    zone = zone_of_consumer(vector, situation.history)
    answers = [_asked(situation.about(debt), zone=zone, scope=vector.scope) for debt in debts or [""]]
    merged = _merged(answers)
    if merged.outcome == "presumed_violation" and situation.purpose is not None:
        factor = factor_of(situation.purpose)
        merged = replace(merged, facts={**merged.facts, "rebuttal_factor": factor, "rebuttal_factors": [factor] if factor else []})
    counters: dict[str, dict[str, int]] = {}
    if situation.medium == "phone":
        counters = {debt: _counters(situation.about(unit)) for debt, unit in situation.history.units.items() if unit in debts}
    return Answer(merged.outcome, merged.facts, counters, merged.rules)


def _asked(situation: Situation, *, zone: str, scope: Sequence[str]) -> Answer:
    channel = MEDIA[situation.medium]
    pack = situation.vector.pack
    rules = [rule for rule in rules_in(pack, tuple(scope)) if channel in rule.channels]
    names = frozenset(name for rule in rules for name in rule.facts_used)
    return ask_contact(facts_of.contact_facts(situation, names=names, zone=zone), pack=pack, scope=scope)


def _merged(answers: Sequence[Answer]) -> Answer:
    """Return the strictest outcome with all findings."""
    codes = sorted({code for answer in answers for code in answer.facts["codes"]})
    warnings = sorted({code for answer in answers for code in answer.facts["warnings"]})
    facts: dict[str, Any] = {"codes": codes, "warnings": warnings, "warn": bool(warnings)}
    factors = [code for code in warnings if code.replace("_calls", _VOICEMAILS) not in set(warnings) - {code}]
    facts["rebuttal_factors"] = factors
    if len(factors) == 1:
        facts["rebuttal_factor"] = factors[0]
    outcome = min((answer.outcome or "allow" for answer in answers), key=_SEVERITY.index)
    return Answer(outcome, facts, {}, tuple(sorted({rule for answer in answers for rule in answer.rules})))


def _counters(situation: Situation) -> dict[str, int]:
    counted = len(facts_of.counted_calls(situation))
    is_excluded = situation.role in EXCLUDED_ROLES or facts_of.is_call_consented(situation)
    return {"counted_calls_in_window": counted, "counted_calls_in_window_incl_attempt": counted + (0 if is_excluded else 1)}


def evaluate_calls(vector: Vector) -> Answer:
    """Judge calls that were made, each with what came before it; the strictest outcome counts."""
    history = history_of(vector)
    until = vector.question.instant("t") if vector.question.has("t") else None
    wanted = vector.question.text("to") if vector.question.has("to") else None
    read_roles(vector)
    debts = set(_debts_asked(vector, history))
    placed = [call for call in history.calls if call.is_placed and (until is None or call.at <= until) and wanted in (None, call.person)]
    if not placed:
        raise Unsupported("no call was placed")
    answers = [_judged_call(vector, history, call, debts=debts) for call in placed]
    last = placed[-1]
    until_last = tuple(call for call in history.calls if call.at <= last.at)
    about = Situation(history, last.at, "phone", last.person, role_of(vector, last.person), "", until_last)
    counted = {debt: len(facts_of.counted_calls(about.about(unit))) for debt, unit in history.units.items() if unit in debts}
    return replace(_merged(answers), counters={debt: {"counted_calls_in_window": count} for debt, count in counted.items()})


def _judged_call(vector: Vector, history: History, call: Call, *, debts: set[str]) -> Answer:
    before = tuple(other for other in history.calls if other.at < call.at or (other.at == call.at and _comes_before(other, call, history)))
    role = role_of(vector, call.person)
    about = Situation(
        history, call.at, "phone", call.person, role, "", before, call.endpoint, call.purpose, is_voicemail_left=call.outcome == VOICEMAIL
    )
    told = _told(call, vector)
    answers = [told] if told is not None else []
    if any("call" in rule.channels for rule in rules_in(vector.pack, vector.scope)):
        answers.append(_asked_about_debts(vector, about, debts=sorted(call.debts & debts)))
    if not answers:
        raise Unsupported(f"no rule of the pack {vector.pack.id} about calls stands at {', '.join(vector.scope)}")
    return replace(_merged(answers), counters=answers[-1].counters)


def _comes_before(other: Call, call: Call, history: History) -> bool:
    return history.calls.index(other) < history.calls.index(call)


def _told(call: Call, vector: Vector) -> Answer | None:
    """Ask what is said of a call that left a message, where the citations are about that."""
    if not call.message or not any(rule.subject == "message" for rule in rules_in(vector.pack, vector.scope)):
        return None
    known = {"is_telephone_call": 1, "is_limited_content": int(call.message == "limited_content")}
    if call.message != "limited_content":
        raise Unsupported("whether the message told who called is not said")
    return ask("message", known, pack=vector.pack, scope=vector.scope, as_of=vector.local_day(call.at))


def count(vector: Vector) -> Answer:
    """Count, for each debt, the calls of the last seven days and the conversations among them."""
    history = history_of(vector)
    read_roles(vector)
    at = vector.question.instant("t") if vector.question.has("t") else vector.latest
    person = vector.question.text("to", only_consumer(vector))
    if at is None:
        raise Unsupported("there is no call to count")
    _allocate_as_asked(vector, history)
    calls = tuple(call for call in history.calls if call.at <= at)
    about = Situation(history, at, "phone", person, role_of(vector, person), "", calls)
    counting = tuple(rule.id for rule in rules_in(vector.pack, vector.scope) if "calls_week_debt_count" in rule.facts_used)
    if not counting:
        raise Unsupported(f"no rule of the pack {vector.pack.id} that counts calls stands at {', '.join(vector.scope)}")
    counters = {debt: _count_of(about.about(unit)) for debt, unit in history.units.items()}
    return Answer(None, {"counters": counters}, counters, counting)


def _allocate_as_asked(vector: Vector, history: History) -> None:
    """Count the one call on which no debt was named for the debt that the question names."""
    for key in ("allocate_to", "count_toward", "counted_toward"):
        if vector.question.has(key):
            chosen = history.unit_set([vector.question.text(key)])
            open_ = [index for index, call in enumerate(history.calls) if call.is_to_allocate]
            if len(open_) != 1:
                raise Unsupported("which call is to be allocated is not clear")
            call = history.calls[open_[0]]
            discussed = chosen if call.discussed else call.discussed
            history.calls[open_[0]] = replace(call, debts=chosen, discussed=discussed)


def _count_of(situation: Situation) -> dict[str, int]:
    talked = [call for call in situation.calls if call.outcome == CONVERSATION and situation.debt in call.discussed]
    recent = [call for call in talked if 0 <= situation.days_since(call.at) < 7 and call.person == situation.person]
    return {"calls": len(facts_of.counted_calls(situation)), "conversations": len(recent)}


def speak_on_inbound(vector: Vector) -> Answer:
    """Answer whether the collector may speak on a call that the person placed: it answers through the same medium."""
    history = history_of(vector)
    about = _situation(vector, history)
    before = [call for call in history.calls if call.person == about.person and call.at <= about.at]
    current = before[-1:]
    if not current or current[0].is_placed or about.at - current[0].at > CALL_LASTS:
        raise Unsupported("there is no call of the person at that moment")
    earlier = tuple(call for call in about.calls if call.is_placed is False)
    return _asked_about_debts(
        vector,
        replace(about, answers_at=current[0].at, calls=earlier, endpoint=about.endpoint or current[0].endpoint),
        debts=_debts_asked(vector, history),
    )


def attempt_collection(vector: Vector) -> Answer:
    """Answer whether a debt may be collected at an instant, whatever the medium."""
    history = history_of(vector)
    read_roles(vector)
    at = vector.question.instant("t")
    person = vector.question.text("to", only_consumer(vector))
    calls = tuple(call for call in history.calls if call.at <= at)
    about = Situation(history, at, "mail", person, role_of(vector, person), "", calls, purpose=Purpose.collect)
    return _asked_about_debts(vector, about, debts=_debts_asked(vector, history))


ACTIONS: dict[str, Reader] = {
    **sayings.ACTIONS,
    "attempt_contact": attempt,
    "place_call": attempt,
    "evaluate_call": evaluate_calls,
    "evaluate_calls": evaluate_calls,
    "count": count,
    "allocate_call": count,
    "speak_on_current_inbound_call": speak_on_inbound,
    "attempt_collection": attempt_collection,
}

"""Readers of questions about what something is and what may be said or done, beside making a contact."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from duecourse.rules.conformance.asking import ask
from duecourse.rules.conformance.calls import CALL_LASTS, CONVERSATION, MESSAGES, UNCONNECTED, VOICEMAIL
from duecourse.rules.conformance.happenings import accepts_electronic
from duecourse.rules.conformance.past import History
from duecourse.rules.conformance.persons import PARTY_FACTS, is_consumer, only_consumer, read_roles, role_of
from duecourse.rules.conformance.situation import MEDIA
from duecourse.rules.conformance.timeline import history_of
from duecourse.rules.conformance.vector import Answer, Reader, Unsupported, Vector


def classify(vector: Vector) -> Answer:
    """Say what the one event of the timeline is, as far as the citations define it."""
    history = history_of(vector)
    read_roles(vector)
    known = _message_facts(history, vector)
    answer = ask("message", known, pack=vector.pack, scope=vector.scope, as_of=vector.day_latest)
    whole = ask("message", known, pack=vector.pack, scope=("1006.2", "1006.14", "1006.34", "1006.38"), as_of=vector.day_latest)
    codes = set(whole.facts["codes"])
    facts = {name: code not in codes for name, (code, needed) in _CLASSES.items() if needed in known}
    if "connected" in facts:
        facts["counts_toward_frequency"] = facts["counts_as_telephone_call"] and facts["connected"]
        facts["counts_toward_frequencies"] = facts["counts_toward_frequency"]
        facts["excluded_from_frequency"] = facts["excluded"] = not facts["counts_toward_frequency"]
    return Answer(None, {**facts, "codes": sorted(answer.facts["codes"])}, {}, answer.rules)


_CLASSES = {
    "communication": ("no_communication", "conveys_debt_information"),
    "attempt_to_communicate": ("no_attempt", "is_about_debt"),
    "counts_as_telephone_call": ("no_telephone_call", "is_voice_call"),
    "connected": ("not_connected", "is_connected"),
    "qualifies_as_last_statement": ("no_last_statement", "is_sent_for_creditor"),
    "in_writing": ("not_in_writing", "is_on_paper"),
}
"""What a vector asks about a message: our code that denies it, and the fact without which it is not told."""


def _message_facts(history: History, vector: Vector) -> dict[str, int]:
    told = [one for one in history.learned if one.what in ("statement_sent", "dispute_submitted")]
    if len(history.calls) + len(history.messages) + len(told) != 1 or len(told) != len(history.learned):
        raise Unsupported("more or less than one event is to be classified")
    if history.calls:
        call = history.calls[0]
        conveys = call.outcome == CONVERSATION or call.message == "conveys_debt_information"
        is_told = call.outcome != VOICEMAIL or bool(call.message)
        is_voice = {"is_voice_call": int(not call.is_ringless), "is_ringless_voicemail": int(call.is_ringless)}
        said = {"conveys_debt_information": int(conveys)} if is_told else {}
        return {"is_about_debt": 1, "is_connected": int(call.outcome not in UNCONNECTED), **said, **is_voice}
    if history.messages:
        content = history.messages[0].content_class
        is_about = content != "marketing_no_specific_debt"
        conveys = content in ("conveys_debt_information", "specific_debt")
        said = {"conveys_debt_information": int(conveys)} if content else {}
        return {"is_about_debt": int(is_about), "is_voice_call": 0, **said}
    if told[0].what == "statement_sent":
        return {"is_sent_for_creditor": int(_is_for_creditor(told[0].value, vector))}
    return _dispute_facts(told[0].value, vector)


def _is_for_creditor(sender: str, vector: Vector) -> bool:
    also = vector.known.flag("collector_is_also_creditor", default=False)
    if sender == vector.collector:
        return also
    if re.fullmatch(r"CR\d+(?:-SERVICE-PROVIDER)?", sender) is None:
        raise Unsupported(f"who {sender} is, is not said")
    return True


def _dispute_facts(way: str, vector: Vector) -> dict[str, int]:
    if not way.startswith("electronic"):
        return {"is_on_paper": int(way == "paper")}
    told = way.partition(" ")[2]
    accepts = told == "accepted" if told else accepts_electronic(vector, medium="email")
    return {"is_on_paper": 0, "is_electronic": 1, "is_electronic_accepted": int(accepts)}


def classify_person(vector: Vector) -> Answer:
    """Say whether a person is the consumer in the sense of the rules on contact."""
    history_of(vector)
    read_roles(vector)
    role = role_of(vector, vector.question.text("person"))
    known = dict.fromkeys(PARTY_FACTS.get(role, ()), 1)
    answer = ask("party", known, pack=vector.pack, scope=vector.scope, as_of=vector.day_latest)
    return Answer(None, {"consumer_for_1006_6": "no_consumer" not in answer.facts["codes"]}, {}, answer.rules)


_NEEDED = {
    "business_name": "has_business_name",
    "reply_request": "has_reply_request",
    "natural_person_name": "has_person_name",
    "callback_number": "has_callback_number",
}


_ELEMENTS = {
    "telephone_number": "callback_number", "callback_telephone_number": "callback_number", "natural_person_names": "natural_person_name",
    "request_to_reply": "reply_request", "natural_person_name_2": "second_natural_person_name", "caller_name": "natural_person_name",
    "another_natural_person_name": "second_natural_person_name", "date_and_time": "message_date_time", "greeting": "salutation",
    "company_name": "business_name",
}  # fmt: skip
"""Other names of the elements."""
_ALLOWED = {"second_natural_person_name", "salutation", "message_date_time", "suggested_reply_times", "any_representative_statement"}


_TELLING = re.compile(r"request_(for|to_speak)|amount|account|debt|creditor|balance|payment|group|department|collect|owe")
"""What an element that is neither needed nor allowed speaks of."""
_OTHER = {
    *("statement_from_debt_collector", "request_to_speak_to_consumer", "representative_group_description", "agent_group_description"),
    *("business_name_indicates_debt_collection", "request_to_speak_to_particular_consumer", "request_to_speak_to_named_consumer"),
    "amount",
    "amount_owed",
    "account_number",
    "creditor_name",
    "debt_collector_statement",
}


def classify_voicemail(vector: Vector) -> Answer:
    """Say whether a voicemail of these elements is a limited-content message."""
    history_of(vector)
    read_roles(vector)
    elements = vector.question.texts("message_elements")
    elements = tuple(_ELEMENTS.get(element, element) for element in elements)
    known = {_NEEDED[element]: 1 for element in elements if element in _NEEDED}
    others = [element for element in elements if element not in _NEEDED and element not in _ALLOWED]
    for element in others:
        if element not in _OTHER and _TELLING.search(element) is None:
            raise Unsupported(f"the element {element!r} is not understood")
    known["has_other_content"] = int(bool(others))
    to = next(
        (
            key
            for key in ("to", "left_for", "recipient", "for", "number_known_to_belong_to", "number_belongs_to")
            if vector.question.has(key)
        ),
        None,
    )
    if not vector.question.flag("knowingly", default=True):
        raise Unsupported("for whom the message is, was not known")
    if to is not None:
        person = role_of(vector, vector.question.text(to))
    elif vector.question.has("endpoint"):
        person = _owner_of(vector, vector.question.text("endpoint"))
    if to is not None or vector.question.has("endpoint"):
        known["is_addressee_consumer"] = int(is_consumer(person, pack=vector.pack))
    answer = ask("message", known, pack=vector.pack, scope=vector.scope, as_of=vector.day_latest)
    return Answer(None, {"limited_content_message": "not_limited_content" not in answer.facts["codes"]}, {}, answer.rules)


def _owner_of(vector: Vector, endpoint: str) -> str:
    """Return the role of the person to whom a known number belongs.

    Raises:
        Unsupported: it is not told.
    """
    for node in vector.known.nodes("endpoints") if vector.known.has("endpoints") else []:
        node.text("kind")
        owner = node.get("belongs_to", node.get("owner"))
        if node.text("id") == endpoint and isinstance(owner, str):
            return role_of(vector, owner)
    raise Unsupported(f"whose number {endpoint} is, is not said")


def voicemail_disclosure(vector: Vector) -> Answer:
    """Say whether a voicemail needs a disclosure."""
    history_of(vector)
    read_roles(vector)
    conveys = vector.question.word("message", known=MESSAGES) == "conveys_debt_information"
    known = {"conveys_debt_information": int(conveys)}
    answer = ask("message", known, pack=vector.pack, scope=vector.scope, as_of=vector.day_latest)
    return Answer(None, {"disclosure_required": answer.outcome == "deny"}, {}, answer.rules)


def required_disclosures(vector: Vector) -> Answer:
    """List what a communication must disclose, given those before it."""
    history = history_of(vector)
    read_roles(vector)
    at, medium = vector.question.instant("t"), vector.question.word("channel", known=MEDIA)
    since = at - CALL_LASTS if medium == "phone" else at
    spoken = [
        call.at
        for call in history.calls
        if call.at < since and (call.outcome == CONVERSATION or call.message == "conveys_debt_information")
    ]
    if any(call.outcome == VOICEMAIL and not call.message for call in history.calls):
        raise Unsupported("what a voicemail says is not told")
    told = [message for message in history.messages if message.at < at and message.content_class != "marketing_no_specific_debt"]
    written = [message.at for message in told if message.medium != "in_person"]
    spoken += [message.at for message in told if message.medium == "in_person"]
    if [one for one in history.of("initial", until=at) if any(earlier < one.at for earlier in [*spoken, *written])]:
        raise Unsupported("an event is called the initial communication, and another comes before it")
    is_initial = not spoken and not written
    is_first_written = not is_initial and medium != "phone" and not [m for m in written if m]
    if vector.question.has("initiated_by"):
        vector.question.word("initiated_by", known=(*vector.persons, "consumer", "collector", vector.collector))
    if vector.question.has("note"):
        note = vector.question.text("note")
        is_right = {
            "initial communication": is_initial,
            "initial written communication": medium != "phone" and (is_initial or is_first_written),
            "consumer-initiated call": medium == "phone",
            "consumer-initiated initial communication": medium == "phone" and is_initial,
        }
        if not all(is_right.get(part.strip(), False) for part in re.split("[;,]", note)):
            raise Unsupported(f"the note {note!r} is not understood")
    known = {"conveys_debt_information": 1, "is_initial": int(is_initial), "is_initial_in_writing": int(is_first_written)}
    answer = ask("message", known, pack=vector.pack, scope=vector.scope, as_of=vector.local_day(at))
    codes = answer.facts["codes"]
    full = ["attempting_to_collect_a_debt", "information_used_for_that_purpose"]
    later = ["communication_is_from_a_debt_collector"] if "no_later_disclosure" in codes else []
    return Answer(None, {"required": full if "no_initial_disclosure" in codes else later}, {}, answer.rules)


_ASKS = (
    (r"(?:what|which|whether another|whether a different) (?:time|place)(?: or (?:time|place))?(?:s)? would be (?:more )?convenient", 0),
    (r"(?:when|where) (?:would be (?:a )?(?:more )?convenient(?: time| place)?|is (?:a )?convenient(?: time)?)", 0),
    (r"(?:for )?consent to (?:continue|the continuation of) (?:this|the|that) (?:inconvenient )?(?:call|communication)(?: now)?", 1),
    (r"(?:may|can) we continue (?:this|the) (?:call|conversation)(?: now)?", 1),
)


def ask_during_call(vector: Vector) -> Answer:
    """Answer whether something may be asked on a call that was called inconvenient."""
    history = history_of(vector)
    read_roles(vector)
    role_of(vector, vector.question.text("to", only_consumer(vector)))
    text, at = vector.question.text("ask"), vector.question.instant("t")
    asking = next((value for pattern, value in _ASKS if re.fullmatch(pattern, text, flags=re.IGNORECASE)), None)
    if asking is None:
        raise Unsupported(f"the question {text!r} is not understood")
    is_inconvenient = any(one.at <= at for one in history.of("call_inconvenient", until=at))
    known = {"is_asking_to_go_on": asking, "is_call_inconvenient": int(is_inconvenient)}
    return ask("conduct", known, pack=vector.pack, scope=vector.scope, as_of=vector.local_day(at))


_ESTATE = (
    r"deceased consumer: (?:says|states) (?:that )?it is looking for the person (?:authorized to act (?:for|on behalf of) the "
    r"(?:deceased consumer's )?estate|handling the financial affairs of the deceased(?: consumer)?)"
)


_NO_STATEMENT = r"(?:deceased consumer: )?(?:says|states) (?:that )?(?:it|the debt collector|the collector) is (?:looking for|seeking|seeking to identify and locate|trying to locate) the person "
_OWN_NAME = (
    r"(?:states|gives|identifies (?:self|itself|himself|herself) by) (?:own )?name(?:;|,| and|, and) (?:says |states )?(?:that )?(?:it is )?"
    r"(?:confirms|confirming)(?: or correcting)? location information(?:; names employer only (?:on|upon) (?:express )?request)?"
)
_STATEMENTS: tuple[tuple[str, Mapping[str, int]], ...] = (
    (
        r"(?:deceased consumer: )?(?:states|says|mentions) (?:that )?(?:the )?(?:consumer|deceased|deceased consumer) (?:owes|owed) (?:a|any) debt",
        {"is_debt_mentioned": 1},
    ),
    (r"(?:names|identifies) (?:the |own |its )?employer (?:without being asked|unasked)", {"is_employer_named": 1}),
    (
        r"(?:names|identifies) (?:the |own |its )?employer (?:only )?(?:when|if|after being) expressly (?:asked|requested)",
        {"is_employer_named": 1, "is_employer_asked": 1},
    ),
    (r"volunteers (?:the )?employer's name(?: (?:without being asked|unasked))?", {"is_employer_named": 1}),
    (rf"{_NO_STATEMENT}(?:who is )?authorized to act (?:for|on behalf of) the (?:deceased consumer's |consumer's )?estate", {}),
    (rf"{_NO_STATEMENT}handling the financial affairs of the deceased(?: consumer)?", {}),
    (_OWN_NAME, {}),
    (r"gives (?:the )?employer's name after express request", {"is_employer_named": 1, "is_employer_asked": 1}),
    (_ESTATE, {}),
    (r"(?:states|says) (?:that )?it is confirming(?: or correcting)? location information", {}),
    (r"identifies (?:itself|himself|herself) by (?:own )?name", {}),
    (r"does not identify (?:self|itself|himself|herself)(?: by name)?|refuses to give (?:own|its) name", {"is_own_name_hidden": 1}),
)


def location_statement(vector: Vector) -> Answer:
    """Answer whether something may be said to a third party who is asked for the consumer's whereabouts."""
    history_of(vector)
    read_roles(vector)
    if role_of(vector, vector.question.text("to")) == "consumer":
        raise Unsupported("the consumer is no third party")
    text = vector.question.text("statement")
    known = next((known for pattern, known in _STATEMENTS if re.fullmatch(pattern, text, flags=re.IGNORECASE)), None)
    if known is None:
        raise Unsupported(f"the statement {text!r} is not understood")
    return ask("conduct", known, pack=vector.pack, scope=vector.scope, as_of=vector.local_day(vector.question.instant("t")))


_STEPS: dict[str, Mapping[str, int]] = {
    "file_suit": {"is_suit": 1},
    "bring_legal_action": {"is_suit": 1},
    "threaten_suit": {"is_suit_threatened": 1},
    "threaten_legal_action": {"is_suit_threatened": 1},
    "file_bankruptcy_proof_of_claim": {"is_proof_of_claim": 1, "is_suit": 1},
    "send_collection_letter_without_threat": {},
}


def legal_step(vector: Vector) -> Answer:
    """Answer whether a step may be taken on debts some of which may be time-barred."""
    history_of(vector)
    read_roles(vector)
    step = _STEPS[vector.question.word("step", known=_STEPS)]
    as_of = vector.local_day(vector.question.instant("t"))
    named = vector.question.texts("debts", default=()) or tuple(vector.debts)
    ends = {
        debt: node.day("statute_of_limitations_expired_on")
        for debt, node in vector.debts.items()
        if node.has("statute_of_limitations_expired_on")
    }
    if not set(named) <= vector.debts.keys():
        raise Unsupported("a debt is asked about that the facts do not name")
    is_barred = any(debt in ends and as_of > ends[debt] for debt in named)
    return ask("conduct", {**step, "is_time_barred": int(is_barred)}, pack=vector.pack, scope=vector.scope, as_of=as_of)


def classify_dispute(vector: Vector) -> Answer:
    """Say whether the last dispute is a duplicate of an earlier one that was answered."""
    history = history_of(vector)
    read_roles(vector)
    last = max((event.at for event in vector.events("dispute_received")), default=None)
    disputes = [one for one in history.learned if one.what == "dispute"]
    if last is None or len(disputes) < 2:
        raise Unsupported("there are not two disputes")
    reworded = [event.get("text") for event in vector.events("dispute_received") if event.at == last]
    is_new = any(one.at == last for one in history.of("new_material", until=last))
    if not is_new and (reworded == [None] or not isinstance(reworded[0], str)):
        raise Unsupported("whether the later dispute is substantially the same is not said")
    before = [one for one in disputes if one.at < last]
    answered = any(one.at <= last for one in history.of("dispute_answered", until=last) if one.at >= before[-1].at)
    known = {
        "is_dispute_repeated": 1,
        "is_dispute_answered": int(answered),
        "has_new_material": int(is_new),
    }
    answer = ask("message", known, pack=vector.pack, scope=vector.scope, as_of=vector.day_latest)
    return Answer(None, {"duplicative": "no_duplicate" not in answer.facts["codes"]}, {}, answer.rules)


def _conduct(read: Callable[[Vector], Mapping[str, int]]) -> Reader:
    def answer(vector: Vector) -> Answer:
        history_of(vector)
        read_roles(vector)
        return ask("conduct", read(vector), pack=vector.pack, scope=vector.scope, as_of=vector.day_latest)

    return answer


_SEEN = dict.fromkeys(
    ("recipient_only", "recipient", "person_only", "only_the_person", "the_person_only", "consumer_only", "private"), 0
) | dict.fromkeys(
    (
        *("public", "general_public", "public_page", "contacts", "friends", "persons_contacts", "person_contacts", "consumer_contacts"),
        *("the_general_public", "public_web_page", "persons_social_media_contacts", "general_public_or_contacts", "the_persons_contacts"),
        *("consumers_contacts", "recipient_contacts", "recipients_contacts", "social_media_contacts", "public_or_contacts"),
    ),
    1,
)


def _seen_by(vector: Vector) -> Mapping[str, int]:
    written = vector.question.text("visible_to")
    word = re.sub(r"\s+", "_", written.lower().replace("'", ""))
    if word not in _SEEN:
        raise Unsupported(f"the question has the unknown word {written!r} in visible_to")
    return {"is_message_visible_to_others": _SEEN[word]}


def _alias(vector: Vector) -> Mapping[str, int]:
    question = vector.question
    consistent, traceable = question.flag("alias_used_consistently"), question.flag("collector_can_identify_employee")
    return {"is_alias_used": 1, "is_alias_consistent": int(consistent), "is_alias_traceable": int(traceable)}


_TELLS = (
    *("discloses_debt_collector_identity", "identity_as_debt_collector_disclosed", "discloses_identity_as_debt_collector"),
    *("debt_collector_identity_disclosed", "identifies_as_debt_collector"),
)


def _contact_request(vector: Vector) -> Mapping[str, int]:
    question = vector.question
    keys = [key for key in _TELLS if question.has(key)]
    if len(keys) != 1:
        raise Unsupported("whether the request tells of the debt collector is not said")
    if question.has("to"):
        role_of(vector, question.text("to"))
    question.word("platform", known=("social", "social_media", "social_networking", "professional_networking"), default="social")
    return {"is_contact_request": 1, "is_collector_identity_told": int(question.flag(keys[0]))}


def disclosure_languages(vector: Vector) -> Answer:
    """Say in which languages a disclosure is needed, or whether those in which it is made are enough."""
    history_of(vector)
    read_roles(vector)
    spoken = vector.question.texts("communication_languages" if vector.question.has("communication_languages") else "languages")
    if not spoken:
        raise Unsupported("in which language the communication is, is not said")

    def asked(made: set[str]) -> Answer:
        known = {"is_language_left_out": int(not set(spoken) <= made)}
        return ask("message", known, pack=vector.pack, scope=vector.scope, as_of=vector.day_latest)

    if vector.question.has("disclosure_languages"):
        return asked(set(vector.question.texts("disclosure_languages")))
    needed = [language for language in spoken if asked(set(spoken) - {language}).outcome == "deny"]
    return Answer(None, {"languages": needed, "disclosure_languages": needed, "required_languages": needed}, {}, asked(set(spoken)).rules)


ACTIONS: dict[str, Reader] = {
    "social_media_contact_request": _conduct(_contact_request),
    "send_contact_request": _conduct(_contact_request),
    "required_disclosure_languages": disclosure_languages,
    "validate_disclosure_language": disclosure_languages,
    "classify": classify,
    "classify_person": classify_person,
    "classify_voicemail_elements": classify_voicemail,
    "classify_dispute": classify_dispute,
    "voicemail_requires_disclosure": voicemail_disclosure,
    "required_disclosures_now": required_disclosures,
    "ask_during_call": ask_during_call,
    "location_call_statement": location_statement,
    "legal_or_collection_step": legal_step,
    "social_media_message": _conduct(_seen_by),
    "use_assumed_name": _conduct(_alias),
}

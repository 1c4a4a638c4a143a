"""Readers of questions about notices: what a validation notice shows, when its period ends, to whom it goes, and other papers.

Each derives whole-number facts from the vector and lets the pack judge them. A question about where the itemization stands takes its
lines as complete, and a question about its lines takes them to stand in the notice.
"""

from __future__ import annotations

import re
from datetime import date, timedelta

from duecourse.kit.errors import DuecourseError
from duecourse.kit.money import parse_amount
from duecourse.rules.conformance.federal_days import counted_days
from duecourse.rules.conformance.vector import Answer, Event, Node, Reader, Unsupported, Vector
from duecourse.rules.conformance.wording import asked, consumer_of, disclosures_sent, is_present, may_deny, meaning_of, plain

_DATES = {
    "last_statement_date": "is_itemized_at_last_statement",
    "charge_off_date": "is_itemized_at_charge_off",
    "last_payment_date": "is_itemized_at_last_payment",
    "transaction_date": "is_itemized_at_transaction",
    "judgment_date": "is_itemized_at_judgment",
}
_OTHER_DATES = (
    *("placement_date", "assignment_date", "default_date", "delinquency_date", "first_delinquency_date", "account_opening_date"),
    *("origination_date", "notice_date", "letter_date", "sale_date", "transfer_date", "acquisition_date", "date_of_notice"),
)
_LINES = {"interest": "is_interest_shown", "fees": "is_fees_shown", "payments": "is_payments_shown", "credits": "is_credits_shown"}
_FILLED = re.compile(r"[-+$]? ?\$?\d[\d,]*(\.\d+)?|none|zero|nil|no [a-z ,]+(assessed|applied|added|charged|made|received)( [a-z ,]+)?")
_NONE_AT_ALL = re.compile(
    r"no interest, fees, payments,? (?:or|and) credits (?:have been|were) (?:assessed or applied|assessed|applied)(?: to the debt)?\.?"
)
_POINTER = re.compile(r"\b(see|refer|enclosed|attached|attachment|separate|page|reverse|back|other side|overleaf)\b")
_MASK = re.compile(r"[*xX#•·.\-\s]")
_MARKS = {
    "postal": re.compile(
        r"postage|postal|return service|address service|forwarding|change service|bar ?code|facilitat\w+ (the )?(mail|delivery)"
        r"|mail(ing)? (class|permit)|first[- ]class|permit imprint|mail[- ]facilitating|forwarding and address correction requested"
        r"|(debtor|consumer)('s)? name(,| and)? address"
    ),
    "name": re.compile(r"(?<!un)business name( that does| is)? not( indicat\w+| reveal\w+)|neutral business name"),
    "revealing": re.compile(
        r"business name (that )?(indicat|reveal)\w+|past due|overdue|delinquen\w+|legend|debt notice|collection notice|final notice|final demand"
        r"|^(the )?(words? |legend )?['\"]?(debt[- ]collection|collection agency|urgent)\b"
    ),
    "address": re.compile(r"^(debt )?(collector('s)? )?(return )?address$"),
}
_ADDRESSEES = {
    "nobody": re.compile(r"^['\"]?(to )?(the )?estate( of [\w ]+)?['\"]?$|no named (individual|person)|^unnamed\b"),
    "named": re.compile(
        r"(?<!no )(?<!un)named (executor|administrator|personal representative|individual|person|representative)\b|\bidentified by name\b"
        r"|^[a-z]+ [a-z]+, (the )?(executor|administrator|personal representative)\b"
    ),
}
_AUTHORISED = re.compile(r"executor|administrator|personal representative|authori[sz]ed to act")
_TRANSLATIONS = {
    "bureau": re.compile(r"\b(bureau|cfpb)\b"),
    "altered": re.compile(r"\b(modified|altered|adapted|edited|shortened)\b"),
    "unfaithful": re.compile(r"\bincomplete\b|\binaccurate\b|not (complete|accurate)|omits"),
    "faithful": re.compile(r"(?<!not )(?<!in)complete and accurate"),
}
_STATE = {
    "greater": re.compile(
        r"protections? (that is |that are )?(greater|stronger|broader) than|(greater|more|stronger|broader|additional) protections?"
        r"( under state law)?( that are not inconsistent( with .*)?)?"
    ),
    "less": re.compile(
        r"protections? (that is )?(less|weaker|lower) than|(less|lesser|weaker|fewer) protections?|contradicts?|conflicts? with"
    ),
    "same": re.compile(r"\b(same|identical|equal|equivalent)\b"),
}
_RECEIPT = {
    "received": re.compile(
        r"(the )?consumer (actually |in fact )?received (it|the (validation )?notice)( on)? (\d{4}-\d\d-\d\d|\d{1,2} [a-z]+|[a-z]+ \d{1,2})"
        r"|(the )?(validation )?notice (was )?(actually |in fact )?received( on)? (\d{4}-\d\d-\d\d|\d{1,2} [a-z]+|[a-z]+ \d{1,2})"
    )
}
_BELOW = re.compile(
    r"(email_)?(body_)?below(_(the_)?(validation_)?(content|notice|notice_content|content_of_(the_)?notice|email_content))?(_in_(an_|the_)?(body_of_(an_|the_)?)?email)?"
)
"""Where disclosures may stand in an e-mail instead of on the reverse (comment 34(d)(3)(iv)(A)-1)."""
_PERIOD_MOST_DAYS = 400


def _itemization(vector: Vector) -> Answer:
    consumer_of(vector)
    vector.known.get("prior_collector_itemization_date")
    keys = [key for key in vector.question if key.endswith("_as_of")]
    if not keys:
        raise Unsupported("the question names no date")
    named = {vector.question.word(key, known=(*_DATES, *_OTHER_DATES)) for key in keys}
    facts = {_DATES[word]: 1 for word in named if word in _DATES}
    if len(named) > 1 and len(facts) < len(named):
        facts = {}
    return asked(vector, "validation_notice", {**facts, "is_itemization_date_one": int(len(named) == 1)}, about=("itemization_date",))


def _itemization_fields(vector: Vector) -> Answer:
    consumer_of(vector)
    fields = vector.question.node("fields") if vector.question.has("fields") else Node({}, place="fields")
    if vector.question.has("statement"):
        said = plain(vector.question.text("statement"))
        if list(fields) or not _NONE_AT_ALL.fullmatch(said):
            raise Unsupported(f"what the statement {said!r} means beside the lines is not said")
        return asked(vector, "validation_notice", dict.fromkeys(_LINES.values(), 1), about=("itemization_fields", "itemization_page"))
    if not vector.question.has("fields"):
        raise Unsupported("the question has no fields")
    facts = {}
    for name, fact in _LINES.items():
        value = fields.get(name)
        is_number = isinstance(value, int) and not isinstance(value, bool)
        said = str(value) if is_number else plain(fields.text(name)) if value is not None else ""
        if said and not _FILLED.fullmatch(said):
            raise Unsupported(f"the line {name} says {said!r}, which is neither an amount nor none")
        facts[fact] = int(bool(said))
    return asked(vector, "validation_notice", facts, about=("itemization_fields", "itemization_page"))


def _itemization_location(vector: Vector) -> Answer:
    consumer_of(vector)
    is_enclosed = vector.question.flag("on_separate_page_same_communication")
    facts = {"is_itemization_elsewhere": 1, "is_itemization_page_enclosed": int(is_enclosed), **dict.fromkeys(_LINES.values(), 1)}
    facts["is_itemization_page_referred"] = _refers(vector, "reference_statement")
    return asked(vector, "validation_notice", facts, about=("itemization_fields", "itemization_page"))


def _mortgage(vector: Vector) -> Answer:
    consumer_of(vector)
    types = {debt.text("type") for debt in vector.debts.values()}
    is_owed = vector.known.flag("periodic_statement_required") and types <= {"mortgage", "residential_mortgage"}
    facts = {
        "is_mortgage_rule_used": 1,
        "is_periodic_statement_owed": int(is_owed),
        "is_recent_statement_enclosed": int(vector.question.flag("most_recent_periodic_statement_enclosed")),
        "is_recent_statement_referred": _refers(vector, "reference_statement"),
    }
    return asked(vector, "validation_notice", facts, about=("mortgage_statement",))


def _reverse(vector: Vector) -> Answer:
    consumer_of(vector)
    placement = vector.question.text("placement")
    is_below = _BELOW.fullmatch(placement) is not None
    if not is_below:
        vector.question.word("placement", known=("front", "reverse", "reverse_side", "separate_page", "other_page"))
    is_mailed = vector.question.has("channel") and vector.question.word("channel", known=("email", "mail", "letter")) != "email"
    if is_mailed and is_below:
        raise Unsupported("where below a letter the disclosures stand is not said")
    facts = {"is_disclosure_elsewhere": int(placement != "front"), "is_front_referring": _refers(vector, "front_statement")}
    return asked(vector, "validation_notice", facts, about=("disclosures_elsewhere",))


def _refers(vector: Vector, key: str) -> int:
    if not is_present(vector.question, key):
        return 0
    said = vector.question.text(key)
    if not _POINTER.search(plain(said)) or may_deny(said):
        raise Unsupported(f"whether {said!r} refers to the other page is not understood")
    return 1


def _current_amount(vector: Vector) -> Answer:
    consumer_of(vector)
    is_combined = vector.question.flag("combined_notice", default=len(vector.debts) > 1)
    if is_combined != (len(vector.debts) > 1):
        raise Unsupported("which debts the notice is about is not told")
    owed = sum(cents_of(debt.need("current_amount"), place=debt.place) for debt in vector.debts.values())
    facts = {"owed_now_minor": owed, "shown_amount_minor": cents_of(vector.question.need("shown"), place="shown")}
    return asked(vector, "validation_notice", facts, about=("current_amount",))


def cents_of(value: object, *, place: str) -> int:
    """Return an amount of dollars, written as a number or a text, in cents.

    Raises:
        Unsupported: it is none.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise Unsupported(f"{place} is no amount: {value!r}")
    try:
        cents = parse_amount(str(value), currency="USD", rounding="exact")
    except DuecourseError:
        raise Unsupported(f"{place} is no amount: {value!r}") from None
    if cents < 0:
        raise Unsupported(f"{place} is a negative amount: {value!r}")
    return cents


def _account_number(vector: Vector) -> Answer:
    consumer_of(vector)
    number = re.sub(r"[\s-]", "", vector.known.text("account_number"))
    if not vector.question.has("shown"):
        raise Unsupported("how the account number is shown is not said")
    written = vector.question.text("shown") if vector.question.get("shown") is not None else ""
    shown = re.sub(
        r"^(account|acct\.?|account number)?\s*(number )?((ending|ends)( in| with)?|last (four|4)( digits)?):?\s*",
        "",
        written.strip(),
        flags=re.IGNORECASE,
    )
    bare = _MASK.sub("", shown)
    if bare and not bare.isalnum():
        raise Unsupported(f"the account number is shown as {written!r}, which is not understood")
    tail = len(bare) if number.endswith(bare) else 0
    if bare and not tail:
        raise Unsupported(f"the account number is shown as {written!r}, whose digits are not its last ones")
    facts = {"is_account_number_whole": int(bool(bare) and bare == number), "account_tail_digits_count": tail}
    return asked(vector, "validation_notice", facts, about=("account_number",))


def _addressee(vector: Vector) -> Answer:
    consumer_of(vector)
    said = vector.question.text("addressee")
    is_named = meaning_of(said, meanings=_ADDRESSEES, place="the addressee") == "named"
    facts = {
        "is_consumer_known_dead": int(vector.known.flag("consumer_deceased_known")),
        "is_validation_given_before": int(vector.known.flag("validation_information_previously_provided")),
        "is_addressee_named": int(is_named),
        "is_addressee_for_estate": int(is_named and bool(_AUTHORISED.search(plain(said)))),
    }
    return asked(vector, "validation_notice", facts, about=("notice_addressee", "validation_due"))


def _translation(vector: Vector) -> Answer:
    consumer_of(vector)
    found = meaning_of(vector.question.text("source"), meanings=_TRANSLATIONS, place="the source of the translation")
    facts = {"is_translation_used": 1, "is_bureau_translation": int(found == "bureau"), "is_translation_faithful": int(found == "faithful")}
    if found == "altered":
        raise Unsupported("whether an altered translation is still complete and accurate is not told")
    return asked(vector, "validation_notice", facts, about=("notice_translation",))


_RETURNED = ("returned_undeliverable", "undeliverable", "returned_as_undeliverable", "bounced")


def _notice_sent(vector: Vector) -> tuple[Event, date]:
    """Return the one validation notice that did not come back, and the day on which it was sent."""
    notices = [notice for notice, _ in disclosures_sent(vector, consumer=consumer_of(vector))]
    if vector.known.flag("consumer_otherwise_received_validation_information", default=False):
        raise Unsupported("how else the consumer received the validation information is not said")
    for notice in [notice for notice in notices if any(notice.flag(key, default=False) for key in _RETURNED)]:
        notices.remove(notice)
        for key in ("assumed_receipt", "period_end_printed", "period_end"):
            notice.get(key)
    for bounce in vector.events("undeliverable_notice_received", "notice_returned_undeliverable"):
        bounce.text("to")
        before = [notice for notice in notices if notice.at <= bounce.at]
        if len(before) != 1:
            raise Unsupported("which validation notice came back is not told")
        notices = [notice for notice in notices if notice not in before]
        for key in ("assumed_receipt", "period_end_printed", "period_end"):
            before[0].get(key)
    if len(notices) != 1:
        raise Unsupported("not exactly one validation notice was sent and stayed out")
    return notices[0], vector.local_day(notices[0].at)


def _holidays(vector: Vector) -> frozenset[date] | None:
    if not vector.known.has("federal_holidays"):
        return None
    try:
        return frozenset(date.fromisoformat(text) for text in vector.known.texts("federal_holidays"))
    except ValueError:
        raise Unsupported("a federal holiday is no day") from None


def _printed_end(vector: Vector) -> Answer:
    notice, sent_on = _notice_sent(vector)
    holidays = _holidays(vector)
    receipt_on = notice.day("assumed_receipt") if notice.has("assumed_receipt") else _earliest_receipt(vector, sent_on, holidays)
    end_on = notice.day("period_end_printed" if notice.has("period_end_printed") else "period_end")
    facts = _period(sent_on, receipt_on, end_on, holidays)
    for known in vector.events("knowledge_gained"):
        meaning_of(known.text("detail"), meanings=_RECEIPT, place="what the collector learnt")
        if known.at <= notice.at:
            raise Unsupported("receipt was known before the notice was sent")
    return asked(vector, "validation_notice", facts, about=("assumed_receipt", "validation_period"))


def _period_end(vector: Vector) -> Answer:
    notice, sent_on = _notice_sent(vector)
    holidays = _holidays(vector)
    receipt_on = notice.day("assumed_receipt") if notice.has("assumed_receipt") else _earliest_receipt(vector, sent_on, holidays)
    for days in range(_PERIOD_MOST_DAYS):
        end_on = receipt_on + timedelta(days=days)
        answer = asked(
            vector, "validation_notice", _period(sent_on, receipt_on, end_on, holidays), about=("assumed_receipt", "validation_period")
        )
        if answer.outcome == "allow":
            found = {"earliest_assumed_receipt": receipt_on.isoformat(), "earliest_period_end": end_on.isoformat()}
            return Answer(None, {**answer.facts, **found}, {}, answer.rules)
    raise Unsupported("no end of the period is allowed within a year")


def _earliest_receipt(vector: Vector, sent_on: date, holidays: frozenset[date] | None) -> date:
    for days in range(_PERIOD_MOST_DAYS):
        receipt_on = sent_on + timedelta(days=days)
        facts = _period(sent_on, receipt_on, receipt_on + timedelta(days=_PERIOD_MOST_DAYS), holidays)
        if asked(vector, "validation_notice", facts, about=("assumed_receipt", "validation_period")).outcome == "allow":
            return receipt_on
    raise Unsupported("no day of receipt may be assumed within a year")


def _period(sent_on: date, receipt_on: date, end_on: date, holidays: frozenset[date] | None) -> dict[str, int]:
    return {
        "is_receipt_assumed": 1,
        "receipt_working_days": counted_days(sent_on, receipt_on, holidays=holidays),
        "period_days": max((end_on - receipt_on).days, 0),
    }


def _duplicative(vector: Vector) -> Answer:
    consumer_of(vector)
    facts = {
        "is_reason_given": int(is_present(vector.question, "reason")),
        "is_earlier_answer_dated": int(vector.question.flag("refers_to_earlier_response_with_date")),
    }
    return asked(vector, "dispute_notice", facts, about=("duplicative_dispute",))


def _envelope(vector: Vector) -> Answer:
    consumer_of(vector)
    found = meaning_of(vector.question.text("marking"), meanings=_MARKS, place="the mark")
    facts = {"address": "is_marking_address", "postal": "is_marking_postal", "name": "is_marking_neutral_name"}
    return asked(vector, "envelope", {facts[found]: 1} if found in facts else {}, about=("envelope_marking",))


def _state_disclosure(vector: Vector) -> Answer:
    consumer_of(vector)
    found = meaning_of(vector.question.text("state_disclosure"), meanings=_STATE, place="the state's disclosure")
    facts = {"is_state_law_contrary": int(found != "same"), "is_state_protection_greater": int(found == "greater")}
    answer = asked(vector, "state_disclosure", facts, about=("state_disclosure",))
    return Answer(None, {**answer.facts, "inconsistent": bool(answer.facts["codes"])}, {}, answer.rules)


ACTIONS: dict[str, Reader] = {
    "validate_itemization": _itemization,
    "validate_itemization_fields": _itemization_fields,
    "validate_itemization_location": _itemization_location,
    "validate_mortgage_special_rule": _mortgage,
    "validate_disclosures_on_reverse": _reverse,
    "validate_current_amount": _current_amount,
    "validate_account_number": _account_number,
    "validate_translation": _translation,
    "validate_printed_period_end": _printed_end,
    "validation_period_end": _period_end,
    "address_validation_notice": _addressee,
    "validate_duplicative_notice": _duplicative,
    "envelope_marking": _envelope,
    "state_disclosure_inconsistent": _state_disclosure,
}

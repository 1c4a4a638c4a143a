"""Readers of questions about messages and their delivery: the creditor's notice, the way to opt out, and how a disclosure arrives."""

from __future__ import annotations

import re

from duecourse.rules.conformance.address_history import History
from duecourse.rules.conformance.vector import Answer, Event, Node, Reader, Unsupported, Vector, day_of
from duecourse.rules.conformance.wording import asked, consumer_of, disclosures_sent, is_present, meaning_of, plain

_FLAGS = {
    "names_specific_collector": "is_notice_naming_collector",
    "states_email_and_possible_use": "is_notice_stating_use",
    "warns_others_may_see": "is_notice_warning_of_readers",
}
_WAYS_PAPER = re.compile(
    r"(an? )?(enclosed )?(reply |opt out )?form( is)?( enclosed)?( (and|with|in)( an?)?( enclosed)? ?pre ?addressed envelope)?"
)
_WAYS_ELECTRONIC = re.compile(
    r"(an? )?(electronic |opt out |unsubscribe |click here |website |web )*(hyperlink|link)|(electronic |online )(means|form)"
    r"|(e ?mail |text |stop )?(reply|replying)( to the communication)?( by)?( e ?mail| text)?( with)?( the)?( word)?( stop)?|e ?mail reply|text reply"
)
_WAYS_FREE = re.compile(r"toll free( telephone)? number")
_WAYS_ARDUOUS = re.compile(
    r"((consumer )?must |requires )?(call|write|telephone|calling|writing|letter)( or (call|write|letter))? (to (obtain|get|request|ask for)|for)( an?| the)?( opt out)? form"
    r"|(consumer writes )?own letter|in person visit|none"
)
_WAYS_OFF_LINE = re.compile(
    r"(by |must |requires? )?(postal mail|mail|telephone|phone|letter)( call)?( only| required)?"
    r"|(must |requires )?(visit(ing)? )?(an? )?web ?site( visit)?( (without|with no|no)( providing)?( an?)? link)"
)
"""Ways to opt out of which a notice may tell (comment 6(d)(4)(ii)(C)(4)-1): simple on paper, simple electronically, and too hard."""
_WRITTEN = ("written", "writing", "in_writing", "electronically", "electronic", "email", "mail", "letter", "written_or_electronic")
_BY_WIRE = ("electronic", "email", "electronically")
_SPOKEN = ("oral", "orally", "spoken", "phone", "telephone")
_RECIPIENTS = {
    "debt_collector_or_creditor_but_not_both": (1, 0),
    "debt_collector_and_creditor": (1, 1),
    "collector": (1, 0),
    "debt_collector": (1, 0),
    "creditor": (0, 1),
    "collector_and_creditor": (1, 1),
    "creditor_and_collector": (1, 1),
    "both": (1, 1),
}
_ELECTRONIC = ("text", "email", "sms", "social_media_message", "direct_message", "mobile_app_message")
_EASY = re.compile(r"\b(reply|replying|respond with|text (stop|the word)|send stop|click|link|unsubscribe|subject line|hyperlink)\b")
_HARD = re.compile(r"\b(call|calling|write to|writing to|(send|mail)(ing)? (us )?a letter|by (postal )?mail|by (tele)?phone|visit(ing)?)\b")
_FREE = re.compile(r"\b(no (fee|charge|cost)|without (a )?(fee|charge|cost)|free( of charge)?|at no (cost|charge))\b")
_FEE = re.compile(r"\b(fees?|charges?|costs?|pay|payment|payable)\b|\$ ?\d")
_ASKED = re.compile(r"\b(?:with|include|including|provide|providing|enter|give|giving|state|stating|send) (?:us )?your ([a-z ]+)")
_SECRET = re.compile(r"\b(date of birth|birth date|dob|ssn|social security|account number|driver|password)\b")
_SECRET_ASKED = re.compile(rf"\b(with|and|plus|include|including|provide|enter|give|state|send)\b[^.;]*{_SECRET.pattern}")
_NEEDED = re.compile(r"^(e-?mail( address)?|phone|phone number|telephone number|mobile number|number|preference|request|opt)\b")
_ABSENT = {
    "absent": re.compile(
        r"consumer (no longer (lives|resides|receives mail|gets mail)|has moved|moved|does not (currently )?(live|reside|receive mail|get mail))"
        r",?( (at|in|from|away|or|gets?|receives?|lives?|resides?|mail|there|at),?)*( (the )?last known address| that (location|address))?"
    )
}
_FACTORS = {
    "subject": re.compile(r"\bsubject line\b"),
    "bounces": re.compile(r"\b(undeliverab\w+|non-?deliver\w+|bounces?)\b"),
    "sender": re.compile(r"\b(sender|from (field|line|name)|business name)\b"),
}
_TOLD = {
    "subject": re.compile(r"\bcreditor\b"),
    "bounces": re.compile(r"monitor|heed|respond"),
    "sender": re.compile(
        r"recogni[sz]|familiar|\(d\)\(4\)\(ii\)\(c\)|prior (limited-content message|e-?mail|message)|creditor's (e-?mail )?notice"
    ),
}
_NOT_AMOUNT = re.compile(r"(other than|besides|not) (the )?amount( of the debt)?")
_IDENTIFIER = re.compile(
    r"identifier|identifying|account|brand|merchant|truncated|last four|original creditor|date of|piece of information|(billing|mailing) address"
    r"|address of service"
)


def _creditor_notice(vector: Vector) -> Answer:
    consumer_of(vector)
    notice = vector.question.node("notice")
    is_part = notice.flag("combined_in_larger_communication", default=False)
    is_clear = notice.flag("clear_and_conspicuous") if is_part else notice.flag("clear_and_conspicuous", default=True)
    to_collector, to_creditor = _RECIPIENTS[notice.word("respond_to", known=_RECIPIENTS)]
    facts = {
        **{fact: int(notice.flag(name)) for name, fact in _FLAGS.items()},
        "is_notice_opt_out_simple": int(_is_way_simple(notice)),
        "is_notice_written": int(notice.word("delivery", known=(*_WRITTEN, *_SPOKEN)) in _WRITTEN),
        "is_notice_clear": int(is_clear),
        "is_opt_out_to_collector": to_collector,
        "is_opt_out_to_creditor": to_creditor,
        "notice_opt_out_days": _opt_out_days(notice),
    }
    return asked(vector, "email_notice", facts, about=("creditor_email_notice",))


def _is_way_simple(notice: Node) -> bool:
    """Whether the way to opt out is reasonable and simple for a notice that is sent so (comment 6(d)(4)(ii)(C)(4)-1)."""
    written, sent = notice.text("opt_out_method"), notice.word("delivery", known=(*_WRITTEN, *_SPOKEN))
    said = plain(written).replace("-", " ")
    if _WAYS_ARDUOUS.fullmatch(said):
        return False
    if _WAYS_OFF_LINE.fullmatch(said) and sent in _BY_WIRE:
        return False
    if _WAYS_ELECTRONIC.fullmatch(said) or _WAYS_FREE.fullmatch(said):
        return True
    if _WAYS_PAPER.fullmatch(said) and sent not in _BY_WIRE:
        return True
    raise Unsupported(f"whether {written!r} is a simple way to opt out of a notice sent as {sent} is not said")


def _opt_out_days(notice: Node) -> int:
    if notice.has("opt_out_days"):
        days = notice.get("opt_out_days")
        if isinstance(days, bool) or not isinstance(days, int) or days < 0:
            raise Unsupported(f"the notice leaves {days!r} days to opt out")
        return days
    sent_on = day_of(notice.need("sent_on"), place="the day on which the notice was sent")
    return max((notice.day("opt_out_by") - sent_on).days, 0)


def _opt_out(vector: Vector) -> Answer:
    consumer_of(vector)
    vector.question.word("channel", known=_ELECTRONIC)
    for key in ("hyperlink", "is_hyperlink"):
        if vector.question.has(key) and not vector.question.flag(key):
            raise Unsupported("what the instruction is, if no hyperlink, is not said")
    vector.question.get("minimum_type_size")
    facts = {"is_opt_out_clear": int(vector.question.flag("noticeable_and_legible"))}
    if is_present(vector.question, "opt_out_text"):
        facts |= _way_out(vector.question.text("opt_out_text"))
    return asked(vector, "electronic_message", facts, about=("opt_out_statement",))


def _way_out(written: str) -> dict[str, int]:
    said = plain(written)
    is_easy, is_hard = bool(_EASY.search(said)), bool(_HARD.search(said))
    if is_easy is is_hard:
        raise Unsupported(f"the way to opt out, {written!r}, is not understood")
    is_free, is_paid = bool(_FREE.search(said)), bool(_FEE.search(_FREE.sub("", said)))
    if is_paid and (is_free or "carrier" in said):
        raise Unsupported(f"whether {written!r} costs the consumer anything is not understood")
    is_more_asked = bool(_SECRET_ASKED.search(said)) or any(not _NEEDED.search(match) for match in _ASKED.findall(said))
    if _SECRET.search(said) and not is_more_asked:
        raise Unsupported(f"whether {written!r} asks for more than the preference is not understood")
    return {
        "is_opt_out_stated": 1,
        "is_opt_out_simple": int(is_easy),
        "is_opt_out_free": int(not is_paid),
        "is_opt_out_bare": int(not is_more_asked),
    }


def _delivery(vector: Vector) -> Answer:
    """Answer whether one of the sendings of a disclosure was good; a notice that it was not delivered is about the one just before."""
    sends = disclosures_sent(vector, consumer=consumer_of(vector))
    if not sends:
        raise Unsupported("no disclosure was sent")
    bounces = [(event.text("to"), event.at) for event in vector.events("undeliverable_notice_received")]
    if any(to != vector.collector for to, _ in bounces):
        raise Unsupported("a notice of undeliverability does not reach the collector")
    returned = {max((sent.at for sent, _ in sends if sent.at <= at), default=None) for _, at in bounces}
    answers = [_delivered(vector, sent, channel, is_bounced=sent.at in returned) for sent, channel in sends]
    return next((answer for answer in answers if answer.outcome == "allow"), answers[-1])


def _delivered(vector: Vector, sent: Event, channel: str, *, is_bounced: bool) -> Answer:
    is_mail = channel == "mail"
    facts = {"is_delivery_by_mail": int(is_mail), "is_disclosure_electronic": int(not is_mail), "is_delivery_bounced": int(is_bounced)}
    if is_mail:
        facts["is_address_last_known"] = int(sent.word("address", known=("last_known", "other", "not_last_known")) == "last_known")
    facts["is_absence_known"] = int(any(_is_absence(event, sent=sent) for event in vector.events("knowledge_gained")))
    facts["is_disclosure_opted_out"] = _opted_out(vector, sent=sent) if not is_mail else 0
    return asked(vector, "delivery", facts, about=("actual_notice", "disclosure_address"))


def _is_absence(event: Event, *, sent: Event) -> bool:
    meaning_of(event.text("detail"), meanings=_ABSENT, place=event.place)
    return event.at <= sent.at


def _opted_out(vector: Vector, *, sent: Event) -> int:
    """Return whether the consumer opted out of the address before the disclosure was sent to it."""
    endpoint = sent.get("endpoint")
    for event in vector.events("opt_out"):
        event.text("by"), event.text("to")
        if endpoint is None or not event.has("endpoint"):
            raise Unsupported("which address was opted out of is not told")
        if event.text("endpoint") == endpoint and event.at <= sent.at:
            return 1
    return 0


def _required_disclosure(vector: Vector) -> Answer:
    channel = vector.question.word("channel", known=(*_ELECTRONIC, "mail"))
    history, at = History(vector, endpoint="" if channel == "mail" else None), vector.question.instant("t")
    if channel == "mail" and any(act.endpoint == "" for act in history.refused):
        raise Unsupported("whether an address to mail to was refused is not said")
    is_refused = channel != "mail" and history.is_refused(party=vector.collector, at=at)
    facts = {"is_disclosure_electronic": int(channel != "mail"), "is_disclosure_opted_out": int(is_refused)}
    return asked(vector, "delivery", facts, about=("actual_notice", "disclosure_address"))


def _factor(vector: Vector) -> Answer:
    consumer_of(vector)
    said = _NOT_AMOUNT.sub("", plain(vector.question.text("factor")))
    found = meaning_of(said, meanings=_FACTORS, place="the factor")
    if not _TOLD[found].search(said):
        raise Unsupported(f"what {said!r} says of the {found} is not understood")
    facts = {
        "is_creditor_in_subject": int(found == "subject"),
        "is_identifier_in_subject": int(found == "subject" and bool(_IDENTIFIER.search(said))),
        "is_bounce_heeded": int(found == "bounces"),
        "is_sender_recognisable": int(found == "sender"),
    }
    answer = asked(vector, "delivery_factor", facts, about=("delivery_factor",))
    return Answer(None, {**answer.facts, "relevant_factor": not answer.facts["codes"]}, {}, answer.rules)


ACTIONS: dict[str, Reader] = {
    "validate_creditor_email_notice": _creditor_notice,
    "validate_opt_out_notice": _opt_out,
    "delivery_valid": _delivery,
    "send_required_disclosure": _required_disclosure,
    "delivery_factor": _factor,
}

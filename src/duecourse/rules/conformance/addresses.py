"""Readers of questions about using an e-mail address or a number for texts, and about domains.

One reading of our own: an address about which the vector says nothing else is an ordinary one at a public domain, since vectors name
an employer's address as such.
"""

from __future__ import annotations

import re
from datetime import datetime

from duecourse.rules.conformance.address_history import PROCEDURE, Act, History, Kind
from duecourse.rules.conformance.asking import ask
from duecourse.rules.conformance.vector import Answer, Node, Reader, Unsupported, Vector
from duecourse.rules.conformance.wording import asked, consumer_of, meaning_of

_RULES = ("email_procedure", "text_procedure", "misdirected_address", "employer_email")
_SUBJECT = "address_use"
_PROCEDURES = ("1006.6(d)(4)",)
_LEARNT = {
    "employer": re.compile(r"employer[- ]provided|provided by (the |their |his |her )?(consumer's )?employer|work (email|e-mail|address)"),
    "misdirected": re.compile(
        r"(led|leads) to a (prohibited )?(third[- ]party )?disclosure|wrong (person|number|address)"
        r"|belongs to (someone else|another person|a third (party|person))|reached a third (party|person)|no longer belongs to the consumer"
    ),
}
_OBTAINED = {
    "use": re.compile(
        r"consumer used (the|this) (e-?mail )?address (to communicate )?with (the|this) (debt )?collector|^\(d\)\(4\)\(i\)\(a\)$"
    ),
    "consent": re.compile(
        r"consumer (gave |has given )?(prior |direct )*consent(ed)? directly to (the|this) (debt )?collector|^\(d\)\(4\)\(i\)\(b\)$"
    ),
    "prior": re.compile(
        r"(prior|earlier|previous) (debt )?collector (satisfying|that satisfied|who satisfied|which satisfied|in accordance with|under) (either )?\(d\)\(4\)\(ii?\)( or \(ii\))?|^\(d\)\(4\)\(iii\)$"
    ),
    "creditor": re.compile(r"creditor (satisfying|that satisfied|in accordance with|under) \(d\)\(4\)\(ii\)|^\(d\)\(4\)\(ii\)$"),
    "none": re.compile(
        r"skip[- ]trac\w+|(data )?broker|public records?|internet search|(purchased|bought) list|employer('s)? (website|directory)"
    ),
}
_BASES = {
    "deemed_consent": ("consent",),
    "direct_consent": ("consent",),
    "consumer_use": ("use",),
    "creditor_procedure": ("creditor",),
    **dict.fromkeys(("prior_collector", "prior_debt_collector", "immediately_prior_collector", "prior_collector_chain"), ("prior",)),
    "(d)(4)(i)": ("use", "consent"),
    "(d)(4)(i)(A)": ("use",),
    "(d)(4)(i)(B)": ("consent",),
    "(d)(4)(ii)": ("creditor",),
    "(d)(4)(iii)": ("prior",),
    "(d)(5)(i)": ("use",),
    "(d)(5)(ii)": ("consent",),
}
_ROUTES = ("use", "consent", "creditor", "prior")
_ROUTE_FACTS = {
    "use": ("is_address_used_by_consumer",),
    "consent": ("is_address_consented",),
    "creditor": ("is_creditor_notice_sent",),
    "prior": ("is_prior_collector_obtained", "is_prior_collector_used"),
    "none": (),
}
_DATABASES = {
    "complete": re.compile(r"^(the )?fcc('s)?\b|(?<!not )substantially similar|(?<!not )(?<!in)complete and accurate"),
    "incomplete": re.compile(r"not substantially similar|not (as )?complete|\bincomplete\b|\binaccurate\b|less complete"),
}
_ADDRESS = re.compile(r"([^@\s]+@[^@\s]+)?")
_DOMAINS = {
    "public": re.compile(
        r"^(multiple |any )?members? of the (general )?public|^(the )?general public|^anyone$|^available (to|for use by) the general public"
    ),
    "closed": re.compile(
        r"^(?!.*\b(general public|the public|anyone)\b)(it is |domain |a domain name )?((only|exclusively|solely) )?"
        r"((reserved|branded|restricted|limited|available|open) (for|to|by|only to|only for)( use by)? )?"
        r"((the|a|an|one|any|its|only|specific|particular|single|certain|types? of|multiple|own|of) )*"
        r"(registrants?|(commercial )?entit(y|ies)|compan(y|ies)|business(es)?|employers?|employees|staff|students|faculty|officers|personnel"
        r"|members|persons?|(government |public |federal |state )?agenc(y|ies)|(educational |public )?institutions?|universit(y|ies)|schools?|colleges?"
        r"|non-?profits?( organi[sz]ations?)?|organi[sz]ations?|associations?)\b"
        r"|^not (open|available) to (the )?(general )?public"
    ),
}


def _use_email(vector: Vector) -> Answer:
    history, at, us = History(vector), vector.question.instant("t"), vector.collector
    learnt = _learnt(history, at=at)
    is_employers, is_public = _described(history)
    ours = {
        "is_domain_public": int(is_public),
        "is_employer_address_known": int(is_employers or "employer" in learnt),
        "is_misdirection_known": int("misdirected" in learnt),
    }
    facts = _procedure_facts(history, party=us, at=at) | _prior_facts(history, at=at, is_public=is_public) | ours
    if vector.question.has("obtained"):
        found = meaning_of(vector.question.text("obtained"), meanings=_OBTAINED, place="how the address was obtained")
        facts |= dict.fromkeys(_ROUTE_FACTS[found], 1) | _whole_notice(found)
    barred = [route for route in _ROUTES if route not in _routes(vector)]
    facts |= dict.fromkeys((name for route in barred for name in _ROUTE_FACTS[route]), 0)
    facts["is_address_from_consumer"] = facts["is_address_used_by_consumer"] | facts["is_address_consented"]
    facts["is_address_from_prior_collector"] = facts["is_prior_collector_obtained"] & facts["is_prior_collector_used"]
    return asked(vector, _SUBJECT, facts, about=_RULES)


def _whole_notice(route: str) -> dict[str, int]:
    """Return the facts of an address said to be obtained by the creditor's procedure as a whole."""
    return {"is_creditor_period_over": 1, "creditor_notice_days": 100_000} if route == "creditor" else {}


def _procedure_facts(history: History, *, party: str, at: datetime) -> dict[str, int]:
    """Return what the consumer and the creditor did for one collector up to an instant."""
    notice = history.standing(Kind.notice, party=party, at=at)
    return {
        "is_email_use": 1,
        "is_address_used_by_consumer": int(history.standing(Kind.use, party=party, at=at) is not None),
        "is_address_consented": int(history.standing(Kind.consent, party=party, at=at) is not None),
        "is_address_opted_out": int(history.is_refused(party=party, at=at)),
        "is_creditor_notice_sent": int(notice is not None),
        "is_creditor_use_unrelated": int(bool(history.creditor_told) and not any(history.creditor_told)),
        **(_notice_facts(history, notice, at=at) if notice is not None else {}),
    }


def _notice_facts(history: History, notice: Act, *, at: datetime) -> dict[str, int]:
    if notice.opt_out_by is None:
        raise Unsupported("the creditor's notice has no last day to opt out")
    left = (notice.opt_out_by - history.vector.local_day(notice.at)).days
    is_over = history.vector.local_day(at) > notice.opt_out_by
    return {"creditor_notice_days": max(left, 0), "is_creditor_period_over": int(is_over)}


def _prior_facts(history: History, *, at: datetime, is_public: bool) -> dict[str, int]:
    """Return whether the one just before this collector used the address, and whether any earlier one had it by (i) or (ii).

    Whether an earlier collector had it so is asked of the pack too, as of its own last message.
    """
    told = history.vector.known.peek("prior_collectors")
    if isinstance(told, list) and told and all(isinstance(one, dict) for one in told):
        return _told_of_priors(history)
    priors = history.priors()
    if not priors:
        return {"is_prior_collector_obtained": 0, "is_prior_collector_used": 0}
    if any(act.kind is Kind.notice and act.party == history.vector.collector for act in history.acts):
        raise Unsupported("for which of several collectors the creditor's notice was sent is not told")
    is_obtained = any(_had_it(history, prior, at=at, is_public=is_public) for prior in priors)
    last = history.last(Kind.collector_use, at=at, party=priors[-1])
    is_used = last is not None and not history.is_refused_with(priors[-1], at=at)
    return {"is_prior_collector_obtained": int(is_obtained), "is_prior_collector_used": int(is_used)}


def _told_of_priors(history: History) -> dict[str, int]:
    """Return the same where the vector tells of each earlier collector what it did, the immediately prior one last."""
    obtained, used = [], False
    for node in history.vector.known.nodes("prior_collectors"):
        node.text("id")
        keys = {name: [key for key in node if re.fullmatch(pattern, key)] for name, pattern in _OF_PRIORS.items()}
        obtained.append(any(_is_by_procedure(node, key) for key in keys["obtained"]))
        is_refused = any(node.flag(key) for key in keys["refused"])
        used = any(node.flag(key) for key in keys["used"]) and not is_refused
    return {"is_prior_collector_obtained": int(any(obtained)), "is_prior_collector_used": int(used)}


_OF_PRIORS = {
    "obtained": r"obtained\w*",
    "used": r"(used|communicated)\w*",
    "refused": r"(consumer_)?opt(ed)?_out\w*",
}


def _is_by_procedure(node: Node, key: str) -> bool:
    """Whether an earlier collector obtained the address by the procedures: said so, or by their paragraph."""
    if isinstance(node.peek(key), bool):
        return node.flag(key)
    if PROCEDURE.fullmatch(node.text(key)) is None:
        raise Unsupported(f"by which procedure the address was obtained, {node.text(key)!r}, is not understood")
    return True


def _had_it(history: History, prior: str, *, at: datetime, is_public: bool) -> bool:
    used = history.last(Kind.collector_use, at=at, party=prior)
    if history.standing(Kind.obtained, party=prior, at=used.at if used else at) is not None:
        return True
    facts = _procedure_facts(history, party=prior, at=used.at if used else at) | {"is_domain_public": int(is_public)}
    vector = history.vector
    return ask(_SUBJECT, facts, pack=vector.pack, scope=_PROCEDURES, as_of=vector.day_latest).outcome == "allow"


def _learnt(history: History, *, at: datetime) -> set[str]:
    """Return what somebody told the collector about the address up to an instant."""
    found = set()
    for event in history.vector.events("knowledge_gained"):
        meaning = meaning_of(event.text("detail"), meanings=_LEARNT, place=event.place)
        if event.at <= at and history.is_ours(event):
            found.add(meaning)
    return found


def _described(history: History) -> tuple[bool, bool]:
    """Return whether the address is known to be an employer's, and whether its domain is public."""
    is_employers, is_public = False, True
    for key in ("manual_review_done", "manual_review_conducted"):
        for node in (history.vector.known, history.vector.question):
            node.flag(key, default=False)
    is_told = history.vector.known.flag("employer_provided_known", default=False)
    for node in history.vector.known.nodes("endpoints"):
        node.word("kind", known=("email", "mobile", "phone", "landline"))
        flag = node.flag("employer_provided_known", default=False)
        is_open = not node.has("domain_open_to") or _is_public(node.text("domain_open_to"))
        if node.text("id") == history.endpoint:
            is_employers, is_public = flag, is_open
    return is_employers or is_told, is_public


def _routes(vector: Vector) -> tuple[str, ...]:
    return _BASES[vector.question.word("basis", known=_BASES)] if vector.question.has("basis") else _ROUTES


def _use_text(vector: Vector) -> Answer:
    history, at, us, routes = History(vector), vector.question.instant("t"), vector.collector, _routes(vector)
    checked, reassigned_at = _checks(history, at=at)
    texted = history.standing(Kind.use, party=us, at=at) if "use" in routes else None
    consented = history.standing(Kind.consent, party=us, at=at) if "consent" in routes else None
    if reassigned_at is not None:
        texted = texted if texted and texted.at > reassigned_at else None
        consented = consented if consented and consented.at > reassigned_at else None
    facts = {
        "is_text_use": 1,
        "is_number_texted_by_consumer": int(texted is not None),
        "days_since_consumer_text": history.days_since(texted, at=at),
        "is_number_consented": int(consented is not None),
        "days_since_number_consent": history.days_since(consented, at=at),
        "is_number_checked": int(checked is not None),
        "days_since_number_check": history.days_since(checked, at=at),
        "is_number_opted_out": int(history.is_refused(party=us, at=at)),
        "is_misdirection_known": int("misdirected" in _learnt(history, at=at)),
    }
    return asked(vector, _SUBJECT, {name: value for name, value in facts.items() if value is not None}, about=_RULES)


def _checks(history: History, *, at: datetime) -> tuple[Act | None, datetime | None]:
    """Return the last check of a complete database that confirmed the number, and when any check last said it was reassigned."""
    confirmed: Act | None = None
    reassigned_at: datetime | None = None
    for event in history.vector.events("reassigned_number_check"):
        result = event.word("result", known=("not_reassigned", "reassigned"))
        quality = meaning_of(event.text("database"), meanings=_DATABASES, place="the database")
        if event.at > at or not history.is_ours(event):
            continue
        if result == "reassigned":
            confirmed, reassigned_at = None, event.at
        elif quality == "complete":
            confirmed = Act(Kind.notice, event.at, history.vector.collector)
    return confirmed, reassigned_at


def _is_public(said: str) -> bool:
    return meaning_of(said, meanings=_DOMAINS, place="to whom the domain is open") == "public"


def _domain(vector: Vector) -> Answer:
    consumer_of(vector)
    if not _ADDRESS.fullmatch(vector.question.text("email", "")):
        raise Unsupported("the question names no e-mail address")
    is_reserved = vector.question.get("domain_reserved_for") is not None and bool(vector.question.text("domain_reserved_for").strip())
    is_public = not is_reserved and _is_public(vector.question.text("domain_open_to"))
    if is_reserved and vector.question.get("domain_open_to") is not None and _is_public(vector.question.text("domain_open_to")):
        raise Unsupported("the domain is both reserved and open to the public")
    answer = asked(vector, "email_domain", {"is_domain_public": int(is_public)}, about=("public_email_domain",))
    return Answer(None, {**answer.facts, "domain_available_to_general_public": not answer.facts["codes"]}, {}, answer.rules)


ACTIONS: dict[str, Reader] = {"use_email_address": _use_email, "use_number_for_text": _use_text, "classify_email_domain": _domain}

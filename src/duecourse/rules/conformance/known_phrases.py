"""The phrases in which vectors about contacts tell what was learned, done, disputed or noted: patterns that must match whole."""

from __future__ import annotations

import re

_NAME = r"([A-Z][A-Z0-9_-]*)"
_ABOUT = "(?:on |in connection with |with respect to |about |regarding )"
_SAYS = r"(?:(?:the )?consumer (?:answers (?:the call )?(?:but |and )?)?(?:says|states)(?: that)? )?"
NOTES: tuple[tuple[str, str], ...] = (
    (rf"{_SAYS}(?:(?:the )?consumer is busy|[\"'“](?:I am|I'm) busy[\"'”](?: or [\"'“]I cannot talk now[\"'”])?|(?:I am|is) busy)", "busy"),
    (rf"{_SAYS}[\"'“]?I cannot talk now[\"'”]?", "busy"),
    (r"(?:the )?collector asks (?:when would be a convenient time|whether there is a convenient time on weekends)", ""),
    (
        r"(?:mid-call )?(?:the )?consumer (?:says|states) (?:mid-call )?(?:that )?this is an inconvenient (?:time|place)",
        "call_inconvenient",
    ),
    (r"(?:the )?collector learns (?:that )?(?:this|it) is an inconvenient (?:time|place)(?: or (?:time|place))?", "call_inconvenient"),
    (r"(?:consumer-initiated )?initial (?:written |oral )?communication(?: with \(e\)\(1\) disclosure)?", "initial"),
    (r"oral|disclosure made|consumer-initiated call", ""),
    (
        r"(?:the )?consumer (?:calls|calls back|returns the call|called back)(?: after listening to the (?:limited-content )?(?:message|voicemail))?",
        "",
    ),
    (r"(?:the )?consumer does not want to discuss (?:M|K|[A-Z][A-Z0-9]*|the [a-z ]+ debt)", ""),
    (
        r"(?:and )?(?:instead )?(?:(?:the )?consumer )?(?:instead )?initiates a discussion (?:about|of) (?:M|K|[A-Z][A-Z0-9]*|the [a-z ]+ debt)",
        "",
    ),
    (
        r"(?:the )?consumer does not want to discuss [A-Z][A-Z0-9]*,? and instead initiates a discussion (?:about|of) [A-Z][A-Z0-9]*",
        "",
    ),
    (r"(?:the )?collector initiates (?:a (?:discussion|conversation) )?about [A-Z][A-Z0-9]*", ""),
    (
        r"(?:the )?consumer declines(?: to discuss [A-Z][A-Z0-9]*)?(?: and (?:instead )?initiates (?:a )?discussion (?:of|about) [A-Z][A-Z0-9]*)?",
        "",
    ),
    (r"general (?:telephone )?conversation|neither debt (?:is |was )?discussed|no particular debt (?:is |was )?discussed", ""),
    (
        r"(?:the )?call (?:was )?dropped(?: (?:near|toward|towards|before) the end of (?:the |a )?(?:lengthy )?(?:settlement )?(?:discussion|conversation))?",
        "",
    ),
)
"""What a note about a call may say that its other fields tell already, and what it adds. A note may also voice a wish."""


_DEBT = rf"(?:{_NAME}|(?:the|this|any) (?:particular )?debt)"
_PERSON = r"(?:(?:that )?(?:the person|the consumer|consumer|person|they) )?(?:(?:says|states|said|stated|informed the collector)(?: that)? )?(?:(?:the person|the consumer|they) )?"
AGAINST = (
    rf"{_PERSON}(?:(?:is )?refus(?:es|ed|ing) to pay|do(?:es)? not owe|disputes|(?:does|did|do) not wish to be contacted again(?: about)?)(?: {_DEBT})?"
    r"|(?:sent |a )?(?:written )?(?:cease[- ]communication|cease) (?:notification|notice|request)"
)
"""What speaks against contact or debt and asks for nothing that another rule would have to heed, or is told in writing elsewhere."""


_FOUL = "(?:obscene|profane|(?:otherwise )?abusive)"
CONDUCT = (
    rf"collector used {_FOUL}(?:(?:,| or|, or) {_FOUL})* language(?: in an earlier (?:call|communication|voicemail))?",
    (
        r"collector (?:used|threatened|used or threatened)(?: to use)? violence(?: or other criminal means)?(?: to harm (?:the person|C\d+))?"
        r"(?: in an earlier (?:call|communication))?"
    ),
    r"collector (?:earlier |previously )?called at an inconvenient (?:time|place|time or place)",
)


CALL_ME = r"(?:please |(?:you|he|she|they) (?:can|may) )?(?:feel free to )?call (?:me |the consumer )?back(?: later| again| any ?time| sometime| any day| whenever)?|you (?:can|may) call me(?: at [\d-]+)?(?: to discuss (?:the )?[a-z]+(?: [a-z]+)?)?"


NOT_AT_WORK = (
    r"(?:(?:the )?consumer |I )?(?:(?:says|said|states|stated|tells the collector|told the collector)(?: that)? )?(?:(?:they|he|she|the consumer|I) )?"
    r"(?:cannot|can't|can not|(?:is|am|are) not (?:allowed|permitted) to) (?:take|receive) (?:personal )?calls (?:while )?"
    r"at (?:work|the workplace|(?:the )?place of employment)"
)


EMPLOYER = (
    r"(?:the )?(?:consumer's )?employer (?:prohibits|forbids|does not (?:allow|permit)) (?:the consumer )?(?:from receiving |to receive |receiving )?"
    r"(?:such |these |personal |debt collection )?(?:calls|communications?|contact)(?: at work| at the workplace| at the place of employment)?"
)


_NO_LONGER = (
    rf"(?:(?:the )?(?:attorney|consumer|consumer's attorney) (?:states|says|told the collector|informs the collector) (?:that )?)?"
    rf"(?:(?:the )?consumer is|they are|he is|she is) (?:no longer|not) represented(?: by an attorney)?(?: {_ABOUT}{_NAME})?"
)


_NUMBER = rf"(?:collector learns (?:that )?)?(?:the |that )?(?:(?:tele)?phone |called |dialed )*number(?: (?:called|dialed|used|{_NAME}))?"
_SOMEBODY_ELSE = r"belongs to (?:someone else|somebody else|another person|a different person)(?:,? not (?:to )?(?:C\d+|the consumer))?"
_NOT_THE_PERSONS = r"(?:is not|does not belong to) (?:C\d+|the consumer|that person)(?:'s)?(?: (?:tele)?(?:phone )?number)?"
_NO_ANSWER = r"(?: and (?:that )?(?:the )?(?:consumer|C\d+) does not answer (?:telephone )?calls to (?:that number|it|{_NAME}))?".replace(
    "{_NAME}", "[A-Z][A-Z0-9_-]*"
)
WRONG_NUMBER = rf"(?:{_NUMBER}|{_NAME}) (?:{_SOMEBODY_ELSE}|{_NOT_THE_PERSONS}){_NO_ANSWER}"
_ATTORNEY_UNKNOWN = (
    r"(?:the )?attorney(?:'s)? (?:identity|name and address) (?:are |is )?(?:unknown|not known|neither known nor readily ascertainable|"
    r"(?:not known|unknown) (?:and|nor) (?:cannot be readily ascertained|not readily ascertainable|readily ascertainable))"
)
_ENDED = (
    rf"(?:the )?(?:attorney|consumer|consumer's attorney) (?:states|says)(?: that)? (?:the representation|it|the attorney)(?: {_ABOUT}{_NAME})? "
    rf"(?:has ended|no longer represents (?:the consumer|them))(?: {_ABOUT}{_NAME})?"
)
_SILENT = (
    r"(?:the )?attorney (?:(?:has )?failed|fails|failing|does not|did not) (?:to )?respond within a reasonable (?:time|period(?: of time)?)"
    r"(?: to (?:a|the) communications? from the (?:debt )?collector)?"
)
LEARNED: tuple[tuple[str, str], ...] = (
    (rf"(?:the )?consumer (?:is )?represented by (?:an |a )?(?:attorney|counsel|lawyer)(?: {_ABOUT}{_NAME})?", "represented"),
    (rf"(?:an |the )?attorney represents the consumer(?: {_ABOUT}{_NAME})?", "represented"),
    (_ENDED, "unrepresented"),
    (
        r"(?:(?:the )?attorney(?:'s)? )?name and address (?:are )?(?:known|readily ascertainable|known or readily ascertainable)",
        "attorney_known",
    ),
    (_ATTORNEY_UNKNOWN, "attorney_unknown"),
    (_NO_LONGER, "unrepresented"),
    (
        r"(?:the )?attorney (?:consents|has consented|consented) to direct (?:communication|contact)(?: with the consumer)?",
        "attorney_consents",
    ),
    (_SILENT, "attorney_silent"),
    (EMPLOYER, "employer_forbids"),
    (NOT_AT_WORK, "employer_forbids"),
    (r"(?:that )?(?:the )?consumer (?:does not|doesn't) answer (?:telephone )?calls to (?:that number|it)", ""),
    (WRONG_NUMBER, "misdirected"),
    (_SOMEBODY_ELSE, "number_misdirected"),
    (
        r"(?:the )?consumer is (?:now |currently )?(?:(?:at|in) )?(?:the )?(home|work|school|hospital)(?: right now| now| at this time| at the moment)?",
        "consumer_at",
    ),
)


FILE = (
    r"(?:the )?(?:creditor(?:'s)? |placed )?(?:account )?(?:file(?: notes?)?|notes?)(?: from (?:the )?creditor)?"
    r"(?: (?:says?|states?|stating|shows?|includes? (?:recent )?notes? (?:stating|that|saying)))?(?: that)?:? "
)


PLAIN_DISPUTES = r"(?:reworded: ?|same(?: dispute)?(?:,)? reworded: ?)?[\"']?(?:(?:I |(?:the )?consumer )?(?:do|does) not owe(?: (?:this|it|the debt|this debt|D\d+))?|(?:this|it|the debt|this debt) is not (?:mine|my debt))[\"']?"


_WAY_WORDS = {
    "oral": {"orally", "telephone", "phone", "person", "verbally"},
    "paper": {
        "letter",
        "mail",
        "mails",
        "mailed",
        "paper",
        "tear-off",
        "writes",
        "courier",
        "hand-delivers",
        "consumer-response",
        "delivers",
        "delivered",
        "written",
        "consumer_response_form",
    },
    "electronic": {"electronic", "medium", "email", "e-mail", "emails", "e-mails", "portal", "website", "text", "electronically", "online"},
}
_WAY_FILLERS = {
    *("a", "an", "the", "by", "in", "on", "of", "to", "from", "back", "it", "this", "so", "via", "through", "using", "collector's"),
    *("says", "states", "disputes", "submits", "sends", "returns", "form", "message", "consumer", "written", "dispute", "request", "debt"),
    *(
        "hand",
        "delivery",
        "address",
        "uses",
        "delivered",
        "provides",
        "indicated",
        "filled",
        "collector",
        "that",
        "which",
        "and",
        "indicates",
        "indicating",
        "checked",
        "box",
        "validation",
        "notice",
        "response",
        "so",
        "or",
        "box",
        "with",
    ),
}
_ACCEPTED = re.compile(
    r"(?:(?:through|at|on|by|that) which |that )?(?:the )?(?:debt )?collector (accepts|does not accept)"
    r"(?: (?:electronic (?:communications?|messages?|disputes?)|disputes?|communications?))?(?: from consumers)?(?: at| through)?"
)


def accepted_in(how: str) -> bool | None:
    """Return whether a phrase says that the collector accepts, or does not accept, electronic messages; None where it says neither."""
    found = _ACCEPTED.search(how.lower())
    return None if found is None else found[1] == "accepts"


def way_of(how: str) -> str | None:
    """Return oral, paper or electronic for a phrase of which every word is known and which names one way; else None."""
    words = _ACCEPTED.sub(" ", how.lower().replace("(", " ").replace(")", " ")).replace(",", " ").rstrip(". ").split()
    ways = {way for way, named in _WAY_WORDS.items() if named & set(words)}
    is_known = all(word in _WAY_FILLERS or any(word in named for named in _WAY_WORDS.values()) for word in words)
    if "electronic" in ways:
        ways -= {"paper"} if not {"mail", "mails", "mailed"} & set(words) else set()
    if "paper" in ways and "person" in words and {"written", "delivers", "delivered", "letter", "hand-delivers"} & set(words):
        ways -= {"oral"}
    return ways.pop() if is_known and len(ways) == 1 else None


EVIDENCE = (
    r"(?:(?:a|the) )?(?:copy of (?:a |the )?)?(?:cancell?ed[ _]check|receipt|proof[ _]of[ _]payment|police[ _]report|identity[- _]theft[ _]report|"
    r"court[ _](?:order|record)|settlement[ _](?:letter|agreement))"
    r"(?:[ _](?:showing|proving)[ _](?:that )?(?:payment|(?:the )?(?:debt|consumer)[ _](?:was[ _]paid|paid[ _](?:the[ _])?debt)))?"
)
"""Attachments that bring something new and material to a dispute."""

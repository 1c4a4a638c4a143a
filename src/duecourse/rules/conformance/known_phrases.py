"""The phrases in which vectors about contacts tell what was learned, done, disputed or noted: patterns that must match whole."""

from __future__ import annotations

_NAME = r"([A-Z][A-Z0-9_-]*)"
_ABOUT = "(?:on |in connection with |about |regarding )"
NOTES: tuple[tuple[str, str], ...] = (
    (r"(?:the )?consumer is busy", "busy"),
    (r"convenient on weekdays except \d\d:\d\d\s*-\s*\d\d:\d\d", "preferred"),
    (r"no time on weekends", "preferred"),
    (r"mid-call the consumer says (?:that )?this is an inconvenient (?:time|place)", "call_inconvenient"),
    (r"initial (?:written )?communication(?: with \(e\)\(1\) disclosure)?", "initial"),
    (r"oral|disclosure made", ""),
)


AGAINST = rf"(?:refuses to pay|does not owe|disputes|does not wish to be contacted again about)(?: {_NAME})?"


_FOUL = "(?:obscene|profane|(?:otherwise )?abusive)"
CONDUCT = (
    rf"collector used {_FOUL}(?:(?:,| or|, or) {_FOUL})* language(?: in an earlier call)?",
    r"collector (?:used|threatened|used or threatened)(?: to use)? violence(?: or other criminal means)?(?: in an earlier call)?",
    r"collector (?:earlier )?called at an inconvenient time or place",
)


CALL_ME = r"(?:please )?call (?:me )?back(?: later| again| any ?time)?|you (?:can|may) call me(?: at [\d-]+)?(?: to discuss (?:the )?[a-z]+(?: [a-z]+)?)?"


NOT_AT_WORK = r"(?:(?:the )?consumer |I )?(?:cannot|can't|can not) (?:take|receive) (?:personal )?calls at (?:work|the workplace)"


EMPLOYER = (
    r"(?:the )?(?:consumer's )?employer (?:prohibits|forbids|does not allow) (?:the consumer (?:from receiving|to receive) )?"
    r"(?:such |these |personal |debt collection )?(?:calls|communications|contact)(?: at work| at the workplace)?"
)


_NO_LONGER = (
    rf"(?:(?:the )?(?:attorney|consumer) (?:states|says) (?:that )?)?(?:the )?consumer is no longer represented(?: {_ABOUT}{_NAME})?"
)


_NUMBER = rf"(?:collector learns (?:that )?)?(?:the |that )?(?:(?:tele)?phone |called |dialed )*number(?: (?:called|dialed|used|{_NAME}))?"
_SOMEBODY_ELSE = r"belongs to (?:someone else|somebody else|another person|a different person)(?:,? not (?:to )?(?:C\d+|the consumer))?"
_NOT_THE_PERSONS = r"(?:is not|does not belong to) (?:C\d+|the consumer|that person)(?:'s)?(?: (?:tele)?(?:phone )?number)?"
_NO_ANSWER = r"(?: and (?:the )?(?:consumer|C\d+) does not answer (?:telephone )?calls to (?:that number|it))?"
WRONG_NUMBER = rf"(?:{_NUMBER}|{_NAME}) (?:{_SOMEBODY_ELSE}|{_NOT_THE_PERSONS}){_NO_ANSWER}"
LEARNED: tuple[tuple[str, str], ...] = (
    (rf"(?:the )?consumer (?:is )?represented by (?:an )?attorney(?: {_ABOUT}{_NAME})?", "represented"),
    (r"attorney(?:'s)? name and address (?:are )?(?:known|readily ascertainable)", "attorney_known"),
    (r"attorney(?:'s)? name and address (?:are )?(?:unknown|not known|neither known nor readily ascertainable)", "attorney_unknown"),
    (_NO_LONGER, "unrepresented"),
    (r"(?:the )?attorney consents to direct (?:communication|contact)(?: with the consumer)?", "attorney_consents"),
    (r"(?:the )?attorney (?:has )?(?:failed|fails) to respond within a reasonable (?:time|period(?: of time)?)", "attorney_silent"),
    (EMPLOYER, "employer_forbids"),
    (NOT_AT_WORK, "employer_forbids"),
    (r"(?:the )?consumer (?:does not|doesn't) answer (?:telephone )?calls to (?:that number|it)", ""),
    (WRONG_NUMBER, "misdirected"),
    (r"(?:the )?consumer is (?:now |currently )?at (home|work|school)", "consumer_at"),
)


FILE = r"(?:the )?(?:creditor(?:'s)? |placed )?(?:account )?(?:file(?: notes?)?|notes?)(?: (?:says?|states?|shows?|includes? notes? stating))?(?: that)?:? "


PLAIN_DISPUTES = r"(?:reworded: )?I do not owe (?:this|it|the debt)"


_WAY_WORDS = {
    "oral": {"orally", "telephone", "phone", "person", "verbally"},
    "paper": {"letter", "mail", "mails", "mailed", "paper", "tear-off", "writes"},
    "electronic": {"email", "e-mail", "emails", "portal", "website", "text", "electronically", "online"},
}
_WAY_FILLERS = {
    *("a", "an", "the", "by", "in", "on", "of", "to", "from", "back", "it", "this", "so", "via", "through", "using", "collector's"),
    *("says", "states", "disputes", "submits", "sends", "returns", "form", "message", "consumer"),
}


def way_of(how: str) -> str | None:
    """Return oral, paper or electronic for a phrase of which every word is known and which names one way; else None."""
    words = how.lower().rstrip(".").split()
    ways = {way for way, named in _WAY_WORDS.items() if named & set(words)}
    is_known = all(word in _WAY_FILLERS or any(word in named for named in _WAY_WORDS.values()) for word in words)
    if "electronic" in ways:
        ways -= {"paper"} if not {"mail", "mails", "mailed"} & set(words) else set()
    return ways.pop() if is_known and len(ways) == 1 else None


EVIDENCE = (
    r"(?:a )?(?:copy of (?:a |the )?)?(?:cancell?ed check|receipt|proof of payment|police report|identity[- ]theft report|"
    r"court (?:order|record)|settlement (?:letter|agreement))"
)
"""Attachments that bring something new and material to a dispute."""

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


CONDUCT = (
    r"collector used (?:obscene|profane|abusive)(?: or (?:obscene|profane|abusive))* language(?: in an earlier call)?",
    r"collector threatened violence(?: in an earlier call)?",
    r"collector (?:earlier )?called at an inconvenient time or place",
)


CALL_ME = r"(?:please )?call (?:me )?back|you (?:can|may) call me(?: at [\d-]+)?(?: to discuss (?:the )?[a-z]+(?: [a-z]+)?)?"


NOT_AT_WORK = r"(?:(?:the )?consumer |I )?(?:cannot|can't|can not) (?:take|receive) (?:personal )?calls at (?:work|the workplace)"


EMPLOYER = (
    r"(?:the )?(?:consumer's )?employer (?:prohibits|forbids|does not allow) (?:the consumer (?:from receiving|to receive) )?"
    r"(?:such |these |personal |debt collection )?(?:calls|communications|contact)(?: at work| at the workplace)?"
)


_NO_LONGER = (
    rf"(?:(?:the )?(?:attorney|consumer) (?:states|says) (?:that )?)?(?:the )?consumer is no longer represented(?: {_ABOUT}{_NAME})?"
)


_NUMBER = rf"(?:the |that )?(?:(?:tele)?phone )?number(?: (?:called|dialed|{_NAME}))?"


_WRONG_NUMBER = rf"(?:{_NUMBER}|{_NAME}) (?:belongs to (?:someone|somebody) else|(?:is not|does not belong to) (?:C\d+|the consumer)(?:'s)?(?: number)?)"


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
    (_WRONG_NUMBER, "misdirected"),
    (r"(?:the )?consumer is (?:now |currently )?at (home|work|school)", "consumer_at"),
)


FILE = r"(?:the )?(?:creditor(?:'s)? |placed )?(?:account )?(?:file(?: notes?)?|notes?)(?: (?:says?|states?|shows?|includes? notes? stating))?(?: that)?:? "


PLAIN_DISPUTES = r"(?:reworded: )?I do not owe (?:this|it|the debt)"


HOW = (
    (r"(?:says so|disputes it|states it) (?:by|on the) (?:tele)?phone|orally|in person", "oral"),
    (r"(?:by|in a) (?:letter|mail)|mails (?:back )?(?:a letter|the tear-off|the form)", "paper"),
    (r"by (?:e-?mail|text)|(?:by|through) (?:the|a) (?:(?:website|web) )?portal", "electronic"),
)

"""The few English phrases in which vectors write what a consumer said or a collector learned, read whole or not at all.

Nothing is understood in part: a phrase of which one word is left over is unsupported.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Literal

from duecourse.rules.conformance.vector import Unsupported, day_of

Medium = Literal["phone", "text", "email", "mail", "in_person"]
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SHORT = {"mon": 0, "tue": 1, "tues": 1, "wed": 2, "thu": 3, "thur": 3, "thurs": 3, "fri": 4, "sat": 5, "sun": 6}
_EVERY_DAY = frozenset(range(7))
_DAY = rf"(?:(?:{'|'.join(_DAYS)}|weekend|weekday)s?|(?:{'|'.join(_SHORT)})\b)"
_DAY_LIST = rf"(?:{_DAY})(?:(?:\s*,\s*(?:and\s+|or\s+)?|\s+and\s+|\s+or\s+)(?:{_DAY}))*"
_TIME = r"(?:\d{1,2}:\d{2}(?:\s*[ap]\.?m\.?)?|\d{1,2}\s*[ap]\.?m\.?|noon|midnight)"
_PLACES = {
    "home": "home", "my home": "home", "work": "work", "my work": "work", "the workplace": "work", "workplace": "work",
    "my workplace": "work", "the office": "work", "place of employment": "work", "school": "school", "my school": "school",
    "the hospital": "hospital", "hospital": "hospital", "the consumer's home": "home", "consumer's home": "home", "the residence": "home",
    "the consumer's workplace": "work", "the consumer's place of employment": "work", "the consumer's school": "school",
}  # fmt: skip
_NOT_CONVENIENT = r"(?:(?:an )?inconvenient(?: time| place)?|not convenient|not a (?:good|convenient) (?:time|place))"
_PLACE = "|".join(sorted(_PLACES, key=len, reverse=True))
_MEDIA: dict[str, Medium] = {
    "phone": "phone", "telephone": "phone", "phone call": "phone", "phone calls": "phone", "calls": "phone", "telephone calls": "phone",
    "text": "text", "texts": "text", "text message": "text", "text messages": "text", "sms": "text",
    "email": "email", "e-mail": "email", "emails": "email", "e-mails": "email", "mail": "mail", "letter": "mail", "letters": "mail",
    "post": "mail",
}  # fmt: skip
_MEDIUM = "|".join(sorted(_MEDIA, key=len, reverse=True))
_VERBS: dict[str, Medium] = {
    "call": "phone", "calling": "phone", "phone": "phone", "phoning": "phone", "telephone": "phone", "telephoning": "phone",
    "text": "text", "texting": "text", "email": "email", "emailing": "email", "e-mail": "email", "e-mailing": "email",
    "write": "mail", "writing": "mail", "mail": "mail", "mailing": "mail",
}  # fmt: skip
_VERB = "|".join(sorted(_VERBS, key=len, reverse=True))
_ENDPOINT = r"(?-i:\b(?!C\d)[A-Z][A-Z0-9_-]+)"
_KIND_OF_ENDPOINT = r"(?:(?:the )?(?:(?:mobile |cell |telephone |phone )?number|(?:e-?mail )?address|mobile|cell) )?"
_WHO = r"(?:me|us|the consumer|consumer|the person|him|her|them|C\d+)"


@dataclass(frozen=True, slots=True)
class Span:
    """A part of the week: on `days` (0 Monday) from `first` up to `end`, minutes of the local day."""

    days: frozenset[int] = _EVERY_DAY
    first: int = 0
    end: int = 1440

    def holds(self, local: datetime) -> bool:
        """Whether a local instant lies in it."""
        return local.weekday() in self.days and self.first <= local.hour * 60 + local.minute < self.end


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person does not want: parts of the week, places, media, endpoints, or any contact at all.

    It holds until it is taken back, or through `last_on`, or the year in which it was voiced. A wish with several of `spans`, `places` and `media` means all of them at once: no calls, at work, on Mondays.
    """

    spans: tuple[Span, ...] = ()
    places: tuple[str, ...] = ()
    media: tuple[Medium, ...] = ()
    endpoints: tuple[str, ...] = ()
    is_all_contact: bool = False
    is_written: bool = False
    last_on: date | None = None
    is_until_year_end: bool = False


@dataclass(slots=True)
class _Found:
    days: frozenset[int] | None = None
    hours: tuple[int, int] | None = None
    told: list[Span] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    media: list[Medium] = field(default_factory=list)
    endpoints: list[str] = field(default_factory=list)

    def spans(self) -> tuple[Span, ...]:
        return (*self.told, *self._last())

    def part(self) -> None:
        """Keep the part of the week read so far and begin another."""
        self.told.extend(self._last())
        self.days = self.hours = None

    def _last(self) -> tuple[Span, ...]:
        if self.days is None and self.hours is None:
            return ()
        first, end = self.hours or (0, 1440)
        days = _EVERY_DAY if self.days is None else self.days
        return (Span(days, first, end),) if first < end else (Span(days, first, 1440), Span(days, 0, end))


class _Scanner:
    """Reads a phrase from its beginning, piece by piece."""

    def __init__(self, text: str) -> None:
        self.whole = text
        plain = text.replace("’", "'").strip().strip("\"'").rstrip(".!").strip()
        self.rest = re.sub(r"\b(don't|do not|never)\b", "do not", plain, flags=re.IGNORECASE)

    def take(self, pattern: str) -> str | None:
        """Take a piece that ends at the end of a word, or None."""
        matched = re.match(rf"(?:{pattern})(?![\w-])", self.rest, flags=re.IGNORECASE)
        if matched is None or not matched.group():
            return None
        self.rest = self.rest[matched.end() :].lstrip()
        return matched.group()

    def end(self) -> None:
        """Refuse what is left."""
        if self.rest:
            raise Unsupported(f"the phrase {self.whole!r} is not understood from {self.rest!r} on")

    def qualifiers(self) -> _Found:
        """Take days, hours, places, media and endpoints in any order."""
        found = _Found()
        while self.rest and self._qualifier(found):
            self.take("and|,")
        return found

    def _qualifier(self, found: _Found) -> bool:
        days = self.take(rf"(?:(?:on|every|all|during|of) )*{_DAY_LIST}(?: (?:every|each) week)?")
        if days is not None:
            if found.days is not None:
                found.part()
            found.days = days_of(days)
            return True
        hours = self.take(rf"(?:between |from )?{_TIME}\s*(?:-|–|to|and|until)\s*{_TIME}|(?:before|after) {_TIME}")
        if hours is not None:
            if found.hours is not None:
                days_before = found.days
                found.part()
                found.days = days_before
            found.hours = _hours(hours)
            return True
        place = self.take(rf"(?:at |while at |while in |while |in )?(?:{_PLACE})")
        if place is not None:
            found.places.append(_PLACES[re.sub(r"^(?:while )?(?:at |in )?", "", place.lower())])
            return True
        medium = self.take(rf"(?:by|via|through) (?:{_MEDIUM})")
        if medium is not None:
            found.media.append(_MEDIA[medium.lower().split(" ", 1)[1]])
            return True
        endpoint = self.take(rf"(?:at |to |on |through |by )?{_KIND_OF_ENDPOINT}{_ENDPOINT}(?:(?: and | or |, ){_ENDPOINT})*")
        if endpoint is not None:
            found.endpoints += re.findall(_ENDPOINT, endpoint)
            return True
        return False


def wish_of(text: str) -> Wish:
    """Return what a person does not want, such as `Sundays inconvenient`, `stop calling`, `do not use EM`.

    Raises:
        Unsupported: any of its words is not understood.
    """
    scan = _Scanner(text)
    is_written = scan.take(r"(?:written|in writing):?") is not None
    if is_written:
        scan.rest = scan.rest.lstrip(": ")
    scan.take(
        rf"(?:please|(?:{_WHO} )?(?:says|said|states|stated|asks|asked|tells|told)(?: (?:the )?(?:debt )?collector)?(?: that| to)?)(?! not be used)"
    )
    for read in (_cease, _disturbed, _stop, _unusable, _opt_out, _inconvenient, _busy, _convenient_except):
        left = scan.rest
        wish = read(scan)
        if wish is not None:
            end = scan.take(
                r"(?:through|until|till) (?:(?:the )?end of (?:the )?(?:calendar )?year|(?:calendar )?year[- ]end|\d{4}-\d\d-\d\d)"
            )
            scan.end()
            is_day = end is not None and end[-1].isdigit()
            last_on = day_of(end[-10:], place=text) if end is not None and is_day else None
            return replace(wish, is_written=is_written, last_on=last_on, is_until_year_end=end is not None and not is_day)
        scan.rest = left
    raise Unsupported(f"the phrase {text!r} is not understood")


def _cease(scan: _Scanner) -> Wish | None:
    about = rf"(?: {_WHO})?(?: again)?(?: (?:about|on|regarding) {_ENDPOINT})?"
    pattern = (
        rf"(?:cease|stop) (?:all )?(?:further )?(?:communications?|contact)(?: with {_WHO})?|does not wish to be contacted{about}"
        rf"|(?:does not wish|do not want|wishes) (?:any |no )?(?:further )?(?:communications?|contact)"
    )
    return Wish(is_all_contact=True) if scan.take(pattern) is not None else None


def _disturbed(scan: _Scanner) -> Wish | None:
    if scan.take(rf"(?:{_WHO} )?(?:cannot|can't|must not|is not to) be (?:disturbed|contacted|called|reached)") is None:
        return None
    found = scan.qualifiers()
    if not (found.spans() or found.places) or found.media or found.endpoints:
        return None
    return Wish(found.spans(), tuple(found.places))


def _stop(scan: _Scanner) -> Wish | None:
    verb = scan.take(rf"(?:stop|do not|asked not to|not to|no) (?:{_VERB}|communications?|contact|contacting|communicate|communicating)")
    if verb is None:
        return None
    scan.take(rf"(?:to |with )?{_WHO}")
    word = verb.lower().split()[-1]
    if _VERBS.get(word) == "mail":
        scan.take("letters?|mail")
        scan.take(rf"to {_WHO}")
    found = scan.qualifiers()
    media = tuple(found.media) if word not in _VERBS else (_VERBS[word], *found.media)
    if not media and not found.endpoints and not found.spans() and not found.places:
        return Wish(is_all_contact=True) if not verb.lower().startswith("no ") else None
    return Wish(found.spans(), tuple(found.places), media, tuple(found.endpoints))


def _unusable(scan: _Scanner) -> Wish | None:
    if scan.take(r"(?:stop using|do not use)(?: the)?") is not None:
        return _named(scan)
    if scan.take(r"(?:requests?|requested|request)(?: that)?(?: the (?:debt )?collector)?(?: to)? not(?: to)? use(?: the)?") is not None:
        return _named(scan)
    scan.take("asked|asks")
    scan.take("that")
    scan.take("the|a")
    medium = scan.take(_MEDIUM)
    return Wish(media=(_MEDIA[medium.lower()],)) if medium is not None and scan.take("not be used") is not None else None


def _opt_out(scan: _Scanner) -> Wish | None:
    if scan.take(r"opts? out of(?: the)?(?: collector's| any| all)?(?: use of)?") is None:
        return None
    return _named(scan)


def _named(scan: _Scanner) -> Wish | None:
    scan.take("my")
    kind = scan.take("(?:mobile |cell |telephone |phone )?number|(?:e-?mail )?address|mobile|cell")
    medium = scan.take(_MEDIUM) if kind is None else None
    if medium is not None:
        scan.take(rf"to (?:contact|communicate with) {_WHO}")
        return Wish(media=(_MEDIA[medium.lower()],))
    endpoint = scan.take(rf"{_ENDPOINT}(?:(?: and | or |, ){_ENDPOINT})*")
    return Wish(endpoints=tuple(re.findall(_ENDPOINT, endpoint))) if endpoint is not None else None


def _inconvenient(scan: _Scanner) -> Wish | None:
    scan.take("all (?:communications?|contact|calls)(?: to| with)?")
    scan.take(_WHO)
    found = scan.qualifiers()
    if not (found.spans() or found.places) or found.media or found.endpoints:
        return None
    if scan.take(rf"(?:are |is )?{_NOT_CONVENIENT}(?: (?:for|to) {_WHO})?") is None:
        return None
    return Wish(found.spans(), tuple(found.places))


def _busy(scan: _Scanner) -> Wish | None:
    """`I am busy on weekdays from 3:00 p.m. to 5:00 p.m.`, `no time on weekends`, `inconvenient at home`."""
    named = rf"(?:(?:I am|I'm|{_WHO} is|is) )?busy|cannot talk|(?:there is )?no (?:convenient )?time|none convenient|{_NOT_CONVENIENT}:?"
    if scan.take(named) is None:
        return None
    found = scan.qualifiers()
    scan.take("(?:is|are) convenient")
    if not (found.spans() or found.places) or found.media or found.endpoints:
        return None
    return Wish(found.spans(), tuple(found.places))


def _convenient_except(scan: _Scanner) -> Wish | None:
    """`convenient on weekdays except 15:00-17:00`: the hours left out, on those days, are inconvenient; of other days nothing is said."""
    is_first = scan.take("convenient") is not None
    days = scan.take(rf"(?:on )?(?:all )?{_DAY_LIST},?")
    if days is None or scan.take("except(?: for)?") is None:
        return None
    found = scan.qualifiers()
    is_last = scan.take("(?:are|is) convenient") is not None
    if is_first is is_last or not found.spans() or found.days is not None or found.places or found.media or found.endpoints:
        return None
    return Wish(tuple(replace(span, days=days_of(days)) for span in found.spans()))


@dataclass(frozen=True, slots=True)
class Leave:
    """What a person allows: parts of the week, or places."""

    spans: tuple[Span, ...]
    places: tuple[str, ...]

    def covers(self, local: datetime, place: str | None) -> bool:
        """Whether a local instant, at a place, is within it."""
        in_time = not self.spans or any(span.holds(local) for span in self.spans)
        return in_time and (not self.places or place in self.places)


def leave_of(text: str) -> Leave:
    """Return what a person allows, such as `contact on Sundays from now on`.

    Raises:
        Unsupported: any of its words is not understood.
    """
    scan = _Scanner(text)
    if scan.take(r"(?:may |can )?(?:contact|communicate|call)") is None:
        raise Unsupported(f"the phrase {text!r} is not understood")
    scan.take(_WHO)
    found = scan.qualifiers()
    scan.take("from now on|again")
    scan.end()
    if found.media or found.endpoints or not (found.spans() or found.places):
        raise Unsupported(f"the phrase {text!r} is not understood")
    return Leave(found.spans(), tuple(found.places))


def days_of(text: str) -> frozenset[int]:
    """Return the days of the week that are named, 0 for Monday."""
    found: set[int] = set()
    for word in re.findall(_DAY, text, flags=re.IGNORECASE):
        name = word.lower()
        name = name if name in _SHORT else name.removesuffix("s")
        found |= {"weekend": {5, 6}, "weekday": {0, 1, 2, 3, 4}}.get(name) or {_SHORT[name] if name in _SHORT else _DAYS.index(name)}
    return frozenset(found)


def minute_of(text: str) -> int:
    """Return the minute of the day of `15:00`, `3 p.m.`, `noon`.

    Raises:
        Unsupported: it is no time of day.
    """
    plain = text.strip().lower().replace(".", "")
    if plain in ("noon", "midnight"):
        return 720 if plain == "noon" else 0
    matched = re.fullmatch(r"(\d{1,2})(?::(\d{2}))?\s*([ap]m)?", plain)
    if matched is None:
        raise Unsupported(f"{text!r} is no time of day")
    hour, minute, half = int(matched[1]), int(matched[2] or 0), matched[3]
    if minute > 59 or hour > (12 if half else 24) or (half and hour == 0) or (hour == 24 and minute):
        raise Unsupported(f"{text!r} is no time of day")
    return (hour % 12 + (12 if half == "pm" else 0) if half else hour) * 60 + minute


def _hours(text: str) -> tuple[int, int]:
    times = [minute_of(time) for time in re.findall(_TIME, text, flags=re.IGNORECASE)]
    if text.lower().startswith("before"):
        return 0, times[0]
    if text.lower().startswith("after"):
        return times[0], 1440
    return times[0], times[1] or 1440


def clauses_of(text: str) -> list[str]:
    """Return the clauses of a note, parted by semicolons."""
    return [clause.strip() for clause in text.split(";") if clause.strip()]

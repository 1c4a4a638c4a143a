"""A contact in question, and every fact about it that can be derived from what happened before.

Only the facts that the rules in scope read are derived, each by one function; what cannot be told from the vector is unsupported.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from duecourse.rules.conformance.calls import CONVERSATION, UNCONNECTED, VOICEMAIL
from duecourse.rules.conformance.past import Call, Endpoint, History
from duecourse.rules.conformance.persons import EXCLUDED_ROLES, is_consumer
from duecourse.rules.conformance.phrases import Wish
from duecourse.rules.conformance.places import BOUND, PLACES, endpoint_of_name, place_known
from duecourse.rules.conformance.purposes import Purpose
from duecourse.rules.conformance.vector import Unsupported, Vector
from duecourse.rules.conformance.zones import zones_in
from duecourse.rules.facts import ContactFacts, zones_of
from duecourse.rules.vocabulary import CORE

SESSION_MEDIA = ("website_or_app", "website_or_mobile_app", "website", "mobile_app", "mobile_application", "app", "portal")
MEDIA = {
    "phone": "call", "text": "sms", "email": "email", "mail": "letter", "postcard": "letter", "in_person": "visit",
    **dict.fromkeys(SESSION_MEDIA, "email"),
}  # fmt: skip
"""The words of vectors for our channels."""
ELECTRONIC = ("text", "email")
PERIODIC = "periodic_statement"
_WEEK = timedelta(days=7)
_NEVER = 100_000


@dataclass(frozen=True, slots=True)
class Situation:
    """A contact in question.

    Attributes:
        at: its instant.
        medium: the vector's word for the channel.
        person: to whom.
        role: of the person.
        debt: the unit it is about, '' when about none in particular.
        calls: the calls before it.
        endpoint: the address or number, if it is told.
        purpose: if it is told.
        content: if it is told.
        place: where it reaches the person, if it is told.
        answers_at: the local minute of the message that it answers, if it answers one.
        is_consent_direct: whether consent that is relied on was given to this collector.
        is_voicemail_left: whether a voicemail is left.
        kind: what kind of address or number is used, where the question tells it.
    """

    history: History
    at: datetime
    medium: str
    person: str
    role: str
    debt: str
    calls: tuple[Call, ...]
    endpoint: str | None = None
    purpose: Purpose | None = None
    content: str | None = None
    place: str | None = None
    answers_at: datetime | None = None
    is_consent_direct: bool = True
    is_voicemail_left: bool = False
    kind: Endpoint | None = None
    flags: Mapping[str, bool] = field(default_factory=dict)

    @property
    def vector(self) -> Vector:
        """Whose situation it is."""
        return self.history.vector

    @property
    def local(self) -> datetime:
        """The instant in the vector's zone."""
        return self.at.astimezone(self.vector.zone)

    def about(self, debt: str) -> Situation:
        """Return the same contact about one debt."""
        return replace(self, debt=debt)

    def concerns(self, debts: frozenset[str]) -> bool:
        """Whether something about these debts (all when empty) concerns this contact."""
        return not debts or not self.debt or self.debt in debts

    def days_since(self, at: datetime) -> int:
        """Return the local days from an instant to this one."""
        return (self.local.date() - self.vector.local_day(at)).days


def contact_facts(situation: Situation, *, names: frozenset[str], zone: str) -> ContactFacts:
    """Return the facts of these names, derived.

    Raises:
        Unsupported: one of them cannot be told from the vector.
    """
    known = {}
    for name in sorted(names - set(CORE)):
        derive = FACTS.get(name)
        if derive is None:
            raise Unsupported(f"{name} cannot be told from a vector")
        known[name] = int(derive(situation))
    return ContactFacts(channel=MEDIA[situation.medium], at=situation.at, zone=zone, person_key=1, known=known)


def zone_of_consumer(vector: Vector, history: History) -> str:
    """Return the zones the consumer may be in, joined: those that the collector's knowledge suggests, else the vector's own.

    Raises:
        Unsupported: the consumer's zone is known, and something else suggests another.
    """
    certain = vector.known.get("consumer_time_zone")
    certain = certain if isinstance(certain, str) else None
    of_persons = [zone for node in vector.persons.values() for zone in zones_in(node)]
    suggested = dict.fromkeys(
        [*zones_in(vector.known), *of_persons, *(zone for endpoint in history.endpoints.values() for zone in endpoint.zones)]
    )
    if certain is not None and set(suggested) - {certain}:
        raise Unsupported("the consumer's time zone is known, and something else suggests another")
    joined = "|".join(suggested) or vector.zone_name
    if not zones_of(joined):
        raise Unsupported(f"the time zone {joined!r} does not exist")
    return joined


def _wishes(situation: Situation) -> list[Wish]:
    today, local_day = situation.local.date(), situation.vector.local_day
    return [
        one.wish
        for one in situation.history.wishes_of(situation.person, until=situation.at)
        if (one.wish.last_on is None or today <= one.wish.last_on)
        and not (one.wish.is_until_year_end and today.year > local_day(one.at).year)
    ]


def _is_time_inconvenient(situation: Situation) -> bool:
    _refuse_unsettled_call(situation)
    return any(
        any(span.holds(situation.local) for span in wish.spans)
        for wish in _wishes(situation)
        if wish.spans and not wish.places and (not wish.media or situation.medium in wish.media)
    )


def _is_place_inconvenient(situation: Situation) -> bool:
    _refuse_unsettled_call(situation)
    wishes = [wish for wish in _wishes(situation) if wish.places and (not wish.media or situation.medium in wish.media)]
    if not wishes:
        return False
    place = _place(situation)
    return any(place in wish.places and (not wish.spans or any(s.holds(situation.local) for s in wish.spans)) for wish in wishes)


def _refuse_unsettled_call(situation: Situation) -> None:
    if situation.history.of("call_inconvenient", until=situation.at):
        raise Unsupported("how long a call's inconvenience lasts is not said")


def _place(situation: Situation) -> str | None:
    """Return the place that the contact reaches, None where it belongs to no place."""
    if situation.place is not None:
        return PLACES[situation.place]
    called_from = [one.value for one in situation.history.of("called_from", until=situation.at) if one.at == situation.answers_at]
    if called_from and situation.medium == "phone" and situation.endpoint is None:
        return called_from[-1]
    known = place_known(situation.vector.known)
    if known is not None:
        return known
    seen = [one for one in situation.history.of("consumer_at", until=situation.at) if situation.days_since(one.at) == 0]
    if seen:
        return PLACES[seen[-1].value.lower()]
    endpoint = situation.history.endpoints.get(situation.endpoint or "") or situation.kind or endpoint_of_name(situation.endpoint or "")
    if endpoint is not None:
        if endpoint.place is None and endpoint.kind in BOUND:
            raise Unsupported(f"where the {endpoint.kind} {situation.endpoint} is, is not said")
        return endpoint.place
    if situation.medium in (*ELECTRONIC, *SESSION_MEDIA):
        return None
    raise Unsupported(f"which place a {situation.medium} contact reaches is not said")


def _is_in_session(situation: Situation) -> bool:
    """Whether the person is using the website or application at the moment (comment 6(b)(1)-2.iii).

    Raises:
        Unsupported: no use of it was told.
    """
    told = [one for one in situation.history.of("session_begun", "session_ended", until=situation.at) if one.value == situation.person]
    if not told:
        raise Unsupported("whether the consumer is using the website or application is not said")
    return told[-1].what == "session_begun"


def _is_answer(situation: Situation) -> bool:
    """Whether it is the one answer, through the same medium, to a message that has none yet."""
    if situation.medium in SESSION_MEDIA:
        return _is_in_session(situation)
    if situation.answers_at is None:
        return False
    incoming = [*_instants(situation, is_out=False, medium=situation.medium)]
    if not any(_same_minute(at, situation.answers_at, vector=situation.vector) for at in _incoming_any(situation)):
        raise Unsupported("the message that is answered is not in the timeline")
    open_: list[datetime] = []
    moments = [(at, 0) for at in incoming] + [(at, 1) for at in _instants(situation, is_out=True, medium=situation.medium)]
    for at, is_out in sorted(moments):
        if not is_out:
            open_.append(at)
        elif open_:
            open_.pop(0)
    return any(_same_minute(at, situation.answers_at, vector=situation.vector) for at in open_)


def _instants(situation: Situation, *, is_out: bool, medium: str) -> list[datetime]:
    messages = [
        one.at for one in situation.history.messages if one.is_sent is is_out and one.medium == medium and one.person == situation.person
    ]
    if medium == "phone":
        messages += [call.at for call in situation.calls if call.is_placed is is_out and call.person == situation.person]
    return [at for at in messages if at <= situation.at]


def _incoming_any(situation: Situation) -> list[datetime]:
    return [at for medium in MEDIA for at in _instants(situation, is_out=False, medium=medium)]


def _same_minute(at: datetime, wanted: datetime, *, vector: Vector) -> bool:
    local = wanted if wanted.tzinfo is not None else wanted.replace(tzinfo=vector.zone)
    return abs(at - local) < timedelta(minutes=1) and at.astimezone(vector.zone).minute == local.astimezone(vector.zone).minute


def _is_consented_directly(situation: Situation) -> bool:
    if not situation.is_consent_direct:
        return False
    found = [c for c in situation.history.consents if c.is_valid and c.leave is not None and c.person == situation.person]
    place = situation.place
    return any(
        c.at <= situation.at and c.leave is not None and c.leave.covers(situation.local, place) and not _revoked(situation, c.at)
        for c in found
    )


def _revoked(situation: Situation, since: datetime) -> bool:
    ends = situation.history.of("consent_revoked", until=situation.at)
    return any(one.at >= since and one.value == situation.person and situation.concerns(one.debts) for one in ends)


def _is_hour_said_convenient(situation: Situation) -> bool:
    found = [c for c in situation.history.consents if c.is_valid and c.leave is not None and c.person == situation.person]
    hours = [
        span for c in found if c.at <= situation.at and c.leave is not None for span in c.leave.spans if (span.first, span.end) != (0, 1440)
    ]
    return situation.is_consent_direct and any(span.holds(situation.local) for span in hours)


def _is_represented(situation: Situation) -> bool:
    told = [one for one in situation.history.of("represented", "unrepresented", until=situation.at) if situation.concerns(one.debts)]
    if not told or told[-1].what == "unrepresented":
        return False
    known = situation.history.of("attorney_known", "attorney_unknown", until=situation.at)
    if not known:
        raise Unsupported("whether the attorney's name and address are known is not said")
    return known[-1].what == "attorney_known"


def _learned(what: str) -> Callable[[Situation], bool]:
    def derive(situation: Situation) -> bool:
        return any(situation.concerns(one.debts) for one in situation.history.of(what, until=situation.at))

    return derive


def _is_cease_received(situation: Situation) -> bool:
    told = situation.history.of("cease", until=situation.at)
    return any(one.value == situation.person and situation.concerns(one.debts) for one in told)


def _is_medium_refused(situation: Situation) -> bool:
    return any(_refuses(wish, situation) for wish in _wishes(situation) if not wish.spans and not wish.places)


def _refuses(wish: Wish, situation: Situation) -> bool:
    medium = "mail" if situation.medium == "postcard" else situation.medium
    if wish.media and medium not in wish.media:
        return False
    if not wish.endpoints:
        return bool(wish.media)
    if situation.endpoint is not None:
        return situation.endpoint in wish.endpoints
    if all(_medium_of_endpoint(name, situation) not in (medium, None) for name in wish.endpoints):
        return False
    raise Unsupported("an address or number is refused, and which one is used is not said")


def _medium_of_endpoint(name: str, situation: Situation) -> str | None:
    if any(one.value == name for one in situation.history.of("email_endpoint", until=situation.at)):
        return "email"
    used = {one.medium for one in situation.history.messages if one.endpoint == name}
    told = situation.history.endpoints.get(name) or endpoint_of_name(name)
    return "email" if used == {"email"} or (told is not None and told.kind.startswith("email")) else None


def _is_confirmation_bare(situation: Situation) -> bool:
    if situation.content != "opt_out_confirmation_only" or situation.medium not in ELECTRONIC:
        return False
    opted = [one.at for one in situation.history.wishes if one.person == situation.person and one.at <= situation.at]
    sent = _instants(situation, is_out=True, medium=situation.medium)
    return bool(opted) and not any(at > max(opted) for at in sent)


def _is_conversation(call: Call, situation: Situation) -> bool:
    return call.outcome == CONVERSATION and call.person == situation.person and situation.debt in call.discussed


def is_call_consented(situation: Situation) -> bool:
    """Whether a call at this moment falls under consent to more calls, 1006.14(b)(3)(i)."""
    return any(_covers(index, situation) for index in range(len(situation.history.consents)))


def _covers(index: int, situation: Situation) -> bool:
    consent = situation.history.consents[index]
    if not consent.is_valid or consent.leave is not None or consent.person != situation.person or not situation.concerns(consent.debts):
        return False
    age = situation.days_since(consent.at)
    in_term = consent.at <= situation.at and 0 <= age < _WEEK.days
    on_day = consent.days is None or situation.local.date() in consent.days
    is_ended = any(_is_conversation(call, situation) and consent.at < call.at < situation.at for call in situation.history.calls)
    return in_term and on_day and not is_ended and not _revoked(situation, consent.at)


def counted_calls(situation: Situation) -> list[Call]:
    """Return the earlier calls that count for the person and the debt in the seven local days up to this moment."""
    if situation.role in EXCLUDED_ROLES:
        return []
    return [
        call
        for call in situation.calls
        if call.is_placed
        and call.person == situation.person
        and situation.debt in call.debts
        and call.outcome not in UNCONNECTED
        and not _is_misdirected(call, situation)
        and 0 <= situation.days_since(call.at) < _WEEK.days
        and not is_call_consented(replace(situation, at=call.at))
    ]


def _is_misdirected(call: Call, situation: Situation) -> bool:
    """Whether it was later learned that the number called is not the person's; where no number is told, of all calls until then."""
    learned = situation.history.of("misdirected", until=situation.at)
    if call.endpoint is None and any(one.value and call.at <= one.at for one in learned):
        raise Unsupported("a number was wrong, and which number a call went to is not said")
    return any(call.at <= one.at and one.value in ("", call.endpoint) for one in learned)


def _days_since_conversation(situation: Situation) -> int:
    ages = [situation.days_since(call.at) for call in situation.calls if _is_conversation(call, situation)]
    return min(ages, default=_NEVER)


def _placed(situation: Situation) -> list[Call]:
    return [call for call in situation.calls if call.is_placed and call.person == situation.person and call.outcome not in UNCONNECTED]


def _minutes_since(situation: Situation, *, is_voicemail: bool) -> int:
    calls = [call for call in _placed(situation) if call.outcome != CONVERSATION and (not is_voicemail or call.outcome == VOICEMAIL)]
    ages = [int((situation.at - call.at) / timedelta(minutes=1)) for call in calls]
    return min(ages, default=10_000_000)


def _is_statement_against(situation: Situation) -> bool:
    """Whether the person spoke against contact, the debt, or calls (comment 14(b)(2)(i)-2.iii)."""
    told = any(one.value == situation.person for one in situation.history.of("statement", "cease", until=situation.at))
    return told or any("phone" in wish.media and not wish.spans and not wish.places for wish in _wishes(situation))


def _location_contacts(situation: Situation) -> int:
    return sum(call.outcome == CONVERSATION for call in _placed(situation))


def _open_since(asked: str, answered: str, situation: Situation) -> bool:
    """Whether a timely written dispute or question stands without an answer."""
    answers = [one.at for one in situation.history.of(answered, until=situation.at) if situation.concerns(one.debts)]
    is_open = False
    for one in situation.history.of(asked, until=situation.at):
        if not situation.concerns(one.debts) or one.value != "in writing":
            continue
        notices = [n for n in situation.history.of("validation_notice", until=one.at) if situation.concerns(n.debts)]
        if not notices:
            raise Unsupported("when the validation period ends is not said")
        is_timely = situation.vector.local_day(one.at).isoformat() <= notices[-1].value
        is_open |= is_timely and not any(at >= one.at for at in answers)
    return is_open


def _flag(name: str) -> Callable[[Situation], bool]:
    return lambda situation: situation.flags.get(name, False)


def _is_open_after_cease(situation: Situation) -> bool:
    """Whether the purpose stays open after a notice to cease, 1006.6(c)(2), or is one for which a servicer is not liable (comment 6(c)(2)-2)."""
    if situation.purpose is Purpose.periodic_statement:
        return situation.flags.get(PERIODIC, False)
    return situation.purpose in (Purpose.after_cease, Purpose.servicing)


FACTS: dict[str, Callable[[Situation], int]] = {
    "is_hour_said_convenient": _is_hour_said_convenient,
    "is_time_inconvenient": _is_time_inconvenient,
    "is_place_inconvenient": _is_place_inconvenient,
    "is_answer_same_medium": _is_answer,
    "is_consented_directly": _is_consented_directly,
    "is_represented": _is_represented,
    "is_attorney_silent": _learned("attorney_silent"),
    "is_attorney_consenting": _learned("attorney_consents"),
    "is_addressee_consumer": lambda s: is_consumer(s.role, pack=s.vector.pack),
    "is_addressee_third_party": lambda s: not is_consumer(s.role, pack=s.vector.pack) and s.role not in EXCLUDED_ROLES,
    "is_addressee_excluded": lambda s: s.role in EXCLUDED_ROLES,
    "is_at_workplace": lambda s: _learned("employer_forbids")(s) and _place(s) == "work",
    "is_employer_forbidding": _learned("employer_forbids"),
    "is_cease_received": _is_cease_received,
    "is_cease_purpose_open": _is_open_after_cease,
    "is_medium_refused": _is_medium_refused,
    "is_opt_out_confirmation_bare": _is_confirmation_bare,
    "is_medium_required_by_law": lambda s: (
        s.purpose is Purpose.required_by_law or (s.purpose is Purpose.periodic_statement and s.flags.get(PERIODIC, False))
    ),
    "is_call_consented": is_call_consented,
    "calls_week_debt_count": lambda s: len(counted_calls(s)),
    "days_since_conversation_debt": _days_since_conversation,
    "calls_day_count": lambda s: sum(s.days_since(call.at) == 0 for call in _placed(s)),
    "voicemails_day_count": lambda s: sum(s.days_since(call.at) == 0 and call.outcome == VOICEMAIL for call in _placed(s)),
    "minutes_since_call_unanswered": lambda s: _minutes_since(s, is_voicemail=False),
    "minutes_since_voicemail": lambda s: _minutes_since(s, is_voicemail=True),
    "is_voicemail_left": lambda s: s.is_voicemail_left,
    "is_statement_against": _is_statement_against,
    "is_conduct_abusive": _learned("conduct"),
    "is_location_contact": lambda s: s.purpose is Purpose.location,
    "location_contacts_count": _location_contacts,
    "is_location_repeat_asked": _flag("requested_by_person"),
    "is_location_answer_wrong": _flag("reasonable_belief_earlier_response_wrong_and_now_correct"),
    "is_third_party_permitted": lambda _: False,
    "is_postcard": lambda s: s.medium == "postcard",
    "is_dispute_open": lambda s: _open_since("dispute", "dispute_answered", s),
    "is_origin_request_open": lambda s: _open_since("origin_request", "origin_answered", s),
    "is_collecting": lambda s: s.purpose is not Purpose.after_cease,
}
"""How each fact of the rules on contact is derived."""

"""Asking for a permit: `permit_request` is the gate.

It locks the debtor, gathers the facts over all performers, decides, and stores a permit or a refusal with its explanation and its
event in the trail: one transaction of two statements, and one more for a paper that the process has not seen. The order of locks is
docs/house.md's; the decision is docs/algorithms/permit.md.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from django.db import IntegrityError

from duecourse.contact.errors import ContactTimeImplausible, PerformerMissing, RequestReused
from duecourse.contact.selectors.revocations import Revocation, permit_revocations
from duecourse.contact.selectors.rule_sets import whole_evidence
from duecourse.contact.services import facts as of_contact
from duecourse.contact.services import grounds, readiness
from duecourse.contact.services.grounds import Ground
from duecourse.contact.services.known import FACTS, Known, Request, answered, asked_for, days_back, packs_of, parsed
from duecourse.contact.services.papers import overlays_of
from duecourse.kit.clock import now
from duecourse.kit.errors import Absent
from duecourse.kit.ids import canonical_bytes, content_hash
from duecourse.parties.access import Actor, asking
from duecourse.parties.models import Role
from duecourse.rules.decide import decide
from duecourse.rules.errors import NaiveInstant, NoValueInForce, RuleConflict, UnknownParameter
from duecourse.rules.facts import MINUTES_PER_DAY, ContactFacts, project
from duecourse.rules.form import Overlay, Pack
from duecourse.rules.resolve import vocabulary_of
from duecourse.rules.verdict import RuleSet, Verdict, whole

PERMIT_LIFETIME = timedelta(minutes=10)
CLOCK_TOLERANCE = timedelta(minutes=5)
AHEAD_MAX = timedelta(days=1)
ENDS_DAYS_MAX = 400
"""How far ahead a record's end is laid over the rules; beyond it no next instant is named."""

_GIVE = "SELECT gate.contact_answer(%s, %s, %s::jsonb, %s, %s::jsonb, %s)"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the gate says to a request.

    Attributes:
        kind: 'permit' or 'refusal'.
        id: the permit's or the refusal's number.
        explanation: the whole evidence: all reasons with citations, the values used, the day they were taken for.
        valid_until_at: for a permit, when it ends; else None.
        next_allowed_at: for a refusal, the next instant at which it would be allowed as far as is known; else None.
        revocations: of a permit that the same request was given before, what has ended it since.
    """

    kind: str
    id: int
    explanation: dict[str, Any]
    valid_until_at: datetime | None
    next_allowed_at: datetime | None
    revocations: tuple[Revocation, ...] = ()

    @property
    def is_permit(self) -> bool:
        """Say whether the contact may be made."""
        return self.kind == "permit" and not self.revocations


@dataclass(frozen=True, slots=True)
class _Decision:
    """What is stored: the verdict's evidence with the platform's own grounds, its rule set, and where it applies."""

    person_id: int
    made_by: int | None
    placement_id: int | None
    local_on: date | None
    record: dict[str, Any]
    rule_set: RuleSet
    codes: list[str]
    valid_until_at: datetime | None
    next_allowed_at: datetime | None


def permit_request(
    *,
    actor: Actor,
    case_id: int,
    channel: str,
    contact_at: datetime,
    client_request_id: str,
    performer_id: int | None = None,
    contact_point_id: int | None = None,
    template_code: str = "",
    stated: Mapping[str, int] | None = None,
    collector: int | str = "",
) -> Answer:
    """Ask whether a debtor may be contacted now, and reserve the contact if so.

    Args:
        actor: an agency's person (the performer is the agency), or the creditor's side naming its own team or robot.
        case_id: the case to be worked.
        channel: call, sms, email, letter or visit.
        contact_at: when the contact is to be made; an aware instant about now.
        client_request_id: the performer's own number for this request; asking again with it gives the same answer.
        performer_id: who makes the contact, for the creditor's side.
        contact_point_id: the number or address that is used, if it is known already.
        template_code: the approved text that is sent, for a message.
        stated: what the contact will be, by facts that the packs declare as stated; what is not said is taken as not given.
        collector: who makes the contact, by e-mail address or user's number: somebody who works for the performer. A program names its
            people, a lead theirs; everybody else makes the contact themselves. '' where the one who asks makes it, or nobody is named.

    Raises:
        Absent: there is no such case for this actor (a collector has those assigned to them), the contact point is not its debtor's, or
            the collector who is named is nobody who works for the performer, or not the actor's to name.
        NaiveInstant: `contact_at` has no zone.
        PerformerMissing, ContactTimeImplausible, RequestReused, StatedUnknown: see their texts.

    Guarantees: requests for one debtor are decided one after the other, over all performers of the creditor, so that the day's
        slots are never overdrawn; a refusal names all reasons; where the rules contradict each other or have no value the contact is
        refused; the stored explanation holds nothing personal. An emergency stop that stood before the debtor's lock was granted is seen.
    """
    if contact_at.tzinfo is None:
        raise NaiveInstant(at=contact_at.isoformat())
    said = tuple(sorted((stated or {}).items()))
    asked = (_performer(actor, performer_id), case_id, channel, contact_at, client_request_id, contact_point_id, template_code, said)
    request = Request(*asked, collector=str(collector).strip().lower())
    if not now() - CLOCK_TOLERANCE <= contact_at <= now() + AHEAD_MAX:
        raise ContactTimeImplausible(contact_at=contact_at.isoformat(), now=now().isoformat())
    days = days_back(actor.creditor_id)
    parameters = asked_for(creditor_id=actor.creditor_id, request=request, days=days)
    try:
        with asking(actor, query=FACTS, parameters=parameters) as cursor:
            known = answered(cursor, creditor_id=actor.creditor_id, request=request, days=days)
            request = _made_by(actor, request, known=known)
            if known.earlier_kind is not None:
                return _earlier(known, actor=actor, request=request)
            return _store(cursor, actor=actor, request=request, decision=_decide(cursor, known, actor=actor, request=request))
    except IntegrityError as taken:
        if "_request_once" not in str(taken):
            raise
        raise RequestReused(client_request_id=client_request_id) from taken


def _performer(actor: Actor, performer_id: int | None) -> int:
    if actor.agency_id is not None:
        return actor.agency_id
    if performer_id is None:
        raise PerformerMissing
    return performer_id


def _made_by(actor: Actor, request: Request, *, known: Known) -> Request:
    """Return the request with the number of the person it names, where that is another than who asks.

    Raises:
        Absent: a person names somebody whom they do not lead.
    """
    if not request.collector or known.maker_id == actor.user_id:
        return request
    if actor.user_id > 0 and Role.LEAD not in actor.roles:
        raise Absent(entity="collector")
    return replace(request, made_by=known.maker_id)


def _earlier(known: Known, *, actor: Actor, request: Request) -> Answer:
    if known.earlier_hash != content_hash(request.content):
        raise RequestReused(client_request_id=request.client_request_id)
    (explanation,) = whole_evidence(actor=actor, evidences=[parsed(known.earlier_explanation)])
    is_permit = known.earlier_kind == "permit"
    ended = permit_revocations(creditor_id=actor.creditor_id, permit_id=known.earlier_id) if is_permit else ()
    return Answer(str(known.earlier_kind), known.earlier_id, explanation, known.valid_until_at, known.next_allowed_at, tuple(ended))


def _decide(cursor: Any, known: Known, *, actor: Actor, request: Request) -> _Decision:
    if known.performer_kind is None or (actor.agency_id is None and known.performer_kind not in grounds.OWN_KINDS):
        raise PerformerMissing
    packs = packs_of(known.packs)
    on = ContactFacts(request.channel, request.contact_at, known.zone, known.person_id).local_on
    if not known.is_maker_at_work(on):
        raise Absent(entity="collector")
    overlays = overlays_of(cursor, creditor_id=actor.creditor_id, papers=known.papers_on(on))
    is_placed_here = known.open_agency_id == request.performer_id
    facts = _facts(known, request=request, packs=packs, is_placed_here=is_placed_here, on=on)
    own = grounds.find(
        has_rules=bool(packs),
        is_case_closed=known.is_case_closed,
        is_performer_closed=known.is_performer_closed,
        performer_kind=known.performer_kind,
        is_placed_elsewhere=known.open_agency_id is not None and not is_placed_here,
        is_placed_here=is_placed_here,
        holds=known.holds_on(on),
    )
    own += readiness.find(known, channel=request.channel, template_code=request.template_code, performer_kind=known.performer_kind, on=on)
    own += grounds.of_point(known.point, reachable=known.reachable, channel=request.channel, on=on)
    try:
        verdict = decide(facts, packs=packs, as_of=on, layers=overlays)
    except (RuleConflict, NoValueInForce, UnknownParameter) as undecided:
        own.append(grounds.undecided(undecided))
        verdict = Verdict(allowed=False, reasons=(), warnings=(), as_of=on, facts=facts, next_allowed_at=None, packs=packs, checked=())
    own = _judged_otherwise(own, verdict=verdict, whose="self" if known.point is None else known.point.whose)
    next_at = _next_allowed(facts, verdict=verdict, own=own, layers=overlays) if own or not verdict.allowed else None
    record = verdict.to_evidence() | {"allowed": verdict.allowed and not own, "grounds": [ground.record() for ground in own]}
    record["next_allowed_at"] = next_at.isoformat().replace("+00:00", "Z") if next_at else None
    return _Decision(
        person_id=known.person_id,
        made_by=known.maker_id,
        placement_id=known.placement_id if is_placed_here else None,
        local_on=facts.local_on if facts.is_zone_known else None,
        record=record,
        rule_set=verdict.rule_set,
        codes=[reason.code for reason in verdict.reasons] + [ground.code for ground in own],
        valid_until_at=_valid_until(facts, verdict=verdict, layers=overlays) if record["allowed"] else None,
        next_allowed_at=next_at,
    )


_ON_THIRD_PARTIES = frozenset({"is_third_party", "is_addressee_third_party"})
"""Facts of which one is read by every rule that judges whether a third party may be contacted."""


def _judged_otherwise(own: Sequence[Ground], *, verdict: Verdict, whose: str) -> list[Ground]:
    """Return the platform's grounds without those that a rule has told already, and with the one that no rule judges third parties.

    A debtor's death or incapacity holds contact with the debtor; whether a third party may be asked then is for the rules. So is whether
    the attorney of a represented debtor may be called.
    """
    is_third_party = whose not in of_contact.OBLIGORS
    told = {name for reason in verdict.reasons for name in _facts_of(verdict, reason.rule_id)}
    judged = {f"hold_{kind}" for kind, fact in of_contact.HOLD_FACTS.items() if fact in told}
    judged |= {grounds.NOT_PLACED.code} if "is_placement_ended" in told else set()
    if is_third_party:
        judged |= {"hold_deceased", "hold_no_capacity"} | ({"hold_represented", "hold_cease_request"} if whose == "attorney" else set())
    left = [ground for ground in own if ground.code not in judged]
    if not is_third_party or any(not _ON_THIRD_PARTIES.isdisjoint(bound.rule.facts_used) for bound in verdict.checked):
        return left
    return [*left, grounds.THIRD_PARTY]


def _facts_of(verdict: Verdict, rule_id: str) -> Collection[str]:
    return next((bound.rule.facts_used for bound in verdict.checked if bound.rule.id == rule_id), ())


def _facts(known: Known, *, request: Request, packs: tuple[Pack, ...], is_placed_here: bool, on: date) -> ContactFacts:
    vocabulary = vocabulary_of(packs)
    values, history = of_contact.counted(known, request=request, vocabulary=vocabulary, on=on)
    return ContactFacts(
        channel=request.channel,
        at=request.contact_at,
        zone=known.zone,
        person_key=known.person_id,
        known=values
        | of_contact.stated(request, vocabulary=vocabulary)
        | of_contact.recorded(known, request=request, vocabulary=vocabulary, is_placed_here=is_placed_here, on=on),
        performer_kind=grounds.RULE_KINDS[str(known.performer_kind)],
        lender_class=known.lender_class,
        product_class=known.product_class,
        history=history,
    )


def _next_allowed(facts: ContactFacts, *, verdict: Verdict, own: Sequence[Ground], layers: Sequence[Overlay]) -> datetime | None:
    """Return the next instant at which rules and grounds would allow it; None while a ground of the platform's names no end."""
    ends = [ground.until_on for ground in own]
    if not ends:
        return verdict.next_allowed_at
    known_ends = [until_on for until_on in ends if until_on is not None]
    if len(known_ends) < len(ends) or not facts.is_zone_known or not facts.zone:
        return None
    zone = ZoneInfo(facts.zone.split("|")[0])
    start = datetime.combine(max(known_ends), time(), tzinfo=zone).astimezone(UTC)
    minutes = (start - facts.at) // timedelta(minutes=1) + 1
    if minutes <= 0 or minutes > ENDS_DAYS_MAX * MINUTES_PER_DAY:
        return None
    seen = project(facts, vocabulary=vocabulary_of(verdict.packs), after_minutes=minutes, count=1).seen
    later = replace(facts, at=start, known={name: int(np.ravel(getattr(seen, name))[0]) for name in facts.known})
    try:
        then = decide(later, packs=verdict.packs, as_of=later.local_on, layers=layers)
    except (RuleConflict, NoValueInForce, UnknownParameter):
        return None
    return start if then.allowed else then.next_allowed_at


def _valid_until(facts: ContactFacts, *, verdict: Verdict, layers: Sequence[Overlay]) -> datetime:
    """Return the end of the permit: its lifetime, or the last minute before a rule would refuse."""
    end = facts.at + PERMIT_LIFETIME
    while end > facts.at:
        later = replace(facts, at=end)
        if later.local_day == facts.local_day and decide(later, packs=verdict.packs, as_of=later.local_on, layers=layers).allowed:
            return end
        end -= timedelta(minutes=1)
    return facts.at


def _store(cursor: Any, *, actor: Actor, request: Request, decision: _Decision) -> Answer:
    """Store the answer with its event in the trail, in one statement."""
    kind = "permit" if decision.record["allowed"] else "refusal"
    evidence, request_hash, decided_at = _canonical(decision.record), content_hash(request.content), now()
    row = {
        "creditor_id": actor.creditor_id,
        "performer_id": request.performer_id,
        "client_request_id": request.client_request_id,
        "request_hash": request_hash,
        "person_id": decision.person_id,
        "case_id": request.case_id,
        "contact_point_id": request.contact_point_id,
        "placement_id": decision.placement_id,
        "user_id": actor.user_id,
        "made_by": decision.made_by,
        "channel": request.channel,
        "contact_at": request.contact_at,
        "local_on": decision.local_on,
        "decided_at": decided_at,
    }
    if kind == "permit":
        row |= {"valid_until_at": decision.valid_until_at}
    else:
        row |= {"next_allowed_at": decision.next_allowed_at, "codes": decision.codes}
    details = {"request_hash": request_hash, "explanation_hash": hashlib.sha256(evidence.encode()).hexdigest()}
    stored = f'{json.dumps(row, ensure_ascii=False, default=_iso)[:-1]}, "explanation": {evidence}}}'
    given = [actor.creditor_id, kind, stored, decided_at, canonical_bytes(details).decode()]
    cursor.execute(_GIVE, [*given, None])
    (answer_id,) = cursor.fetchone()
    if answer_id is None:
        cursor.execute(_GIVE, [*given, decision.rule_set.text])
        (answer_id,) = cursor.fetchone()
    explanation = whole(decision.record, decision.rule_set.record)
    return Answer(kind, answer_id, explanation, decision.valid_until_at, decision.next_allowed_at)


def _canonical(record: dict[str, Any]) -> str:
    """Return the text whose bytes are `canonical_bytes` of a record, which holds texts, whole numbers, truth values and nothing else."""
    return json.dumps(record, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _iso(value: date) -> str:
    return value.isoformat()

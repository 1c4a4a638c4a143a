"""Asking for a permit: `permit_request` is the gate.

It locks the debtor, gathers the facts over all performers, decides, and stores a permit or a refusal with its explanation and its
event in the trail: one transaction of two statements, three when a contact point is named. The order of locks is docs/house.md's; the
decision is docs/algorithms/permit.md.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from django.db import connection

from duecourse.contact.errors import ContactTimeImplausible, PerformerMissing, RequestReused
from duecourse.contact.services import grounds
from duecourse.kit.clock import now
from duecourse.kit.errors import Absent
from duecourse.kit.ids import canonical_bytes, content_hash
from duecourse.parties.access import Actor, acting
from duecourse.portfolio.models import ContactPoint
from duecourse.rules.decide import decide
from duecourse.rules.errors import NoValueInForce, RuleConflict
from duecourse.rules.facts import ContactFacts
from duecourse.rules.form import Pack
from duecourse.rules.load import shipped_pack
from duecourse.rules.verdict import Verdict

PERMIT_LIFETIME = timedelta(minutes=10)
CLOCK_TOLERANCE = timedelta(minutes=5)
AHEAD_MAX = timedelta(days=1)

_FACTS = "SELECT * FROM gate.permit_facts(%s, %s, %s, %s, %s)"

_GIVE = "SELECT gate.contact_answer(%s, %s, %s::jsonb, %s, %s::jsonb)"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the gate says to a request.

    Attributes:
        kind: 'permit' or 'refusal'.
        id: the permit's or the refusal's number.
        explanation: the verdict's record: all reasons with citations, the values used, the day they were taken for.
        valid_until_at: for a permit, when it ends; else None.
        next_allowed_at: for a refusal, the next instant at which it would be allowed as far as is known; else None.
    """

    kind: str
    id: int
    explanation: dict[str, Any]
    valid_until_at: datetime | None
    next_allowed_at: datetime | None

    @property
    def is_permit(self) -> bool:
        """Say whether the contact may be made."""
        return self.kind == "permit"


@dataclass(frozen=True, slots=True)
class _Request:
    performer_id: int
    case_id: int
    channel: str
    contact_at: datetime
    client_request_id: str
    contact_point_id: int | None

    @property
    def content(self) -> list[Any]:
        """What the same request id must always mean."""
        return [self.case_id, self.channel, self.contact_at, self.contact_point_id]


class _Known(NamedTuple):
    """What the gate tells of a request, the debtor being locked.

    `days` has the UTC day of the contact and its two neighbours, one of which is the debtor's local day: ISO text → slots held and
    kinds of holds. `performer_kind` is None when the creditor has no such performer, `earlier_kind` when the request is new.
    """

    person_id: int
    zone: str | None
    lender_class: str
    packs: tuple[str, ...]
    product_class: str
    performer_kind: str | None
    is_performer_closed: bool
    is_case_closed: bool
    open_agency_id: int | None
    placement_id: int | None
    days: dict[str, Any]
    earlier_kind: str | None
    earlier_id: int
    earlier_hash: str
    earlier_explanation: dict[str, Any]
    valid_until_at: datetime | None
    next_allowed_at: datetime | None


@dataclass(frozen=True, slots=True)
class _Decision:
    """What is stored: the verdict's record with the platform's own grounds, and where it applies."""

    person_id: int
    placement_id: int | None
    local_on: date | None
    record: dict[str, Any]
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

    Raises:
        Absent: there is no such case for this actor (a collector has those assigned to them), or the contact point is not its debtor's.
        PerformerMissing, ContactTimeImplausible, RequestReused: see their texts.

    Guarantees: requests for one debtor are decided one after the other, over all performers of the creditor, so that the day's
        slots are never overdrawn; a refusal names all reasons; where the rules contradict each other or have no value the contact is
        refused; the stored explanation holds nothing personal.
    """
    request = _Request(_performer(actor, performer_id), case_id, channel, contact_at, client_request_id, contact_point_id)
    if not now() - CLOCK_TOLERANCE <= contact_at <= now() + AHEAD_MAX:
        raise ContactTimeImplausible(contact_at=contact_at.isoformat(), now=now().isoformat())
    with acting(actor), connection.cursor() as cursor:
        known = _known(cursor, creditor_id=actor.creditor_id, request=request)
        point = _point(actor, known, request=request)
        if known.earlier_kind is not None:
            return _earlier(known, request=request)
        return _store(cursor, actor=actor, request=request, decision=_decide(known, request=request, point=point))


@lru_cache(maxsize=64)
def packs_of(names: tuple[str, ...]) -> tuple[Pack, ...]:
    """Return the rule packs of these names, loaded once."""
    return tuple(shipped_pack(name) for name in names)


def _performer(actor: Actor, performer_id: int | None) -> int:
    if actor.agency_id is not None:
        return actor.agency_id
    if performer_id is None:
        raise PerformerMissing
    return performer_id


def _known(cursor: Any, *, creditor_id: int, request: _Request) -> _Known:
    """Lock the debtor and gather all that the decision depends on, in one statement."""
    day = request.contact_at.astimezone(UTC).date()
    cursor.execute(_FACTS, [creditor_id, request.case_id, request.performer_id, request.client_request_id, day])
    row = cursor.fetchone()
    if row is None:
        raise Absent(entity="case")
    known = _Known(*row)
    return known._replace(packs=tuple(_parsed(known.packs)), days=_parsed(known.days))


def _point(actor: Actor, known: _Known, *, request: _Request) -> ContactPoint | None:
    """Return the number or address that is to be used; another debtor's is absent, for a permit counts for the debtor whose number is dialled."""
    if request.contact_point_id is None:
        return None
    own = ContactPoint.objects.filter(creditor_id=actor.creditor_id, person_id=known.person_id, pk=request.contact_point_id)
    point = own.only("kind", "whose", "valid_from_on", "valid_until_on").first()
    if point is None:
        raise Absent(entity="contact point")
    return point


def _parsed(value: Any) -> Any:
    """Return a JSON column's value, whether or not the driver has parsed it."""
    return json.loads(value) if isinstance(value, str) else value


def _earlier(known: _Known, *, request: _Request) -> Answer:
    if known.earlier_hash != content_hash(request.content):
        raise RequestReused(client_request_id=request.client_request_id)
    explanation = _parsed(known.earlier_explanation)
    return Answer(str(known.earlier_kind), known.earlier_id, explanation, known.valid_until_at, known.next_allowed_at)


def _decide(known: _Known, *, request: _Request, point: ContactPoint | None) -> _Decision:
    if known.performer_kind is None:
        raise PerformerMissing
    day = known.days[ContactFacts(request.channel, request.contact_at, known.zone, known.person_id).local_on.isoformat()]
    facts = ContactFacts(
        channel=request.channel,
        at=request.contact_at,
        zone=known.zone,
        person_key=known.person_id,
        known={"call_slots_held_count": day["held_count"]},
        performer_kind=grounds.RULE_KINDS[known.performer_kind],
        lender_class=known.lender_class,
        product_class=known.product_class,
    )
    is_placed_here = known.open_agency_id == request.performer_id
    own = grounds.find(
        has_rules=bool(known.packs),
        is_case_closed=known.is_case_closed,
        is_performer_closed=known.is_performer_closed,
        performer_kind=known.performer_kind,
        is_placed_elsewhere=known.open_agency_id is not None and not is_placed_here,
        is_placed_here=is_placed_here,
        hold_kinds=day["hold_kinds"],
    )
    if point is not None:
        span = (point.valid_from_on, point.valid_until_on)
        own += grounds.of_point(kind=point.kind, whose=point.whose, span=span, channel=request.channel, on=facts.local_on)
    try:
        verdict = decide(facts, packs=packs_of(known.packs), as_of=facts.local_on)
    except (RuleConflict, NoValueInForce) as undecided:
        own.append(grounds.undecided(undecided))
        verdict = Verdict(
            allowed=False, reasons=(), warnings=(), as_of=facts.local_on, facts=facts, next_allowed_at=None, packs=(), checked=()
        )
    record = verdict.to_record() | {"allowed": verdict.allowed and not own, "grounds": [ground.record() for ground in own]}
    is_allowed = record["allowed"]
    return _Decision(
        person_id=known.person_id,
        placement_id=known.placement_id if is_placed_here else None,
        local_on=facts.local_on if facts.is_zone_known else None,
        record=record,
        codes=[reason.code for reason in verdict.reasons] + [ground.code for ground in own],
        valid_until_at=_valid_until(facts, verdict=verdict) if is_allowed else None,
        next_allowed_at=None if own else verdict.next_allowed_at,
    )


def _valid_until(facts: ContactFacts, *, verdict: Verdict) -> datetime:
    """Return the end of the permit: its lifetime, or the last minute before a rule would refuse."""
    end = facts.at + PERMIT_LIFETIME
    while end > facts.at:
        later = replace(facts, at=end)
        if later.local_day == facts.local_day and decide(later, packs=verdict.packs, as_of=later.local_on).allowed:
            return end
        end -= timedelta(minutes=1)
    return facts.at


def _store(cursor: Any, *, actor: Actor, request: _Request, decision: _Decision) -> Answer:
    """Store the answer with its event in the trail, in one statement."""
    kind = "permit" if decision.record["allowed"] else "refusal"
    explanation, request_hash, decided_at = canonical_bytes(decision.record), content_hash(request.content), now()
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
        "channel": request.channel,
        "contact_at": request.contact_at,
        "local_on": decision.local_on,
        "decided_at": decided_at,
        "explanation": decision.record,
    }
    if kind == "permit":
        row |= {"valid_until_at": decision.valid_until_at}
    else:
        row |= {"next_allowed_at": decision.next_allowed_at, "codes": decision.codes}
    details = canonical_bytes({"request_hash": request_hash, "explanation_hash": hashlib.sha256(explanation).hexdigest()}).decode()
    stored = json.dumps(row, ensure_ascii=False, default=_iso)
    cursor.execute(_GIVE, [actor.creditor_id, kind, stored, decided_at, details])
    return Answer(kind, cursor.fetchone()[0], decision.record, decision.valid_until_at, decision.next_allowed_at)


def _iso(value: date) -> str:
    return value.isoformat()

"""Asking for a permit: `permit_request` is the gate.
 It locks the debtor, gathers the facts over all performers, decides, and stores a permit or a
refusal with its explanation, in one transaction. The order of locks is docs/house.md's; the decision is docs/algorithms/permit.md.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from django.db import connection

from duecourse.contact.errors import ContactTimeImplausible, PerformerMissing, RequestReused
from duecourse.contact.services import grounds
from duecourse.kit.clock import now
from duecourse.kit.errors import Absent
from duecourse.kit.ids import content_hash
from duecourse.ledger.services import audit_append
from duecourse.parties.access import Actor, acting
from duecourse.rules.decide import decide
from duecourse.rules.errors import NoValueInForce, RuleConflict
from duecourse.rules.facts import ContactFacts
from duecourse.rules.form import Pack
from duecourse.rules.load import shipped_pack
from duecourse.rules.verdict import Verdict

PERMIT_LIFETIME = timedelta(minutes=10)
CLOCK_TOLERANCE = timedelta(minutes=5)
AHEAD_MAX = timedelta(days=1)

_CONTEXT = """
SELECT cr.lender_class, cr.packs, c.open_agency_id, c.closed_on IS NOT NULL, coalesce(a.product_class, ''), pf.kind,
       pf.closed_on IS NOT NULL, pl.id
FROM portfolio_case c
JOIN parties_creditor cr ON cr.id = c.creditor_id
JOIN parties_agency pf ON pf.creditor_id = c.creditor_id AND pf.id = %(performer)s
LEFT JOIN placement_placement pl ON pl.creditor_id = c.creditor_id AND pl.case_id = c.id AND upper_inf(pl.during)
LEFT JOIN LATERAL (
    SELECT min(acc.product_class) AS product_class FROM portfolio_caseaccount ca
    JOIN portfolio_account acc ON acc.creditor_id = ca.creditor_id AND acc.id = ca.account_id
    WHERE ca.creditor_id = c.creditor_id AND ca.case_id = c.id AND ca.until_on IS NULL
) a ON true
WHERE c.creditor_id = %(creditor)s AND c.id = %(case)s
"""

_EARLIER = """
SELECT 'permit', id, request_hash, explanation, valid_until_at, NULL::timestamptz FROM contact_permit
WHERE creditor_id = %(creditor)s AND performer_id = %(performer)s AND client_request_id = %(request)s
UNION ALL
SELECT 'refusal', id, request_hash, explanation, NULL, next_allowed_at FROM contact_refusal
WHERE creditor_id = %(creditor)s AND performer_id = %(performer)s AND client_request_id = %(request)s
"""

_COLUMNS = (
    "creditor_id, performer_id, client_request_id, request_hash, person_id, case_id, contact_point_id, placement_id, user_id,"
    " channel, contact_at, local_on, decided_at, explanation"
)


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

    def hash(self) -> str:
        return content_hash([self.case_id, self.channel, self.contact_at, self.contact_point_id])


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
        Absent: there is no such case for this actor.
        PerformerMissing, ContactTimeImplausible, RequestReused: see their texts.

    Guarantees: requests for one debtor are decided one after the other, over all performers of the creditor, so that the day's
        slots are never overdrawn; a refusal names all reasons; where the rules contradict each other or have no value the contact is
        refused; the stored explanation holds nothing personal.
    """
    request = _Request(_performer(actor, performer_id), case_id, channel, contact_at, client_request_id, contact_point_id)
    if not now() - CLOCK_TOLERANCE <= contact_at <= now() + AHEAD_MAX:
        raise ContactTimeImplausible(contact_at=contact_at.isoformat(), now=now().isoformat())
    with acting(actor), connection.cursor() as cursor:
        cursor.execute("SELECT person_id, zone FROM gate.debtor_lock(%s, %s)", [actor.creditor_id, case_id])
        locked = cursor.fetchone()
        if locked is None:
            raise Absent(entity="case")
        earlier = _earlier(cursor, actor=actor, request=request)
        if earlier is not None:
            return earlier
        decision = _decide(cursor, actor=actor, request=request, person_id=locked[0], zone=locked[1])
        return _store(cursor, actor=actor, request=request, decision=decision)


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


def _earlier(cursor: Any, *, actor: Actor, request: _Request) -> Answer | None:
    cursor.execute(
        _EARLIER, {"creditor": actor.creditor_id, "performer": request.performer_id, "request": request.client_request_id}
    )
    row = cursor.fetchone()
    if row is None:
        return None
    kind, answer_id, request_hash, explanation, valid_until_at, next_allowed_at = row
    if request_hash != request.hash():
        raise RequestReused(client_request_id=request.client_request_id)
    record = json.loads(explanation) if isinstance(explanation, str) else explanation
    return Answer(kind, answer_id, record, valid_until_at, next_allowed_at)


def _decide(cursor: Any, *, actor: Actor, request: _Request, person_id: int, zone: str | None) -> _Decision:
    cursor.execute(
        _CONTEXT, {"creditor": actor.creditor_id, "performer": request.performer_id, "case": request.case_id}
    )
    row = cursor.fetchone()
    if row is None:
        raise PerformerMissing
    lender_class, packs, open_agency_id, is_closed, product_class, performer_kind, performer_closed, placement_id = row
    before = ContactFacts(request.channel, request.contact_at, zone, person_id, 0)
    cursor.execute(
        "SELECT call_slots_held_count, hold_kinds FROM gate.permit_facts(%s, %s, %s)",
        [actor.creditor_id, person_id, before.local_on],
    )
    held_count, hold_kinds = cursor.fetchone()
    facts = ContactFacts(
        channel=request.channel,
        at=request.contact_at,
        zone=zone,
        person_key=person_id,
        call_slots_held_count=held_count,
        performer_kind=grounds.RULE_KINDS[performer_kind],
        lender_class=lender_class,
        product_class=product_class,
    )
    names = tuple(json.loads(packs) if isinstance(packs, str) else packs)
    own = grounds.find(
        has_rules=bool(names),
        is_case_closed=is_closed,
        is_performer_closed=performer_closed,
        performer_kind=performer_kind,
        is_placed_elsewhere=open_agency_id is not None and open_agency_id != request.performer_id,
        is_placed_here=open_agency_id == request.performer_id,
        hold_kinds=hold_kinds,
    )
    try:
        verdict = decide(facts, packs=packs_of(names), as_of=facts.local_on)
    except (RuleConflict, NoValueInForce) as undecided:
        own.append(grounds.undecided(undecided))
        verdict = Verdict(allowed=False, reasons=(), warnings=(), as_of=facts.local_on, facts=facts, next_allowed_at=None, packs=(), checked=())
    record = verdict.to_record() | {"allowed": verdict.allowed and not own, "grounds": [ground.record() for ground in own]}
    is_allowed = record["allowed"]
    return _Decision(
        person_id=person_id,
        placement_id=placement_id if open_agency_id == request.performer_id else None,
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
        later = ContactFacts(facts.channel, end, facts.zone, facts.person_key, facts.call_slots_held_count,
                             facts.performer_kind, facts.lender_class, facts.product_class)  # fmt: skip
        if later.local_day == facts.local_day and decide(later, packs=verdict.packs, as_of=later.local_on).allowed:
            return end
        end -= timedelta(minutes=1)
    return facts.at


def _store(cursor: Any, *, actor: Actor, request: _Request, decision: _Decision) -> Answer:
    is_allowed = decision.record["allowed"]
    kind = "permit" if is_allowed else "refusal"
    values = [
        actor.creditor_id,
        request.performer_id,
        request.client_request_id,
        request.hash(),
        decision.person_id,
        request.case_id,
        request.contact_point_id,
        decision.placement_id,
        actor.user_id,
        request.channel,
        request.contact_at,
        decision.local_on,
        now(),
        json.dumps(decision.record),
    ]
    marks = ", ".join(["%s"] * len(values))
    if is_allowed:
        cursor.execute(
            f"INSERT INTO contact_permit ({_COLUMNS}, valid_until_at) VALUES ({marks}, %s) RETURNING id",
            [*values, decision.valid_until_at],
        )
    else:
        cursor.execute(
            f"INSERT INTO contact_refusal ({_COLUMNS}, next_allowed_at, codes) VALUES ({marks}, %s, %s) RETURNING id",
            [*values, decision.next_allowed_at, json.dumps(decision.codes)],
        )
    answer_id = cursor.fetchone()[0]
    audit_append(
        creditor_id=actor.creditor_id,
        action=f"{kind}_given",
        subject_kind=kind,
        subject_id=answer_id,
        details={"request_hash": request.hash(), "explanation_hash": content_hash(decision.record)},
    )
    return Answer(kind, answer_id, decision.record, decision.valid_until_at, decision.next_allowed_at)

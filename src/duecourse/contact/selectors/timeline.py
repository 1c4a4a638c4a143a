"""Everything that happened to a case, in one order: what came in, who had it, who asked and called, what was paid, promised, disputed, looked at.

An event stands at the instant at which the house learned of it; days of its own (paid, due, effective) stand beside. The database shows an
agency's people what is theirs; the books and the trail are not, so this is a page of the creditor's side.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from duecourse.ledger.selectors.rows import dicts
from duecourse.parties.access import Actor
from duecourse.portfolio.selectors import access_case

GROUPS: Mapping[str, tuple[str, ...]] = {
    "intake": ("tape", "case"),
    "age": ("bucket",),
    "placement": ("placement", "move"),
    "contact": ("permit", "refusal", "attempt"),
    "money": ("payment",),
    "promise": ("promise", "promise_outcome"),
    "care": ("dispute", "dispute_closed", "complaint"),
    "hold": ("hold", "hold_lifted", "pause"),
    "look": ("look",),
}
"""The kinds of events by the group a reader chooses."""

_EVENTS: Mapping[str, str] = {
    "tape": """
        SELECT t.known_at AS at, r.id, jsonb_build_object('account', a.number, 'currency', a.currency, 'balance_minor', r.balance_minor,
            'as_of', t.as_of, 'feed_kind', t.feed_kind, 'row_number', r.row_number, 'days_past_due', r.days_past_due) AS facts, NULL::bigint AS user_id
        FROM portfolio_taperow r
        JOIN portfolio_tape t ON t.creditor_id = r.creditor_id AND t.id = r.tape_id AND t.state = 'published'
        JOIN portfolio_account a ON a.creditor_id = r.creditor_id AND a.id = r.account_id
        WHERE r.creditor_id = %(creditor)s AND r.account_id = ANY(%(accounts)s::bigint[])""",
    "case": """
        SELECT t.known_at, t.id, jsonb_build_object('status', t.status, 'reason', t.reason, 'effective_on', t.effective_on), t.actor_id
        FROM portfolio_casetransition t WHERE t.creditor_id = %(creditor)s AND t.case_id = %(case)s""",
    "bucket": """
        SELECT s.known_at, s.id, jsonb_build_object('account', a.number, 'bucket', s.bucket, 'before', s.before, 'as_of', s.as_of,
            'days_past_due', s.days_past_due, 'currency', s.currency, 'balance_minor', s.balance_minor), NULL
        FROM (SELECT s.*, lag(s.bucket) OVER (PARTITION BY s.account_id ORDER BY s.as_of, s.id) AS before FROM portfolio_snapshot s
              WHERE s.creditor_id = %(creditor)s AND s.account_id = ANY(%(accounts)s::bigint[])) s
        JOIN portfolio_account a ON a.creditor_id = s.creditor_id AND a.id = s.account_id
        WHERE s.before IS DISTINCT FROM s.bucket""",
    "placement": """
        SELECT t.known_at, t.id, jsonb_build_object('status', t.status, 'reason_code', t.reason_code, 'reason', t.reason,
            'effective_on', t.effective_on, 'last_on', t.last_on, 'hand', p.hand, 'agency', g.name, 'batch', b.code, 'batch_id', b.id,
            'move_set_id', t.move_set_id, 'placed_minor', p.placed_minor, 'currency', p.currency, 'term_until_on', p.term_until_on), t.actor_id
        FROM placement_placement p
        JOIN placement_placementtransition t ON t.creditor_id = p.creditor_id AND t.placement_id = p.id
        JOIN parties_agency g ON g.creditor_id = p.creditor_id AND g.id = p.agency_id
        JOIN placement_batch b ON b.creditor_id = p.creditor_id AND b.id = p.batch_id
        WHERE p.creditor_id = %(creditor)s AND p.case_id = %(case)s""",
    "move": """
        SELECT s.known_at, m.id, jsonb_build_object('kind', s.kind, 'reason_code', s.reason_code, 'state', s.state, 'move_set_id', s.id,
            'verdict', m.verdict, 'outcome', m.outcome, 'as_of', s.as_of), s.requested_by
        FROM placement_placementmove m JOIN placement_placementmoveset s ON s.creditor_id = m.creditor_id AND s.id = m.move_set_id
        WHERE m.creditor_id = %(creditor)s AND m.case_id = %(case)s AND s.state IN ('requested', 'rejected', 'withdrawn', 'undone')""",
    "permit": """
        SELECT p.decided_at, p.id, jsonb_build_object('performer', g.name, 'channel', p.channel, 'contact_at', p.contact_at,
            'valid_until_at', p.valid_until_at), p.user_id
        FROM contact_permit p JOIN parties_agency g ON g.creditor_id = p.creditor_id AND g.id = p.performer_id
        WHERE p.creditor_id = %(creditor)s AND p.person_id = %(person)s AND p.case_id = %(case)s""",
    "refusal": """
        SELECT r.decided_at, r.id, jsonb_build_object('performer', g.name, 'channel', r.channel, 'contact_at', r.contact_at, 'codes', r.codes,
            'next_allowed_at', r.next_allowed_at, 'citations', jsonb_path_query_array(r.explanation, '$.reasons[*].citations[*]'),
            'sources', jsonb_path_query_array(r.explanation, '$.grounds[*].source')), r.user_id
        FROM contact_refusal r JOIN parties_agency g ON g.creditor_id = r.creditor_id AND g.id = r.performer_id
        WHERE r.creditor_id = %(creditor)s AND r.person_id = %(person)s AND r.case_id = %(case)s""",
    "attempt": """
        SELECT a.started_at, a.id, jsonb_build_object('performer', g.name, 'channel', p.channel, 'outcome', a.outcome,
            'is_connected', a.is_connected, 'talk_seconds', a.talk_seconds, 'permit_id', p.id, 'reported_at', a.reported_at), coalesce(p.made_by, p.user_id)
        FROM contact_permit p JOIN contact_attempt a ON a.creditor_id = p.creditor_id AND a.permit_id = p.id AND a.local_on = p.local_on
        JOIN parties_agency g ON g.creditor_id = p.creditor_id AND g.id = p.performer_id
        WHERE p.creditor_id = %(creditor)s AND p.person_id = %(person)s AND p.case_id = %(case)s""",
    "payment": """
        SELECT m.known_at, m.id, jsonb_build_object('account', a.number, 'payment_id', y.id, 'external_ref', y.external_ref, 'how', m.how,
            'amount_minor', y.amount_minor, 'currency', y.currency, 'paid_on', y.paid_on, 'booked_on', y.booked_on), NULL
        FROM repayment_paymentmatch m JOIN repayment_payment y ON y.creditor_id = m.creditor_id AND y.id = m.payment_id
        JOIN portfolio_account a ON a.creditor_id = m.creditor_id AND a.id = m.account_id
        WHERE m.creditor_id = %(creditor)s AND m.account_id = ANY(%(accounts)s::bigint[])""",
    "promise": """
        SELECT p.known_at, p.id, jsonb_build_object('account', a.number, 'amount_minor', p.amount_minor, 'currency', p.currency,
            'made_on', p.made_on, 'due_on', p.due_on, 'source_kind', p.source_kind), NULL
        FROM repayment_promise p JOIN portfolio_account a ON a.creditor_id = p.creditor_id AND a.id = p.account_id
        WHERE p.creditor_id = %(creditor)s AND p.case_id = %(case)s""",
    "promise_outcome": """
        SELECT o.known_at, o.id, jsonb_build_object('outcome', o.outcome, 'paid_minor', o.paid_minor, 'amount_minor', p.amount_minor,
            'currency', p.currency, 'due_on', p.due_on, 'judged_on', o.judged_on), NULL
        FROM repayment_promise p JOIN repayment_promiseoutcome o ON o.creditor_id = p.creditor_id AND o.promise_id = p.id
        WHERE p.creditor_id = %(creditor)s AND p.case_id = %(case)s""",
    "dispute": """
        SELECT d.known_at, d.id, jsonb_build_object('account', a.number, 'kind', d.kind, 'external_ref', d.external_ref,
            'received_on', d.received_on, 'closed_on', d.closed_on), NULL
        FROM care_dispute d JOIN portfolio_account a ON a.creditor_id = d.creditor_id AND a.id = d.account_id
        WHERE d.creditor_id = %(creditor)s AND d.case_id = %(case)s""",
    "dispute_closed": """
        SELECT e.at, e.id, jsonb_build_object('kind', d.kind, 'external_ref', d.external_ref, 'closed_on', d.closed_on), e.actor_id
        FROM care_dispute d JOIN ledger_auditevent e ON e.creditor_id = d.creditor_id AND e.subject_kind = 'dispute' AND e.subject_id = d.id
            AND e.action = 'dispute_closed'
        WHERE d.creditor_id = %(creditor)s AND d.case_id = %(case)s""",
    "complaint": """
        SELECT c.known_at, c.id, jsonb_build_object('kind', c.kind, 'external_ref', c.external_ref, 'received_on', c.received_on,
            'due_on', c.due_on, 'closed_on', c.closed_on, 'agency', g.name), NULL
        FROM care_complaint c LEFT JOIN parties_agency g ON g.creditor_id = c.creditor_id AND g.id = c.agency_id
        WHERE c.creditor_id = %(creditor)s AND c.case_id = %(case)s""",
    "hold": """
        SELECT h.known_at, h.id, jsonb_build_object('kind', h.kind, 'from_on', h.from_on, 'until_on', h.until_on,
            'stops_contact', h.stops_contact, 'stops_placement', h.stops_placement, 'source_kind', h.source_kind), NULL
        FROM portfolio_hold h WHERE h.creditor_id = %(creditor)s AND h.person_id = %(person)s""",
    "hold_lifted": """
        SELECT e.at, e.id, e.details || jsonb_build_object('action', e.action), e.actor_id FROM ledger_auditevent e
        WHERE e.creditor_id = %(creditor)s AND e.subject_kind = 'person' AND e.subject_id = %(person)s
          AND e.action IN ('hold_lifted', 'stops_lifted')""",
    "pause": """
        SELECT p.known_at, p.id, jsonb_build_object('account', a.number, 'kind', p.kind, 'from_on', p.from_on, 'until_on', p.until_on), NULL
        FROM portfolio_pause p JOIN portfolio_account a ON a.creditor_id = p.creditor_id AND a.id = p.account_id
        WHERE p.creditor_id = %(creditor)s AND p.account_id = ANY(%(accounts)s::bigint[])""",
    "look": """
        SELECT e.at, e.id, e.details || jsonb_build_object('agency_id', e.agency_id), e.actor_id FROM ledger_auditevent e
        WHERE e.creditor_id = %(creditor)s AND e.subject_kind = 'person' AND e.subject_id = %(person)s AND e.action = 'person_revealed'""",
}
_RANKS = {kind: rank for rank, kind in enumerate(_EVENTS)}
"""The order of events that share an instant: a file comes in, a case opens, it is aged, placed, asked for, called …"""

_ACCOUNTS = "SELECT DISTINCT account_id FROM portfolio_caseaccount WHERE creditor_id = %(creditor)s AND case_id = %(case)s"
_USERS = "SELECT id, display_name FROM parties_user WHERE id = ANY(%(users)s::bigint[])"


@dataclass(frozen=True, slots=True)
class TimelinePage:
    """A part of a case's story, newest first.

    Attributes:
        events: dicts with at, kind, id, facts (by kind), user_id (0 the system, below zero a program) and user_name.
        after: what the next part begins behind, '' on the last.
    """

    events: list[dict[str, Any]]
    after: str


def case_timeline(*, actor: Actor, case_id: int, groups: Collection[str] = (), after: str = "", limit: int = 40) -> TimelinePage:
    """Return what happened to a case and its debtor, newest first.

    Args:
        actor: somebody on the creditor's side.
        case_id: the case.
        groups: keys of GROUPS; none of them means all.
        after: the `after` of the part before; what cannot be read begins at the newest.
        limit: at most so many events.

    Raises:
        CaseMissing: there is no such case for this actor.

    Guarantees: the parts together hold every event once, however many share an instant.
    """
    case = access_case(actor, case_id)
    wanted: dict[str, Any] = {"creditor": actor.creditor_id, "case": case_id, "person": case.person_id, "limit": limit + 1}
    wanted["accounts"] = [row["account_id"] for row in dicts(_ACCOUNTS, **wanted)]
    kinds = [kind for group in GROUPS for kind in GROUPS[group] if group in groups] or list(_EVENTS)
    place = _place(after)
    behind = "WHERE (at, rank, id) < (%(at)s, %(rank)s, %(id)s)" if place else ""
    if place:
        wanted |= dict(zip(("at", "rank", "id"), place, strict=True))
    found = dicts(_union(kinds, behind), **wanted)
    names = _names({row["user_id"] for row in found if row["user_id"]})
    events = [row | {"user_name": names.get(row["user_id"], "")} for row in found[:limit]]
    last = events[-1] if len(found) > limit else None
    return TimelinePage(events, f"{last['at'].isoformat()}~{last['kind']}~{last['id']}" if last else "")


def _union(kinds: Collection[str], behind: str, /) -> str:
    """Return the query over these kinds of events; only texts of this module are in it."""
    event = "(at, kind, rank, id, facts, user_id)"
    parts = [
        f"SELECT q.at, '{kind}'::text, {_RANKS[kind]}, q.id, q.facts, q.user_id::bigint FROM ({_EVENTS[kind]}) AS q (at, id, facts, user_id)"  # noqa: S608
        for kind in kinds
    ]
    union = " UNION ALL ".join(parts)
    return f"SELECT * FROM ({union}) AS event {event} {behind} ORDER BY at DESC, rank DESC, id DESC LIMIT %(limit)s"  # noqa: S608


def _names(user_ids: set[int]) -> dict[int, str]:
    found = dicts(_USERS, users=sorted(user_ids)) if user_ids else []
    return {row["id"]: row["display_name"] for row in found}


def _place(after: str) -> tuple[datetime, int, int] | None:
    """Return where a part begins, or None when the text is none of ours."""
    at, _, rest = after.partition("~")
    kind, _, number = rest.partition("~")
    if kind not in _EVENTS or not number.isascii() or not number.isdecimal() or len(number) > 18:
        return None
    try:
        instant = datetime.fromisoformat(at)
    except ValueError:
        return None
    return (instant, _RANKS[kind], int(number)) if instant.tzinfo else None

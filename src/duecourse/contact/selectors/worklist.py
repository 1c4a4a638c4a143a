"""A collector's list, best case first, and the one screen of a case; row-level security decides which cases there are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pyarrow as pa
from django.db import connection

from duecourse.contact.services.grounds import RULE_KINDS
from duecourse.contact.services.known import packs_of, papers_binding, parsed
from duecourse.contact.services.papers import overlays_of
from duecourse.kit.calendar import days_anywhere
from duecourse.kit.errors import Absent
from duecourse.ledger.selectors.rows import dicts, frame
from duecourse.parties.access import Actor
from duecourse.placement.selectors import ATTEMPTED, policies_on
from duecourse.portfolio.selectors import case_page
from duecourse.rules.decide import decide
from duecourse.rules.errors import NoValueInForce, RuleConflict, UnknownParameter
from duecourse.rules.facts import ContactFacts
from duecourse.rules.form import Overlay
from duecourse.rules.verdict import Verdict

WHYS = ("promise_due", "first_contact", "expected", "stopped")
"""Why a case stands where it stands, in the order of the list."""
SHOWN_MAX = 1_000
_LIMIT_NAME = "connected_calls_max_count"

_MINE = """
SELECT p.case_id, pe.zone, p.placed_minor, p.currency, p.term_until_on, b.contract_id, b.code AS batch_code,
       p.days_past_due + (%(on)s::date - b.placed_on) AS days_past_due, (lower(p.during) AT TIME ZONE cr.zone)::date AS began_on,
       coalesce(s.balance_minor, p.placed_minor) AS balance_minor, q.due_on AS promise_on, q.amount_minor AS promise_minor, k.last_at, coalesce(r.place, 0) AS place,
       EXISTS (SELECT 1 FROM portfolio_hold h WHERE h.creditor_id = p.creditor_id AND h.person_id = c.person_id AND h.stops_contact
           AND h.from_on <= %(on)s AND (h.until_on IS NULL OR h.until_on > %(on)s)) AS is_stopped,
       CASE WHEN v.contracted_fields ? 'account_number' THEN (
           SELECT min(a.number) FROM placement_placementaccount pa
           JOIN portfolio_account a ON a.creditor_id = pa.creditor_id AND a.id = pa.account_id
           WHERE pa.creditor_id = p.creditor_id AND pa.placement_id = p.id) END AS account_number
FROM placement_caseassignment x
JOIN placement_placement p ON p.creditor_id = x.creditor_id AND p.id = x.placement_id AND upper_inf(p.during)
JOIN placement_batch b ON b.creditor_id = p.creditor_id AND b.id = p.batch_id
JOIN parties_contractversion v ON v.creditor_id = p.creditor_id AND v.id = p.contract_version_id
JOIN portfolio_case c ON c.creditor_id = p.creditor_id AND c.id = p.case_id
JOIN portfolio_person pe ON pe.creditor_id = c.creditor_id AND pe.id = c.person_id
JOIN parties_creditor cr ON cr.id = p.creditor_id
LEFT JOIN gate.expected_ranks(%(creditor)s) r ON r.case_id = p.case_id
LEFT JOIN LATERAL (
    SELECT sum(n.balance_minor)::bigint AS balance_minor FROM portfolio_caseaccount ca
    JOIN LATERAL (SELECT n.balance_minor FROM portfolio_snapshot n WHERE n.creditor_id = ca.creditor_id AND n.account_id = ca.account_id
        ORDER BY n.as_of DESC, n.id DESC LIMIT 1) n ON true
    WHERE ca.creditor_id = p.creditor_id AND ca.case_id = p.case_id AND ca.until_on IS NULL) s ON true
LEFT JOIN LATERAL (
    SELECT q.due_on, q.amount_minor FROM repayment_promise q
    WHERE q.creditor_id = p.creditor_id AND q.case_id = p.case_id AND NOT EXISTS (
        SELECT 1 FROM repayment_promiseoutcome o WHERE o.creditor_id = q.creditor_id AND o.promise_id = q.id)
    ORDER BY q.due_on LIMIT 1) q ON true
LEFT JOIN LATERAL (
    SELECT max(a.started_at) AS last_at FROM contact_permit m JOIN contact_attempt a ON a.permit_id = m.id AND a.local_on = m.local_on
    WHERE m.creditor_id = p.creditor_id AND m.person_id = c.person_id AND m.case_id = p.case_id AND m.contact_at >= lower(p.during)) k ON true
WHERE x.creditor_id = %(creditor)s AND x.user_id = %(user)s AND x.until_at IS NULL
ORDER BY p.case_id LIMIT %(limit)s
"""

_ATTEMPTED = """
SELECT DISTINCT m.case_id, m.local_on FROM contact_permit m JOIN contact_attempt a ON a.permit_id = m.id AND a.local_on = m.local_on
WHERE m.creditor_id = %(creditor)s AND m.performer_id = %(agency)s AND m.local_on <= %(on)s
"""

_TODAY = """
SELECT count(*) AS call_count, count(*) FILTER (WHERE a.is_connected) AS connected_count,
       count(*) FILTER (WHERE a.outcome = 'promise') AS promise_count
FROM contact_permit m JOIN contact_attempt a ON a.permit_id = m.id AND a.local_on = m.local_on AND a.local_on >= %(first_on)s
WHERE m.creditor_id = %(creditor)s AND m.local_on >= %(first_on)s AND m.performer_id = %(agency)s AND (%(user)s::bigint IS NULL OR coalesce(m.made_by, m.user_id) = %(user)s)
  AND m.contact_at >= %(since)s AND m.channel = 'call'
"""

_HISTORY = """
SELECT * FROM (
    SELECT 'call' AS kind, m.contact_at AS at, m.id AS number, m.channel, a.outcome AS code, a.talk_seconds, a.note_codes, NULL::jsonb AS codes,
           NULL::bigint AS amount_minor, NULL::date AS due_on, coalesce(u.display_name, '') AS name
    FROM contact_permit m LEFT JOIN contact_attempt a ON a.permit_id = m.id AND a.local_on = m.local_on LEFT JOIN parties_user u ON u.id = coalesce(m.made_by, m.user_id)
    WHERE m.creditor_id = %(creditor)s AND m.person_id = %(person)s AND m.case_id = %(case)s AND m.performer_id = %(agency)s
    UNION ALL
    SELECT 'refusal', r.contact_at, r.id, r.channel, NULL, NULL, NULL, r.codes, NULL, NULL, coalesce(u.display_name, '')
    FROM contact_refusal r LEFT JOIN parties_user u ON u.id = coalesce(r.made_by, r.user_id)
    WHERE r.creditor_id = %(creditor)s AND r.case_id = %(case)s AND r.performer_id = %(agency)s
    UNION ALL
    SELECT 'promise', q.known_at, q.id, '', coalesce(o.outcome, 'open'), NULL, NULL, NULL, q.amount_minor, q.due_on, ''
    FROM repayment_promise q LEFT JOIN repayment_promiseoutcome o ON o.creditor_id = q.creditor_id AND o.promise_id = q.id
    WHERE q.creditor_id = %(creditor)s AND q.case_id = %(case)s AND q.known_at >= %(began)s
) found ORDER BY at DESC, number DESC LIMIT 50
"""

_PLACED = """
SELECT p.id AS placement_id, p.batch_id, b.code AS batch_code, p.hand, p.term_until_on, p.placed_minor, p.currency, lower(p.during) AS began_at,
       v.contracted_fields, x.user_id, coalesce(u.display_name, '') AS collector
FROM placement_placement p
JOIN placement_batch b ON b.creditor_id = p.creditor_id AND b.id = p.batch_id
JOIN parties_contractversion v ON v.creditor_id = p.creditor_id AND v.id = p.contract_version_id
LEFT JOIN placement_caseassignment x ON x.creditor_id = p.creditor_id AND x.placement_id = p.id AND x.until_at IS NULL
LEFT JOIN parties_user u ON u.id = x.user_id
WHERE p.creditor_id = %(creditor)s AND p.agency_id = %(agency)s AND p.case_id = %(case)s AND upper_inf(p.during)
"""


_COUNTED = "SELECT * FROM gate.calls_today(%(creditor)s, %(cases)s::bigint[], %(days)s::date[])"


@dataclass(frozen=True, slots=True)
class CallsToday:
    """What the debtor's day holds already, over the creditor and all its performers.

    Attributes:
        held_count: connected calls, and permits whose outcome is not reported.
        connected_count: connected calls alone.
        limit_count: how many rules and papers allow, or None where nothing sets a number.
        verdict: what rules and papers would say to a call at this instant; holds and authority are not in it. None where they cannot decide.
    """

    held_count: int
    connected_count: int
    limit_count: int | None
    verdict: Verdict | None

    @property
    def is_used_up(self) -> bool:
        """Whether no call is left on the debtor's day."""
        return self.limit_count is not None and self.held_count >= self.limit_count


def worklist(*, actor: Actor, on: date) -> list[dict[str, Any]]:
    """Return the cases assigned to the actor as dicts, the next best first, each with `why` and what is behind it.

    First promises that are due or overdue and not judged, the oldest first; then cases that were never tried, by the last day for a first
    attempt; then the others in the order of what the creditor expects to recover (its numbers stay with it); last those under a stop of
    contact. At most `SHOWN_MAX` cases.
    """
    policies = policies_on(creditor_id=actor.creditor_id, on=on)
    rows = dicts(_MINE, creditor=actor.creditor_id, user=actor.user_id, on=on, limit=SHOWN_MAX)
    for row in rows:
        days = (policies.get(row["contract_id"]) or policies[None]).first_contact_days
        row["first_until_on"] = row["began_on"] + timedelta(days=days) if row["last_at"] is None else None
        row["why"], row["rank"] = _rank(row, on)
    return sorted(rows, key=lambda row: row["rank"])


def _rank(row: dict[str, Any], on: date) -> tuple[str, tuple[Any, ...]]:
    if row["is_stopped"]:
        return "stopped", (3, row["place"], row["case_id"])
    if row["promise_on"] is not None and row["promise_on"] <= on:
        return "promise_due", (0, row["promise_on"].toordinal(), -row["promise_minor"], row["case_id"])
    if row["first_until_on"] is not None:
        return "first_contact", (1, row["first_until_on"].toordinal(), row["place"], row["case_id"])
    return "expected", (2, row["place"], row["case_id"])


def attempted_frame(*, actor: Actor, on: date) -> pa.Table:
    """Return the days with an attempt of the actor's agency, up to a day, as placement's ATTEMPTED."""
    return frame(_ATTEMPTED, schema=ATTEMPTED, creditor=actor.creditor_id, agency=actor.agency_id, on=on)


def calls_made(*, actor: Actor, since: datetime) -> dict[str, int]:
    """Return how many calls were reported since an instant, how many connected and how many ended with a promise; a lead's agency's."""
    user = actor.user_id if actor.is_collector else None
    first_on, _ = days_anywhere(since, since)
    return dicts(_TODAY, creditor=actor.creditor_id, agency=actor.agency_id, user=user, since=since, first_on=first_on)[0]


def calls_today(*, actor: Actor, zones: Mapping[int, str | None], at: datetime) -> dict[int, CallsToday]:
    """Return, for each of several cases, what the debtor's local day holds already, and what the rules and papers say to a call at an instant.

    Args:
        actor: an agency's person; of cases that are not theirs nothing is told.
        zones: the debtors' zones by case.
        at: the instant.

    Guarantees: the limit is the gate's: of the packs, the creditor's policies, the agency's contract and the agreement with the debtor; the
        count is over the creditor and all its performers. However many cases there are, it asks the database once, and once more for papers
        that this process has not seen.
    """
    days = {case_id: ContactFacts("call", at, zone, 0).local_on for case_id, zone in zones.items()}
    rows = dicts(_COUNTED, creditor=actor.creditor_id, cases=list(days), days=list(days.values()))
    binding = {row["case_id"]: papers_binding(parsed(row["papers"]) or (), on=days[row["case_id"]]) for row in rows}
    wanted = sorted({paper for papers in binding.values() for paper in papers})
    with connection.cursor() as cursor:
        overlays = dict(zip(wanted, overlays_of(cursor, creditor_id=actor.creditor_id, papers=wanted), strict=True))
    return {row["case_id"]: _called(row, [overlays[paper] for paper in binding[row["case_id"]]], at=at) for row in rows}


def _called(row: dict[str, Any], overlays: list[Overlay], *, at: datetime) -> CallsToday:
    facts = ContactFacts(
        channel="call",
        at=at,
        zone=row["zone"],
        person_key=row["person_id"],
        known={"call_slots_held_count": row["held_count"]},
        performer_kind=RULE_KINDS[row["performer_kind"]],
        lender_class=row["lender_class"],
        product_class=row["product_class"],
    )
    counts = (row["held_count"], row["connected_count"])
    try:
        verdict = decide(facts, packs=packs_of(tuple(parsed(row["packs"]))), as_of=facts.local_on, layers=overlays)
    except (RuleConflict, NoValueInForce, UnknownParameter):
        return CallsToday(*counts, None, None)
    limits = [one.value for bound in verdict.checked for one in bound.effective if one.parameter.name == _LIMIT_NAME]
    return CallsToday(*counts, min(limits, default=None), verdict)


def work_case(*, actor: Actor, case_id: int) -> dict[str, Any]:
    """Return what an agency's person sees of a case: shortened values, and of them only those that the contract hands over.

    Returns:
        portfolio's `case_page` without what the contract does not name, with `placement`, `balances` by component, `days_past_due` and `history`
        (the agency's own calls and refusals, and promises made since the placement began).

    Raises:
        Absent: the case is not with the agency, or not with this collector.
    """
    shown = case_page(actor=actor, case_id=case_id)
    placed = dicts(_PLACED, creditor=actor.creditor_id, agency=actor.agency_id, case=case_id)
    if not placed:
        raise Absent(entity="case")
    fields = set(placed[0].pop("contracted_fields"))
    person = shown["person"]
    points = [_point(point, fields) for point in person.get("contact_points", ())]
    shown["person"] = {
        "id": person["id"],
        "zone": person["zone"],
        "is_erased": person["is_erased"],
        "name": person.get("name") if fields & {"name", "person_name"} else None,
        "identity_number": person.get("identity_number") if "id_number" in fields else None,
        "contact_points": [point for point in points if point["whose"] == "self"],
    }
    for account in shown["accounts"]:
        account["number"] = account["number"] if "account_number" in fields else None
    wanted = {"creditor": actor.creditor_id, "agency": actor.agency_id, "case": case_id, "person": person["id"]}
    history = dicts(_HISTORY, **wanted, began=placed[0]["began_at"])
    shown.pop("transitions")
    return shown | {"placement": placed[0], "fields": fields, "history": history, **_owed_money(shown["accounts"])}


def _point(point: dict[str, Any], fields: set[str]) -> dict[str, Any]:
    is_shown = point["kind"] in fields
    return {"id": point["id"], "kind": point["kind"], "whose": point["whose"], "value": point["value"] if is_shown else None}


def _owed_money(accounts: list[dict[str, Any]]) -> dict[str, Any]:
    known = [account["snapshot"] for account in accounts if account["snapshot"]]
    parts = {name: sum(row[f"{name}_minor"] for row in known) for name in ("principal", "interest", "fee", "penalty", "balance")}
    newest = max((row["as_of"] for row in known), default=None)
    return {"balances": parts, "days_past_due": max((row["days_past_due"] for row in known), default=None), "balance_on": newest}

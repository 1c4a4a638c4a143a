"""What an emergency stop would reach, counted before anybody decides: permits that are open now, cases, and how many contacts a day it ends."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from duecourse.kit.calendar import days_anywhere
from duecourse.ledger.selectors.rows import dicts
from duecourse.parties.access import Actor
from duecourse.parties.selectors import ENDS_SOON_DAYS

DAYS = 7
_WANTED = {
    "agency": "p.performer_id = %(agency)s",
    "collector": "%(user)s IN (p.user_id, p.made_by)",
    "channel": "p.channel = %(channel)s",
    "debtor": "p.person_id = %(person)s",
    "everything": "true",
}
_CASES = {
    "agency": "c.open_agency_id = %(agency)s",
    "collector": "EXISTS (SELECT 1 FROM placement_caseassignment x WHERE x.creditor_id = c.creditor_id AND x.case_id = c.id"
    " AND x.user_id = %(user)s AND x.until_at IS NULL)",
    "channel": "c.open_agency_id IS NOT NULL",
    "debtor": "c.person_id = %(person)s",
    "everything": "c.open_agency_id IS NOT NULL",
}
_WAITING = """
SELECT (SELECT count(*) FROM contact_contactstop s WHERE s.creditor_id = %(creditor)s AND s.lifted_at IS NULL) AS contact_stops_open,
       (SELECT count(*) FROM contact_contactstoplift l
        JOIN contact_contactstop s ON s.creditor_id = l.creditor_id AND s.id = l.stop_id AND s.lifted_at IS NULL
        WHERE l.creditor_id = %(creditor)s AND l.asked_by <> %(user)s AND NOT EXISTS (SELECT 1 FROM parties_approval a
            WHERE a.creditor_id = l.creditor_id AND a.subject_kind = 'contact_stop_lift' AND a.subject_id = l.id)) AS stop_lifts_asked,
       (SELECT count(*) FROM contact_paper w WHERE w.creditor_id = %(creditor)s AND w.added_by <> %(user)s AND NOT EXISTS (
            SELECT 1 FROM parties_approval a WHERE a.creditor_id = w.creditor_id AND a.subject_kind = 'paper' AND a.subject_id = w.id)) AS papers_waiting,
       (SELECT count(*) FROM (SELECT creditor_id, id, added_by, 'gate_terms' AS kind FROM contact_gateterms WHERE needs_approval UNION ALL
            SELECT creditor_id, id, added_by, 'call_definition' FROM contact_calldefinition WHERE needs_approval) w
            WHERE w.creditor_id = %(creditor)s AND w.added_by <> %(user)s AND NOT EXISTS (SELECT 1 FROM parties_approval a
                WHERE a.creditor_id = w.creditor_id AND a.subject_kind = w.kind AND a.subject_id = w.id)) AS terms_waiting,
       (SELECT count(*) FROM parties_collectorqualification q WHERE q.creditor_id = %(creditor)s AND q.is_confirmed IS NULL
            AND q.withdrawn_at IS NULL AND q.added_by <> %(user)s) AS collector_evidence_waiting,
       (SELECT count(*) FROM (SELECT 1 FROM parties_collectorqualification q WHERE q.creditor_id = %(creditor)s AND q.is_confirmed
            AND q.withdrawn_at IS NULL AND EXISTS (SELECT 1 FROM parties_membership m WHERE m.creditor_id = q.creditor_id
                AND m.agency_id = q.agency_id AND m.user_id = q.user_id AND (m.until_on IS NULL OR m.until_on > %(on)s))
            GROUP BY q.agency_id, q.user_id, q.kind HAVING max(q.valid_until_on) <= %(on)s::date + %(soon)s) e) AS collector_evidence_ending
"""
_REACH = """
SELECT (SELECT count(*) FROM contact_permit p WHERE p.creditor_id = %(creditor)s AND p.decided_at >= %(ahead)s AND p.valid_until_at > %(now)s
            AND {permits} AND p.local_on >= %(first_on)s
            AND NOT EXISTS (SELECT 1 FROM contact_attempt a WHERE a.permit_id = p.id AND a.local_on = p.local_on AND a.local_on >= %(first_on)s)) AS open_permit_count,
       (SELECT count(*) FROM contact_permit p WHERE p.creditor_id = %(creditor)s AND p.decided_at >= %(week)s
            AND p.local_on >= %(first_on)s AND {permits}) AS recent_permit_count,
       case_count, debtor_count
FROM (SELECT count(*) AS case_count, count(DISTINCT c.person_id) AS debtor_count FROM portfolio_case c
      WHERE c.creditor_id = %(creditor)s AND c.closed_on IS NULL AND {cases}) c
"""


@dataclass(frozen=True, slots=True)
class StopReach:
    """What a stop would reach.

    Attributes:
        open_permit_count: permits that hold now and of which no outcome is reported: their numbers open no more.
        recent_permit_count: permits given in the last `DAYS` days, to tell how much stands still.
        case_count: open cases it covers; for a channel or everything those that are with somebody.
        debtor_count: debtors of these cases.
    """

    open_permit_count: int
    recent_permit_count: int
    case_count: int
    debtor_count: int


def stop_reach(
    *,
    actor: Actor,
    scope: str,
    now_at: datetime,
    agency_id: int | None = None,
    user_id: int | None = None,
    channel: str = "",
    person_id: int | None = None,
) -> StopReach:
    """Return what a stop of this scope and target would reach at an instant; call it inside `acting`.

    Args:
        actor: somebody of the creditor's side.
        scope: agency, collector, channel, debtor or everything.
        now_at: the instant.
        agency_id: for the scope agency.
        user_id: for the scope collector.
        channel: for the scope channel.
        person_id: for the scope debtor.
    """
    query = _REACH.format(permits=_WANTED[scope], cases=_CASES[scope])
    given = {"agency": agency_id, "user": user_id, "channel": channel, "person": person_id}
    since = {"now": now_at, "ahead": now_at - timedelta(days=2), "week": now_at - timedelta(days=DAYS)}
    since["first_on"] = days_anywhere(since["week"], now_at)[0]
    return StopReach(**dicts(query, creditor=actor.creditor_id, **given, **since)[0])


def compliance_counts(*, actor: Actor, user_id: int, on: date) -> dict[str, int]:
    """Return how many emergency stops stand, and how many lifts, papers, terms and pieces of evidence wait for a decision of this person's.

    With them, of how many people who still work for an agency a kind of evidence has ended or ends within thirty days.
    """
    return dicts(_WAITING, creditor=actor.creditor_id, user=user_id, on=on, soon=ENDS_SOON_DAYS)[0]

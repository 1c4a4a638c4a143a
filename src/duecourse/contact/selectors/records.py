"""What recorded calls and permits say of each other: findings, their counts, files that have come and that are owed, calls that hold a slot.

Findings are computed when they are asked for, so an outcome that is reported later takes its finding away. They are the creditor's: an
agency's session cannot ask for them. Days are the creditor's.

Source: docs/call-records.md.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection

from duecourse.contact.models import CallRecordFile
from duecourse.kit.calendar import day_bounds, days_anywhere
from duecourse.parties.models import Creditor

FINDING_KINDS = (
    "call_without_permit",
    "permit_without_call",
    "outcome_disagrees",
    "duration_disagrees",
    "outside_permit",
    "number_unknown",
)
"""Every kind of finding, the gravest first."""

_DAYS = """
day AS (
    SELECT d::date AS local_on, coalesce(x.clock_tolerance_seconds, 60) * interval '1 second' AS clock_tolerance,
        coalesce(x.duration_tolerance_seconds, 15) AS duration_tolerance_seconds
    FROM generate_series(%(from_on)s::date, %(until_on)s::date, interval '1 day') d
    LEFT JOIN LATERAL (SELECT * FROM contact_calldefinition n WHERE n.creditor_id = %(creditor)s AND n.from_on <= d::date
            AND (NOT n.needs_approval OR EXISTS (SELECT 1 FROM parties_approval v WHERE v.creditor_id = n.creditor_id
                AND v.subject_kind = 'call_definition' AND v.subject_id = n.id AND v.is_granted))
        ORDER BY n.from_on DESC, n.known_at DESC, n.id DESC LIMIT 1) x ON true
)
"""
_RECORDED = """
SELECT k.kind, r.local_on, r.performer_id, r.id AS record_id, p.id AS permit_id, m.person_id,
    r.started_at AS at, r.call_ref, {details} AS details
FROM contact_callrecord r
JOIN contact_callmatch m ON m.creditor_id = r.creditor_id AND m.record_id = r.id
JOIN day d ON d.local_on = r.local_on
LEFT JOIN contact_permit p ON p.creditor_id = r.creditor_id AND p.id = m.permit_id AND p.local_on = m.permit_on
    AND p.local_on BETWEEN %(first_on)s AND %(last_on)s
LEFT JOIN contact_attempt a ON a.permit_id = p.id AND a.local_on = p.local_on AND a.local_on BETWEEN %(first_on)s AND %(last_on)s
CROSS JOIN LATERAL (VALUES
    ('call_without_permit', p.id IS NULL AND (m.person_id IS NOT NULL OR r.stated_permit <> '')),
    ('outcome_disagrees', (a.is_connected IS FALSE AND m.is_connected) OR a.outcome = 'not_made'
        OR (a.is_connected AND r.talk_seconds = 0 AND r.disposition NOT IN ('answered', 'voicemail'))),
    ('duration_disagrees', a.is_connected AND m.is_connected AND abs(a.talk_seconds - r.talk_seconds) > d.duration_tolerance_seconds),
    ('outside_permit', r.started_at < p.contact_at - d.clock_tolerance OR r.started_at > p.valid_until_at + d.clock_tolerance),
    ('number_unknown', p.id IS NULL AND m.person_id IS NULL)
) AS k (kind, holds)
WHERE r.creditor_id = %(creditor)s AND r.local_on BETWEEN %(from_on)s AND %(until_on)s AND k.holds {where}
"""
_UNCALLED = """
SELECT 'permit_without_call' AS kind, f.local_on, p.performer_id, NULL::bigint AS record_id, p.id AS permit_id, p.person_id,
    a.started_at AS at, '' AS call_ref, {details} AS details
FROM contact_permit p
JOIN contact_attempt a ON a.permit_id = p.id AND a.local_on = p.local_on AND a.local_on BETWEEN %(first_on)s AND %(last_on)s AND a.outcome <> 'not_made'
JOIN (SELECT performer_id, local_on FROM contact_callrecordfile e
    WHERE e.creditor_id = %(creditor)s AND e.local_on BETWEEN %(from_on)s AND %(until_on)s GROUP BY 1, 2
    HAVING NOT bool_or(EXISTS (SELECT 1 FROM contact_callremoval o WHERE o.creditor_id = e.creditor_id AND o.record_file_id = e.id))) f
    ON f.performer_id = p.performer_id AND f.local_on = (a.started_at AT TIME ZONE %(zone)s)::date
WHERE p.creditor_id = %(creditor)s AND p.channel = 'call' AND p.decided_at >= %(asked_low)s AND p.decided_at < %(asked_high)s
    AND p.local_on BETWEEN %(first_on)s AND %(last_on)s
    AND NOT EXISTS (SELECT 1 FROM contact_callmatch m WHERE m.creditor_id = p.creditor_id AND m.permit_id = p.id) {where}
"""
_RECORD_DETAILS = """jsonb_strip_nulls(jsonb_build_object('disposition', r.disposition, 'talk_seconds', r.talk_seconds, 'agent_code', r.agent_code,
    'recording_ref', r.recording_ref, 'fault', nullif(m.fault, ''), 'stated_permit', nullif(r.stated_permit, ''), 'is_connected', m.is_connected,
    'outcome', a.outcome, 'told_talk_seconds', a.talk_seconds, 'contact_at', p.contact_at, 'valid_until_at', p.valid_until_at))"""
_PERMIT_DETAILS = """jsonb_build_object('outcome', a.outcome, 'told_talk_seconds', a.talk_seconds, 'contact_at', p.contact_at,
    'valid_until_at', p.valid_until_at)"""
_MEMORY = "SET LOCAL work_mem = '64MB'"
_GRAVITY = f"local_on, performer_id, array_position(ARRAY{list(FINDING_KINDS)!r}, kind)"
_ORDER, _COUNTED = f"{_GRAVITY}, at, record_id, permit_id", f"ORDER BY {_GRAVITY}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFinding:
    """Something that a day's recorded calls and permits say of each other.

    Attributes:
        kind: one of `FINDING_KINDS`.
        local_on: the creditor's day.
        performer_id: who dialled, or whose permit it is.
        record_id: the call, or None for a permit without one.
        permit_id: the permit, or None for a call without one.
        person_id: the debtor, or None when the number is nobody's.
        at: when the call began, or was reported to have begun.
        call_ref: the telephone system's id of the call, or ''.
        details: what is recorded and what was reported: `disposition`, `talk_seconds`, `is_connected`, `agent_code`, `recording_ref`,
            `stated_permit`, `fault` (why the stated permit is not the call's), `outcome`, `told_talk_seconds`, `contact_at`, `valid_until_at`;
            those that are known. No number.
    """

    kind: str
    local_on: date
    performer_id: int
    record_id: int | None
    permit_id: int | None
    person_id: int | None
    at: datetime
    call_ref: str
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFindingCount:
    """How many findings of a kind a performer's day has."""

    local_on: date
    performer_id: int
    kind: str
    finding_count: int


class UnheldCall(NamedTuple):
    """A connected call that no permit's slot stands for: the call, the debtor's local day, their number, the permit if it had one, when, effective."""

    record_id: int
    local_on: date
    contact_point_id: int
    permit_id: int | None
    started_at: datetime
    is_effective: bool


def call_findings(
    *,
    creditor_id: int,
    from_on: date,
    until_on: date,
    performer_id: int | None = None,
    kind: str | None = None,
    person_id: int | None = None,
    limit: int | None = None,
    offset: int = 0,
) -> list[CallFinding]:
    """Return the findings of days, by day, performer, kind (the gravest first) and time. Call it inside `acting`, on the creditor's side.

    Args:
        creditor_id: the creditor that is open.
        from_on: the first day.
        until_on: the last day.
        performer_id: of one performer only.
        kind: of one kind only, of `FINDING_KINDS`.
        person_id: about one debtor only.
        limit: at most so many, None for all.
        offset: leave so many out before.
    """
    wanted = _wanted(creditor_id, from_on, until_on) | {"performer": performer_id, "kind": kind, "person": person_id}
    wanted |= {"limit": limit, "offset": offset}
    body = _body(wanted, record_details=_RECORD_DETAILS, permit_details=_PERMIT_DETAILS)
    with connection.cursor() as cursor:
        cursor.execute(_MEMORY)
        cursor.execute(f"{body} SELECT * FROM finding ORDER BY {_ORDER} LIMIT %(limit)s OFFSET %(offset)s", wanted)  # noqa: S608 - fragments of SQL
        return [_finding(row) for row in cursor.fetchall()]


def call_finding_counts(
    *, creditor_id: int, from_on: date, until_on: date, performer_id: int | None = None, kind: str | None = None
) -> list[CallFindingCount]:
    """Return how many findings there are by day, performer and kind; what has none is left out. Arguments as for `call_findings`."""
    wanted = _wanted(creditor_id, from_on, until_on) | {"performer": performer_id, "kind": kind, "person": None}
    body = _body(wanted, record_details="NULL::jsonb", permit_details="NULL::jsonb")
    with connection.cursor() as cursor:
        cursor.execute(_MEMORY)
        cursor.execute(f"{body} SELECT local_on, performer_id, kind, count(*) FROM finding GROUP BY 1, 2, 3 {_COUNTED}", wanted)  # noqa: S608
        return [CallFindingCount(local_on=day, performer_id=who, kind=what, finding_count=n) for day, who, what, n in cursor.fetchall()]


def call_files(
    *, creditor_id: int, from_on: date, until_on: date, performer_id: int | None = None, limit: int | None = None
) -> list[CallRecordFile]:
    """Return the files of days, at most `limit`, the newest day first, in the order in which they came. An agency sees its own."""
    found = CallRecordFile.objects.filter(creditor_id=creditor_id, local_on__range=(from_on, until_on)).order_by("-local_on", "pk")
    return list((found if performer_id is None else found.filter(performer_id=performer_id))[:limit])


def call_files_owed(*, creditor_id: int, on: date) -> list[int]:
    """Return the performers that had permits for calls on a day and of whom no file of call records has come for it, by number."""
    wanted = _wanted(creditor_id, on, on) | {"on": on}
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT g.id FROM parties_agency g WHERE g.creditor_id = %(creditor)s
                AND NOT EXISTS (SELECT 1 FROM contact_callrecordfile f
                    WHERE f.creditor_id = g.creditor_id AND f.performer_id = g.id AND f.local_on = %(on)s)
                AND EXISTS (SELECT 1 FROM contact_permit p WHERE p.creditor_id = g.creditor_id AND p.performer_id = g.id
                    AND p.channel = 'call' AND p.decided_at >= %(asked_low)s AND p.decided_at < %(asked_high)s
                    AND p.local_on BETWEEN %(first_on)s AND %(last_on)s AND (p.contact_at AT TIME ZONE %(zone)s)::date = %(on)s)
            ORDER BY 1""",
            wanted,
        )
        return [performer for (performer,) in cursor.fetchall()]


def calls_held(*, creditor_id: int, person_id: int, on: date) -> int:
    """Return how many connected calls of a debtor's local day no permit's slot stands for, over all performers.

    They are calls without a permit, calls on another day than their permit's, and calls under a permit whose outcome was reported as nobody
    reached. Each counts like a held slot. In SQL: `gate.calls_held(creditor, person, day)`.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT gate.calls_held(%s, %s, %s)", [creditor_id, person_id, on])
        return int(cursor.fetchone()[0])


def calls_unheld(*, creditor_id: int, person_id: int, from_on: date, until_on: date) -> list[UnheldCall]:
    """Return the calls that `calls_held` counts, on a debtor's local days from the first to the last, by time."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM gate.calls_unheld(%s, %s, %s, %s)", [creditor_id, person_id, from_on, until_on])
        return [UnheldCall(*row) for row in cursor.fetchall()]


def _wanted(creditor_id: int, from_on: date, until_on: date) -> dict[str, Any]:
    zone = Creditor.objects.only("zone").get(pk=creditor_id).zone
    low, high = day_bounds(from_on, zone)[0], day_bounds(until_on, zone)[1]
    first_on, last_on = days_anywhere(low - timedelta(hours=2), high + timedelta(hours=2))
    return {
        "creditor": creditor_id, "from_on": from_on, "until_on": until_on, "zone": zone,
        "asked_low": low - timedelta(hours=26), "asked_high": high + timedelta(hours=2),
        "first_on": first_on, "last_on": last_on,
    }  # fmt: skip


def _body(wanted: dict[str, Any], *, record_details: str, permit_details: str) -> str:
    """Return the common table `finding` of SQL, with the parts that the filters leave."""
    performer = " AND {table}.performer_id = %(performer)s" if wanted["performer"] is not None else ""
    person = " AND {who} = %(person)s" if wanted["person"] is not None else ""
    kind = " AND k.kind = %(kind)s" if wanted["kind"] is not None else ""
    recorded = performer.format(table="r") + person.format(who="m.person_id") + kind
    parts = [] if wanted["kind"] == "permit_without_call" else [_RECORDED.format(details=record_details, where=recorded)]
    if wanted["kind"] in (None, "permit_without_call"):
        uncalled = performer.format(table="p") + person.format(who="p.person_id")
        parts.append(_UNCALLED.format(details=permit_details, where=uncalled))
    return f"WITH {_DAYS}, finding AS ({' UNION ALL '.join(parts)})"


def _finding(row: tuple[Any, ...]) -> CallFinding:
    kind, local_on, performer_id, record_id, permit_id, person_id, at, call_ref, details = row
    return CallFinding(
        kind=kind, local_on=local_on, performer_id=performer_id, record_id=record_id, permit_id=permit_id, person_id=person_id, at=at,
        call_ref=call_ref, details=json.loads(details) if isinstance(details, str) else details,
    )  # fmt: skip

"""Finding the permit of each recorded call, set by set.

A call may go under a permit of its performer for a call to that number, when it began within the permit's time or up to a quarter of an
hour outside it. Of all such pairs the best is taken again and again: stated by the performer first, then least outside the permit's time,
then soonest after the permit's instant. A permit is good for one call. So what is found is a function of the calls and permits together,
whatever the order in which files came.

Source: docs/call-records.md.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection

from duecourse.contact.services.facts import OBLIGORS
from duecourse.contact.services.violation_sums import violation_day_open
from duecourse.kit.calendar import day_bounds, days_anywhere
from duecourse.parties.access import Actor, acting, creditor_of, require
from duecourse.parties.models import Role

NEAR = timedelta(minutes=15)
"""How far outside of a permit's time a call may begin and still be taken for the permit's; beyond, it had no permit."""
REACH = timedelta(hours=2)
"""Calls that lie further apart cannot compete for a permit, which lasts minutes and reaches `NEAR` to both sides."""
ASKED_BEFORE = timedelta(hours=26)
"""A permit may be asked for up to a day before its instant."""
_LOCK_CLASS = 0xCA12
TABLES = ("call_todo", "call_window", "call_candidate", "call_pair", "call_found")

TODO = """
CREATE TEMPORARY TABLE call_todo (record_id bigint NOT NULL, is_new boolean NOT NULL, call_ref text NOT NULL, started_at timestamptz NOT NULL,
    stated_permit text NOT NULL, stated_id bigint, number_index bytea NOT NULL, index_key_id text NOT NULL, point_id bigint, person_id bigint)
ON COMMIT DROP
"""
STATED_ID = "CASE WHEN {stated} ~ '^[0-9]{{1,18}}$' THEN {stated}::bigint END"
EXISTING = f"""
INSERT INTO pg_temp.call_todo
SELECT r.id, false, r.call_ref, r.started_at, r.stated_permit, {STATED_ID.format(stated="r.stated_permit")}, m.number_index, m.index_key_id,
    first.id, first.person_id
FROM contact_callrecord r
JOIN contact_callmatch m ON m.creditor_id = r.creditor_id AND m.record_id = r.id AND m.number_index IS NOT NULL
LEFT JOIN LATERAL (SELECT cp.id, cp.person_id FROM portfolio_contactpoint cp WHERE cp.creditor_id = r.creditor_id AND cp.kind = 'phone'
    AND cp.value_index = m.number_index AND cp.index_key_id = m.index_key_id ORDER BY cp.id LIMIT 1) first ON true
WHERE r.creditor_id = %(creditor)s AND r.performer_id = %(performer)s AND r.started_at >= %(low)s AND r.started_at < %(high)s
    AND r.local_on BETWEEN %(low)s::date - 1 AND %(high)s::date + 1
"""  # noqa: S608 - fragments of SQL
_WINDOW = """
CREATE TEMPORARY TABLE call_window ON COMMIT DROP AS
SELECT p.id, p.person_id, p.contact_point_id, p.contact_at, p.valid_until_at, p.local_on FROM contact_permit p
LEFT JOIN contact_callmatch m ON m.creditor_id = p.creditor_id AND m.permit_id = p.id
LEFT JOIN pg_temp.call_todo t ON t.record_id = m.record_id
WHERE p.creditor_id = %(creditor)s AND p.performer_id = %(performer)s AND p.channel = 'call'
    AND p.local_on BETWEEN %(first_on)s AND %(last_on)s
    AND p.decided_at >= %(asked_low)s AND p.decided_at < %(asked_high)s AND (m.id IS NULL OR t.record_id IS NOT NULL)
"""
GOOD_FOR = f"""({{permit}}.contact_point_id = cp.id OR ({{permit}}.contact_point_id IS NULL AND cp.whose IN {OBLIGORS}))"""
"""A permit that names no number was given for those who owe; a third party's number is asked for by name."""
_CANDIDATES = f"""
CREATE TEMPORARY TABLE call_candidate ON COMMIT DROP AS
SELECT t.record_id, t.started_at, t.call_ref, t.stated_id IS NOT NULL AS is_stated, w.id AS permit_id, w.local_on AS permit_on,
    cp.id AS point_id, w.person_id,
    greatest(w.contact_at - t.started_at, t.started_at - w.valid_until_at, interval '0') AS outside,
    greatest(w.contact_at - t.started_at, t.started_at - w.contact_at) AS apart
FROM pg_temp.call_todo t
JOIN portfolio_contactpoint cp ON cp.creditor_id = %(creditor)s AND cp.kind = 'phone' AND cp.value_index = t.number_index
    AND cp.index_key_id = t.index_key_id
JOIN pg_temp.call_window w ON w.person_id = cp.person_id AND {GOOD_FOR.format(permit="w")}
    AND t.started_at >= w.contact_at - %(near)s AND t.started_at <= w.valid_until_at + %(near)s
WHERE t.stated_permit = '' OR t.stated_id = w.id
"""  # noqa: S608 - fragments of SQL
_PAIRS = """
CREATE TEMPORARY TABLE call_pair (record_id bigint, permit_id bigint, permit_on date, point_id bigint, person_id bigint) ON COMMIT DROP
"""
_BEST = "is_stated DESC, outside, apart, started_at, call_ref, permit_id"
_ROUND = f"""
INSERT INTO pg_temp.call_pair
SELECT record_id, permit_id, permit_on, point_id, person_id FROM (
    SELECT record_id, permit_id, permit_on, point_id, person_id, row_number() OVER (PARTITION BY record_id ORDER BY {_BEST}) AS of_record,
        row_number() OVER (PARTITION BY permit_id ORDER BY {_BEST}) AS of_permit FROM pg_temp.call_candidate) ranked
WHERE of_record = 1 AND of_permit = 1
"""  # noqa: S608 - names of columns
_TAKEN = tuple(
    f"DELETE FROM pg_temp.call_candidate c USING pg_temp.call_pair p WHERE c.{column} = p.{column}"  # noqa: S608 - names of columns
    for column in ("record_id", "permit_id")
)
_FOUND = f"""
CREATE TEMPORARY TABLE call_found ON COMMIT DROP AS
SELECT t.record_id, t.is_new, t.number_index, t.index_key_id, x.permit_id, x.permit_on, coalesce(x.point_id, t.point_id) AS point_id,
    coalesce(x.person_id, t.person_id) AS person_id,
    CASE WHEN t.stated_permit = '' OR x.permit_id IS NOT NULL THEN '' WHEN p.id IS NULL THEN 'permit_unknown'
        WHEN p.performer_id <> %(performer)s THEN 'permit_of_other_performer' WHEN p.channel <> 'call' THEN 'permit_of_other_channel'
        WHEN NOT EXISTS (SELECT 1 FROM portfolio_contactpoint cp WHERE cp.creditor_id = %(creditor)s AND cp.kind = 'phone'
            AND cp.value_index = t.number_index AND cp.index_key_id = t.index_key_id AND cp.person_id = p.person_id
            AND {GOOD_FOR.format(permit="p")}) THEN 'permit_of_other_number'
        WHEN t.started_at < p.contact_at - %(near)s OR t.started_at > p.valid_until_at + %(near)s THEN 'permit_at_other_time'
        ELSE 'permit_taken' END AS fault
FROM pg_temp.call_todo t
LEFT JOIN pg_temp.call_pair x ON x.record_id = t.record_id
LEFT JOIN contact_permit p ON p.creditor_id = %(creditor)s AND p.id = t.stated_id AND x.permit_id IS NULL
"""  # noqa: S608 - fragments of SQL
_CHANGED = """
UPDATE contact_callmatch m SET permit_id = f.permit_id, permit_on = f.permit_on, contact_point_id = f.point_id, person_id = f.person_id,
    fault = f.fault
FROM pg_temp.call_found f
WHERE m.creditor_id = %(creditor)s AND m.record_id = f.record_id AND NOT f.is_new
    AND (m.permit_id, m.contact_point_id, m.person_id, m.fault) IS DISTINCT FROM (f.permit_id, f.point_id, f.person_id, f.fault)
"""


def calls_match(*, actor: Actor, on: date, performer_id: int | None = None) -> int:
    """Find the permits and persons of a day's calls again, and return how many calls are found to be something else than before.

    Numbers that have become known since the files came, and permits that the calls of other files left free, are taken into account.

    Args:
        actor: a compliance officer or manager of the creditor, or the system.
        on: the creditor's day.
        performer_id: one performer only.

    Raises:
        Forbidden: the actor is neither.

    Guarantees: doing it again changes nothing; a call whose person was erased stays as it was found.
    """
    require(actor, Role.COMPLIANCE, Role.MANAGER, action="match calls with permits")
    with acting(actor), connection.cursor() as cursor:
        low, high = day_bounds(on, creditor_of(actor).zone)
        wanted = {"creditor": actor.creditor_id, "low": low - REACH, "high": high + REACH}
        cursor.execute(
            "SELECT DISTINCT performer_id FROM contact_callrecord WHERE creditor_id = %s AND local_on = %s"
            " AND performer_id = coalesce(%s, performer_id) ORDER BY 1",
            [actor.creditor_id, on, performer_id],
        )
        changed_count = 0
        for (performer,) in cursor.fetchall():
            performer_lock(cursor, performer_id=performer)
            todo_open(cursor)
            cursor.execute(EXISTING, wanted | {"performer": performer})
            changed_count += match_todo(cursor, creditor_id=actor.creditor_id, performer_id=performer)
        if changed_count:
            violation_day_open(creditor_id=actor.creditor_id, on=on)
        return changed_count


def performer_lock(cursor: Any, *, performer_id: int) -> None:
    """Let one load or matching of a performer's calls follow the other, until the transaction ends."""
    cursor.execute("SELECT pg_advisory_xact_lock(%s, hashint8(%s))", [_LOCK_CLASS, performer_id])


def todo_open(cursor: Any) -> None:
    """Make the temporary table of the calls to match, empty."""
    cursor.execute("DROP TABLE IF EXISTS " + ", ".join(f"pg_temp.{name}" for name in TABLES))
    cursor.execute(TODO)


def match_todo(cursor: Any, *, creditor_id: int, performer_id: int) -> int:
    """Match the calls in `call_todo`: `call_found` tells what each is, and calls that are not new are corrected.

    Returns:
        how many were corrected.
    """
    cursor.execute("ANALYZE pg_temp.call_todo")
    cursor.execute("SELECT min(started_at), max(started_at) FROM pg_temp.call_todo")
    first_at, last_at = cursor.fetchone()
    wanted: dict[str, Any] = {"creditor": creditor_id, "performer": performer_id, "near": NEAR}
    wanted |= {"asked_low": _moved(first_at, -ASKED_BEFORE), "asked_high": _moved(last_at, REACH)}
    if first_at is not None:
        wanted["first_on"], wanted["last_on"] = days_anywhere(first_at - REACH, last_at + REACH)
    else:
        wanted["first_on"] = wanted["last_on"] = None
    cursor.execute(_WINDOW, wanted)
    cursor.execute("ANALYZE pg_temp.call_window")
    cursor.execute(_CANDIDATES, wanted)
    cursor.execute(_PAIRS)
    while True:
        cursor.execute(_ROUND)
        if not cursor.rowcount:
            break
        for statement in _TAKEN:
            cursor.execute(statement)
    cursor.execute("ANALYZE pg_temp.call_pair")
    cursor.execute(_FOUND, wanted)
    cursor.execute("ANALYZE pg_temp.call_found")
    cursor.execute(_CHANGED, wanted)
    return int(cursor.rowcount)


def _moved(at: datetime | None, by: timedelta) -> datetime | None:
    return None if at is None else at + by

"""What the facts of feeds mean for cases: accounts leave, wait and join; cases close and are opened again.

An account is in when the newest row that brought it (a tape or a feed `new`) is newer than every fact that takes it out. Paid and cured take
it out at once. Recalled does when its case is with nobody, or when the days of notice are over. All of it is computed from all facts of
the debtors touched, so it does not matter in which order they came.

The functions share temporary tables of one transaction: `standings_find` first, with the persons locked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection

from duecourse.kit.clock import now
from duecourse.ledger.services import audit_append
from duecourse.parties.access import Actor, acting, creditor_of
from duecourse.portfolio.selectors.newest import CASE_TO_JOIN, CLOSED_BY_FEED

STREAM = "collection"
_OF_TAPE = """
SELECT o.person_id FROM portfolio_obligation o
WHERE o.creditor_id = %(creditor)s AND o.role = 'borrower' AND o.until_on IS NULL AND o.account_id IN (
    SELECT f.account_id FROM portfolio_feedfact f WHERE f.creditor_id = %(creditor)s AND f.tape_id = %(tape)s AND f.kind <> 'stopped'
    UNION SELECT r.account_id FROM portfolio_taperow r JOIN portfolio_tape t ON t.creditor_id = r.creditor_id AND t.id = r.tape_id
        AND t.feed_kind = 'new' WHERE r.creditor_id = %(creditor)s AND r.tape_id = %(tape)s)
"""
_OF_EVERYBODY = """
SELECT o.person_id FROM portfolio_obligation o
JOIN portfolio_feedfact f ON f.creditor_id = o.creditor_id AND f.account_id = o.account_id AND f.kind <> 'stopped'
WHERE o.creditor_id = %(creditor)s AND o.role = 'borrower' AND o.until_on IS NULL
    AND EXISTS (SELECT FROM portfolio_case c WHERE c.creditor_id = o.creditor_id AND c.person_id = o.person_id AND c.closed_on IS NULL)
UNION
SELECT o.person_id FROM portfolio_account a
JOIN portfolio_obligation o ON o.creditor_id = a.creditor_id AND o.account_id = a.id AND o.role = 'borrower' AND o.until_on IS NULL
WHERE a.creditor_id = %(creditor)s AND a.waits_from_on IS NOT NULL
"""
_TOUCHED = "CREATE TEMPORARY TABLE touched_person ON COMMIT DROP AS SELECT DISTINCT t.person_id FROM ({persons}) t"
_LOCK = """
SELECT count(*) FROM (SELECT p.id FROM portfolio_person p WHERE p.creditor_id = %(creditor)s
    AND p.id IN (SELECT person_id FROM pg_temp.touched_person) ORDER BY p.id FOR NO KEY UPDATE) locked
"""
_EXIT = """
    LEFT JOIN LATERAL (SELECT f.kind, f.feed_at FROM portfolio_feedfact f
        WHERE f.creditor_id = %(creditor)s AND f.account_id = o.account_id AND f.kind IN ({kinds})
            AND f.feed_at >= coalesce(e.entered_at, '-infinity') ORDER BY f.feed_at, f.kind DESC LIMIT 1) {name} ON true
"""
_STANDING = f"""
CREATE TEMPORARY TABLE standing ON COMMIT DROP AS
SELECT s.*, s.money_at IS NOT NULL OR s.recalled_at IS NOT NULL AS is_out, coalesce(s.money_kind, 'recalled') AS out_kind,
    coalesce(s.money_at, s.recalled_at) AS out_at, (coalesce(s.money_at, s.recalled_at) AT TIME ZONE %(zone)s)::date AS out_on
FROM (
    SELECT o.account_id, o.person_id, e.entered_at, m.kind AS money_kind, m.feed_at AS money_at, r.feed_at AS recalled_at
    FROM pg_temp.touched_person tp
    JOIN portfolio_obligation o ON o.creditor_id = %(creditor)s AND o.person_id = tp.person_id AND o.role = 'borrower' AND o.until_on IS NULL
    LEFT JOIN LATERAL (SELECT max(r.feed_at) AS entered_at FROM portfolio_taperow r
        JOIN portfolio_tape t ON t.creditor_id = r.creditor_id AND t.id = r.tape_id AND t.feed_kind IN ('overdue', 'new')
        WHERE r.creditor_id = %(creditor)s AND r.account_id = o.account_id AND r.balance_minor > 0) e ON true
    {_EXIT.format(kinds="'paid', 'cured'", name="m")}
    {_EXIT.format(kinds="'recalled'", name="r")}
) s
"""  # noqa: S608 - fragments of SQL
_LEAVE = """
UPDATE portfolio_caseaccount ca SET until_on = greatest(ca.from_on, s.out_on) FROM pg_temp.standing s, portfolio_case c
WHERE ca.creditor_id = %(creditor)s AND ca.account_id = s.account_id AND ca.until_on IS NULL AND c.creditor_id = ca.creditor_id
    AND c.id = ca.case_id AND s.is_out
    AND (s.money_at IS NOT NULL OR c.open_agency_id IS NULL OR s.out_on + %(notice_days)s::int < %(on)s)
"""
_OUT_WAITS = """
UPDATE portfolio_account a SET waits_from_on = NULL FROM pg_temp.standing s
WHERE a.creditor_id = %(creditor)s AND a.id = s.account_id AND s.is_out AND a.waits_from_on IS NOT NULL
"""
_PLACED = """
SELECT c.id FROM portfolio_case c WHERE c.creditor_id = %(creditor)s AND c.open_agency_id IS NOT NULL
    AND c.person_id IN (SELECT person_id FROM pg_temp.touched_person) ORDER BY c.id
"""
_BREAK = """
WITH broken AS (
    UPDATE portfolio_caseaccount ca SET until_on = greatest(ca.from_on, line.out_on)
    FROM unnest(%(accounts)s::bigint[], %(days)s::date[]) AS line (account_id, out_on)
    WHERE ca.creditor_id = %(creditor)s AND ca.account_id = line.account_id AND ca.until_on IS NULL AND ca.from_on <= line.out_on
    RETURNING ca.account_id
)
UPDATE portfolio_account a SET waits_from_on = (SELECT (max(r.feed_at) AT TIME ZONE %(zone)s)::date FROM portfolio_taperow r
    JOIN portfolio_tape t ON t.creditor_id = r.creditor_id AND t.id = r.tape_id AND t.feed_kind IN ('overdue', 'new')
    WHERE r.creditor_id = a.creditor_id AND r.account_id = a.id AND r.balance_minor > 0)
FROM broken WHERE a.creditor_id = %(creditor)s AND a.id = broken.account_id
"""
_WAITING = f"""
CREATE TEMPORARY TABLE joining ON COMMIT DROP AS
SELECT a.id AS account_id, w.person_id, a.waits_from_on, a.region, c.id AS case_id, c.closed_on IS NOT NULL AS is_closed,
    c.open_agency_id IS NOT NULL AS is_placed
FROM pg_temp.touched_person w
JOIN portfolio_obligation o ON o.creditor_id = %(creditor)s AND o.person_id = w.person_id AND o.role = 'borrower' AND o.until_on IS NULL
JOIN portfolio_account a ON a.creditor_id = o.creditor_id AND a.id = o.account_id AND a.waits_from_on IS NOT NULL
{CASE_TO_JOIN.format(person="w.person_id")}
"""  # noqa: S608 - fragments of SQL
_JOIN = """
UPDATE pg_temp.joining j SET case_id = n.case_id
FROM (SELECT person_id, nextval('portfolio_case_id_seq') AS case_id FROM (SELECT DISTINCT person_id FROM pg_temp.joining WHERE case_id IS NULL) p) n
WHERE j.person_id = n.person_id AND j.case_id IS NULL;
INSERT INTO portfolio_case (id, creditor_id, person_id, work_stream, region, opened_on, close_reason, hand_count)
SELECT DISTINCT ON (j.case_id) j.case_id, %(creditor)s, j.person_id, 'collection', j.region, j.waits_from_on, '', 0 FROM pg_temp.joining j
WHERE NOT j.is_placed AND NOT EXISTS (SELECT FROM portfolio_case c WHERE c.creditor_id = %(creditor)s AND c.id = j.case_id)
ORDER BY j.case_id, j.waits_from_on;
UPDATE portfolio_case c SET closed_on = NULL, close_reason = '' FROM pg_temp.joining j
WHERE c.creditor_id = %(creditor)s AND c.id = j.case_id AND j.is_closed;
INSERT INTO portfolio_casetransition (creditor_id, case_id, status, reason, effective_on, known_at, actor_id)
SELECT DISTINCT %(creditor)s::bigint, j.case_id, 'reopened', 'account', %(on)s::date, %(now)s::timestamptz, %(user)s::bigint
FROM pg_temp.joining j WHERE j.is_closed;
INSERT INTO portfolio_casetransition (creditor_id, case_id, status, reason, effective_on, known_at, actor_id)
SELECT %(creditor)s, c.id, 'opened', 'account', c.opened_on, %(now)s, %(user)s FROM portfolio_case c
WHERE c.creditor_id = %(creditor)s AND c.id IN (SELECT case_id FROM pg_temp.joining WHERE NOT is_placed)
    AND NOT EXISTS (SELECT FROM portfolio_casetransition t WHERE t.creditor_id = c.creditor_id AND t.case_id = c.id);
INSERT INTO portfolio_caseaccount (creditor_id, case_id, account_id, from_on)
SELECT %(creditor)s, j.case_id, j.account_id, greatest(j.waits_from_on, %(on)s::date) FROM pg_temp.joining j WHERE NOT j.is_placed;
UPDATE portfolio_account a SET waits_from_on = NULL FROM pg_temp.joining j
WHERE a.creditor_id = %(creditor)s AND a.id = j.account_id AND NOT j.is_placed
"""
_SPLIT = """
INSERT INTO portfolio_case (creditor_id, person_id, work_stream, region, opened_on, close_reason, hand_count)
SELECT %(creditor)s, o.person_id, %(stream)s || '_' || 1 + (SELECT count(*) FROM portfolio_case x WHERE x.creditor_id = %(creditor)s
    AND x.person_id = o.person_id), min(a.region), min(a.waits_from_on), '', 0
FROM portfolio_account a
JOIN portfolio_obligation o ON o.creditor_id = a.creditor_id AND o.account_id = a.id AND o.role = 'borrower' AND o.until_on IS NULL
WHERE a.creditor_id = %(creditor)s AND a.id = ANY(%(accounts)s) AND a.waits_from_on IS NOT NULL GROUP BY o.person_id RETURNING id, person_id
"""
_OPENED = """
UPDATE portfolio_case c SET opened_on = e.first_on FROM (
    SELECT x.id, min((r.feed_at AT TIME ZONE %(zone)s)::date) AS first_on FROM portfolio_case x
    JOIN portfolio_caseaccount ca ON ca.creditor_id = x.creditor_id AND ca.case_id = x.id
    JOIN portfolio_taperow r ON r.creditor_id = x.creditor_id AND r.account_id = ca.account_id AND r.balance_minor > 0
    JOIN portfolio_tape t ON t.creditor_id = r.creditor_id AND t.id = r.tape_id AND t.feed_kind IN ('overdue', 'new')
    WHERE x.creditor_id = %(creditor)s AND x.person_id IN (SELECT person_id FROM pg_temp.touched_person)
        AND NOT EXISTS (SELECT FROM portfolio_case y WHERE y.creditor_id = x.creditor_id AND y.person_id = x.person_id
            AND y.work_stream = x.work_stream AND (y.id > x.id
                OR (y.id < x.id AND y.closed_on > (r.feed_at AT TIME ZONE %(zone)s)::date)))
    GROUP BY x.id) e
WHERE c.creditor_id = %(creditor)s AND c.id = e.id AND e.first_on < c.opened_on
"""
_CLOSE = f"""
WITH ending AS (
    SELECT DISTINCT ON (x.id) x.id, s.out_kind, greatest(x.opened_on, s.out_on) AS out_on
    FROM portfolio_case x
    JOIN pg_temp.standing s ON s.person_id = x.person_id AND s.is_out AND (
        EXISTS (SELECT FROM portfolio_caseaccount ca WHERE ca.creditor_id = x.creditor_id AND ca.case_id = x.id AND ca.account_id = s.account_id)
        OR (x.work_stream = 'collection' AND s.entered_at IS NOT NULL AND NOT EXISTS (
            SELECT FROM portfolio_caseaccount ca WHERE ca.creditor_id = x.creditor_id AND ca.account_id = s.account_id)))
    WHERE x.creditor_id = %(creditor)s AND x.open_agency_id IS NULL
        AND NOT EXISTS (SELECT FROM portfolio_caseaccount y WHERE y.creditor_id = x.creditor_id AND y.case_id = x.id AND y.until_on IS NULL)
        AND NOT EXISTS (SELECT FROM portfolio_case y WHERE y.creditor_id = x.creditor_id AND y.person_id = x.person_id
            AND y.work_stream = x.work_stream AND y.id > x.id)
        AND (x.closed_on IS NULL OR {CLOSED_BY_FEED})
    ORDER BY x.id, s.out_at DESC, s.out_kind = 'paid' DESC, s.out_kind = 'cured' DESC
), closed AS (
    UPDATE portfolio_case c SET closed_on = e.out_on, close_reason = e.out_kind FROM ending e
    WHERE c.creditor_id = %(creditor)s AND c.id = e.id AND (c.closed_on, c.close_reason) IS DISTINCT FROM (e.out_on, e.out_kind)
    RETURNING c.id, c.closed_on, c.close_reason
)
INSERT INTO portfolio_casetransition (creditor_id, case_id, status, reason, effective_on, known_at, actor_id)
SELECT %(creditor)s, id, 'closed', close_reason, closed_on, %(now)s, %(user)s FROM closed RETURNING reason
"""  # noqa: S608 - fragments of SQL


@dataclass(frozen=True, slots=True)
class Found:
    """What `standings_find` found: cases that are with an agency, and how many accounts left their case."""

    placed_case_ids: list[int]
    left_count: int


@dataclass(frozen=True, slots=True)
class Settled:
    """Accounts that joined a case after waiting, and cases that were closed, by reason."""

    joined_count: int
    closed_counts: dict[str, int]


def standings_find(*, actor: Actor, on: date, notice_days: int, tape_id: int | None = None) -> Found:
    """Lock the debtors of a feed, or all that facts speak of, find how their accounts stand, and let those leave that are out.

    Args:
        actor: who takes the feed in, or runs the day.
        on: the creditor's day.
        notice_days: days between a recall by the core and the last day of an account whose case is placed.
        tape_id: the feed, or None for everybody with an open case.
    """
    with acting(actor), connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS pg_temp.touched_person, pg_temp.standing")
        wanted = _wanted(actor, on) | {"tape": tape_id, "notice_days": notice_days}
        cursor.execute(_TOUCHED.format(persons=_OF_EVERYBODY if tape_id is None else _OF_TAPE), wanted)
        cursor.execute("ANALYZE pg_temp.touched_person")
        cursor.execute(_LOCK, wanted)
        cursor.execute(_STANDING, wanted)
        cursor.execute("ANALYZE pg_temp.standing")
        cursor.execute(_LEAVE, wanted)
        left_count = cursor.rowcount
        cursor.execute(_OUT_WAITS, wanted)
        cursor.execute(_PLACED, wanted)
        return Found([row[0] for row in cursor.fetchall()], left_count)


def accounts_break(*, actor: Actor, on: date, rows: Sequence[tuple[int, date]]) -> int:
    """Let accounts of placed cases leave that went out on a day and have come back since, given as (account, day); they wait from then on.

    Had the files come in the order of their times, they would have left before they came back.
    """
    with acting(actor), connection.cursor() as cursor:
        cursor.execute(_BREAK, _wanted(actor, on) | {"accounts": [account for account, _ in rows], "days": [day for _, day in rows]})
        return cursor.rowcount


def accounts_waiting(*, actor: Actor, on: date) -> list[tuple[int, int]]:
    """Return the waiting accounts whose debtor's case is with an agency, as (account, case)."""
    with acting(actor), connection.cursor() as cursor:
        _find_waiting(cursor, _wanted(actor, on))
        cursor.execute("SELECT account_id, case_id FROM pg_temp.joining WHERE is_placed ORDER BY account_id")
        return cursor.fetchall()


def accounts_follow(*, actor: Actor, on: date, rows: Sequence[tuple[int, int]]) -> int:
    """Let waiting accounts join cases that are with an agency, given as (account, case), and return how many; placement decides which."""
    with acting(actor), connection.cursor() as cursor:
        accounts, cases = [account for account, _ in rows], [case for _, case in rows]
        cursor.execute(
            "INSERT INTO portfolio_caseaccount (creditor_id, case_id, account_id, from_on)"
            " SELECT %s, line.case_id, line.account_id, %s FROM unnest(%s::bigint[], %s::bigint[]) AS line (account_id, case_id)",
            [actor.creditor_id, on, accounts, cases],
        )
        cursor.execute(
            "UPDATE portfolio_account SET waits_from_on = NULL WHERE creditor_id = %s AND id = ANY(%s)", [actor.creditor_id, accounts]
        )
        return len(rows)


def accounts_split(*, actor: Actor, on: date, account_ids: Sequence[int]) -> int:
    """Open a case of their own for waiting accounts, one per debtor, and return how many cases."""
    with acting(actor), connection.cursor() as cursor:
        wanted = _wanted(actor, on) | {"stream": STREAM, "accounts": list(account_ids)}
        cursor.execute(_SPLIT, wanted)
        made = cursor.fetchall()
        _settle_waiting(cursor, wanted)
        return len(made)


def standings_settle(*, actor: Actor, on: date) -> Settled:
    """Let waiting accounts join where the case is free, and close the cases that nothing is left in; after placements have ended."""
    with acting(actor), connection.cursor() as cursor:
        wanted = _wanted(actor, on)
        joined_count = _settle_waiting(cursor, wanted)
        cursor.execute(_OPENED, wanted)
        cursor.execute(_CLOSE, wanted)
        counts: dict[str, int] = {}
        for (reason,) in cursor.fetchall():
            counts[reason] = counts.get(reason, 0) + 1
        if counts or joined_count:
            audit_append(
                creditor_id=actor.creditor_id, action="cases_settled_by_feeds", subject_kind="creditor", subject_id=actor.creditor_id,
                details={"on": on, "closed": counts, "joined_count": joined_count},
            )  # fmt: skip
        return Settled(joined_count, counts)


def _settle_waiting(cursor: Any, wanted: dict[str, Any]) -> int:
    _find_waiting(cursor, wanted)
    cursor.execute("SELECT count(*) FROM pg_temp.joining WHERE NOT is_placed")
    joined_count: int = cursor.fetchone()[0]
    if joined_count:
        for statement in _JOIN.split(";"):
            cursor.execute(statement, wanted)
    return joined_count


def _find_waiting(cursor: Any, wanted: dict[str, Any]) -> None:
    cursor.execute("DROP TABLE IF EXISTS pg_temp.joining")
    cursor.execute(_WAITING, wanted)


def _wanted(actor: Actor, on: date) -> dict[str, Any]:
    return {"creditor": actor.creditor_id, "on": on, "zone": creditor_of(actor).zone, "now": now(), "user": actor.user_id}

"""Daily feeds as dated facts, set by set: staged rows find their accounts, the newest of each account counts, books and holds follow.

Whatever the order in which files come, what is in force afterwards is a function of all facts together: the newest row says what is
owed, the newest stop of an account and reason whether its debtor is left alone. A row whose account nobody knows yet waits for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pyarrow as pa
import pyarrow.csv as pacsv
from django.db import connection

from duecourse.kit.errors import Problem
from duecourse.ledger.services.staged import receivables_post_staged
from duecourse.portfolio.selectors.newest import newest_first, ranked
from duecourse.portfolio.services.rows import row_problem
from duecourse.portfolio.services.specs import COMPONENTS
from duecourse.portfolio.services.staging import copy_in

HOLD_SOURCE = "stop_feed"
WORK_MEMORY = "128MB"
"""What the database may use to sort and to join one file, until the transaction ends."""
STAGED: dict[str, str] = {
    "row_number": "bigint NOT NULL", "number": "text NOT NULL", "feed_at": "timestamptz NOT NULL", "currency": "text",
    "principal_minor": "bigint", "interest_minor": "bigint", "fee_minor": "bigint", "penalty_minor": "bigint", "balance_minor": "bigint",
    "oldest_due_on": "date", "days_past_due": "integer", "instalment_minor": "bigint", "last_paid_on": "date", "last_paid_minor": "bigint",
    "reason_code": "text", "scope": "text", "from_on": "date", "until_on": "date", "is_lifted": "boolean",
}  # fmt: skip
"""The columns of the staging table; a kind fills those it has."""
_TERMS = {name: kind.split()[0] for name, kind in STAGED.items() if name not in ("row_number", "number")}
_TABLES = ("feed_row", "feed_newest", "feed_posting", "feed_stop")
_WRITTEN = pacsv.WriteOptions(include_header=False, quoting_style="needed")

_OF_FILE = f"""
CREATE TEMPORARY TABLE feed_row ON COMMIT DROP AS
SELECT %(tape)s::bigint AS tape_id, s.row_number, s.number, %(kind)s::text AS kind, {", ".join(f"s.{name}" for name in _TERMS)},
    a.id AS account_id, a.currency AS kept_currency, a.balance_authority
FROM pg_temp.staged_fact s LEFT JOIN portfolio_account a ON a.creditor_id = %(creditor)s AND a.number = s.number
"""  # noqa: S608 - names of columns
_OF_WAITING = f"""
CREATE TEMPORARY TABLE feed_row ON COMMIT DROP AS
SELECT w.tape_id, w.row_number::bigint AS row_number, w.number, w.kind, x.*, a.id AS account_id, a.currency AS kept_currency,
    a.balance_authority
FROM portfolio_waitingrow w JOIN portfolio_account a ON a.creditor_id = w.creditor_id AND a.number = w.number
CROSS JOIN LATERAL jsonb_to_record(w.terms) AS x ({", ".join(f"{name} {kind}" for name, kind in _TERMS.items())})
WHERE w.creditor_id = %(creditor)s AND (w.kind <> 'update' OR x.currency = a.currency)
"""  # noqa: S608 - names of columns
_ANSWERED = """
DELETE FROM portfolio_waitingrow w USING pg_temp.feed_row r
WHERE w.creditor_id = %(creditor)s AND w.tape_id = r.tape_id AND w.row_number = r.row_number
"""
_OTHER_CURRENCY = """
DELETE FROM pg_temp.feed_row WHERE kind = 'update' AND kept_currency <> currency RETURNING row_number, kept_currency
"""
_WAIT = f"""
INSERT INTO portfolio_waitingrow (creditor_id, tape_id, row_number, number, kind, terms)
SELECT %(creditor)s, tape_id, row_number, number, kind, jsonb_strip_nulls(jsonb_build_object({", ".join(f"'{n}', {n}" for n in _TERMS)}))
FROM pg_temp.feed_row WHERE account_id IS NULL
"""  # noqa: S608 - names of columns
_LOCK_PERSONS = """
SELECT count(*) FROM (SELECT p.id FROM portfolio_person p WHERE p.creditor_id = %(creditor)s AND p.id IN (
    SELECT o.person_id FROM portfolio_obligation o WHERE o.creditor_id = %(creditor)s AND o.role = 'borrower' AND o.until_on IS NULL
        AND o.account_id IN (SELECT account_id FROM pg_temp.feed_row WHERE kind <> 'update'))
    ORDER BY p.id FOR NO KEY UPDATE) locked
"""
_LOCK_ACCOUNTS = """
SELECT count(*) FROM (SELECT a.id FROM portfolio_account a
    WHERE a.creditor_id = %(creditor)s AND a.id IN (SELECT account_id FROM pg_temp.feed_row WHERE kind = 'update')
    ORDER BY a.id FOR NO KEY UPDATE) locked
"""
_NEWEST = f"""
CREATE TEMPORARY TABLE feed_newest ON COMMIT DROP AS
SELECT DISTINCT ON (r.account_id) r.*, EXISTS (SELECT FROM portfolio_taperow t
        WHERE t.creditor_id = %(creditor)s AND t.account_id = r.account_id AND t.feed_at >= r.feed_at
            AND (t.feed_at > r.feed_at OR {ranked("t")} < {ranked("r")})) AS is_superseded
FROM pg_temp.feed_row r WHERE r.kind = 'update' AND r.account_id IS NOT NULL
ORDER BY r.account_id, {newest_first("r")}
"""  # noqa: S608 - fragments of SQL
_ROWS = """
INSERT INTO portfolio_taperow (creditor_id, tape_id, account_id, row_number, feed_at, is_superseded, oldest_due_on, days_past_due,
    principal_minor, interest_minor, fee_minor, penalty_minor, balance_minor, instalment_minor, last_paid_on, last_paid_minor)
SELECT %(creditor)s, r.tape_id, r.account_id, r.row_number, r.feed_at, {superseded}, r.oldest_due_on, r.days_past_due, r.principal_minor,
    r.interest_minor, r.fee_minor, r.penalty_minor, r.balance_minor, r.instalment_minor, r.last_paid_on, r.last_paid_minor
FROM {rows}
"""
_NEWEST_ROWS = _ROWS.format(superseded="r.is_superseded", rows="pg_temp.feed_newest r")
_OLDER_ROWS = _ROWS.format(
    superseded="true",
    rows="pg_temp.feed_row r WHERE r.kind = 'update' AND r.account_id IS NOT NULL AND NOT EXISTS (SELECT FROM pg_temp.feed_newest n"
    " WHERE n.tape_id = r.tape_id AND n.row_number = r.row_number)",
)
_OWED = ", ".join(f"coalesce(sum(p.amount_minor) FILTER (WHERE p.component = '{name}'), 0)::bigint AS {name}" for name in COMPONENTS)
_DIFFERENCES = f"""
CREATE TEMPORARY TABLE feed_posting ON COMMIT DROP AS
WITH owed AS (
    SELECT p.account_id, {_OWED} FROM ledger_posting p
    WHERE p.creditor_id = %(creditor)s AND p.book = 'receivable' AND p.account_id IN (SELECT account_id FROM pg_temp.feed_newest)
    GROUP BY p.account_id
)
SELECT n.account_id, n.currency, part.component, part.amount_minor FROM pg_temp.feed_newest n LEFT JOIN owed o ON o.account_id = n.account_id
CROSS JOIN LATERAL (VALUES {", ".join(f"('{name}', n.{name}_minor - coalesce(o.{name}, 0))" for name in COMPONENTS)})
    AS part (component, amount_minor)
WHERE NOT n.is_superseded AND n.balance_authority = 'core' AND part.amount_minor <> 0
"""  # noqa: S608 - names of columns
_FACTS = """
INSERT INTO portfolio_feedfact (creditor_id, tape_id, account_id, row_number, kind, feed_at, known_at, is_superseded, reason_code, scope,
    from_on, until_on, is_lifted)
SELECT %(creditor)s, r.tape_id, r.account_id, r.row_number, r.kind, r.feed_at, %(now)s,
    EXISTS (SELECT FROM portfolio_feedfact f WHERE f.creditor_id = %(creditor)s AND f.account_id = r.account_id AND f.kind = r.kind
        AND f.reason_code = coalesce(r.reason_code, '') AND f.feed_at >= r.feed_at)
    OR (r.kind <> 'stopped' AND EXISTS (SELECT FROM portfolio_taperow t
        JOIN portfolio_tape p ON p.creditor_id = t.creditor_id AND p.id = t.tape_id AND p.feed_kind IN ('overdue', 'new')
        WHERE t.creditor_id = %(creditor)s AND t.account_id = r.account_id AND t.feed_at > r.feed_at AND t.balance_minor > 0)),
    coalesce(r.reason_code, ''), coalesce(r.scope, ''), r.from_on, r.until_on, coalesce(r.is_lifted, false)
FROM pg_temp.feed_row r WHERE r.kind <> 'update' AND r.account_id IS NOT NULL
RETURNING is_superseded
"""
_STOPS = """
CREATE TEMPORARY TABLE feed_stop ON COMMIT DROP AS
WITH newest AS (
    SELECT DISTINCT ON (f.account_id, f.reason_code) f.account_id, f.reason_code, f.scope, f.from_on, f.until_on, f.is_lifted, f.feed_at
    FROM portfolio_feedfact f
    WHERE f.creditor_id = %(creditor)s AND f.kind = 'stopped'
        AND f.account_id IN (SELECT account_id FROM pg_temp.feed_row WHERE kind = 'stopped')
    ORDER BY f.account_id, f.reason_code, f.feed_at DESC, f.is_lifted, f.scope <> 'both', f.scope, f.until_on DESC NULLS FIRST, f.from_on
)
SELECT n.*, o.person_id, (SELECT min(f.from_on) FROM portfolio_feedfact f
    WHERE f.creditor_id = %(creditor)s AND f.account_id = n.account_id AND f.kind = 'stopped' AND f.reason_code = n.reason_code
        AND NOT f.is_lifted AND f.feed_at > coalesce((SELECT max(x.feed_at) FROM portfolio_feedfact x
            WHERE x.creditor_id = %(creditor)s AND x.account_id = n.account_id AND x.kind = 'stopped' AND x.reason_code = n.reason_code
                AND x.is_lifted AND x.feed_at < n.feed_at), '-infinity')) AS first_on
FROM newest n JOIN portfolio_obligation o ON o.creditor_id = %(creditor)s AND o.account_id = n.account_id AND o.role = 'borrower'
    AND o.until_on IS NULL
"""
_HOLDS = f"""
INSERT INTO portfolio_hold
    (creditor_id, person_id, kind, stops_contact, stops_placement, source_kind, source_id, from_on, until_on, known_at)
SELECT %(creditor)s, person_id, reason_code, scope IN ('contact', 'both'), scope IN ('placement', 'both'), '{HOLD_SOURCE}', account_id,
    least(first_on, coalesce(until_on, first_on)), until_on, %(now)s
FROM pg_temp.feed_stop WHERE NOT is_lifted ORDER BY person_id, account_id, reason_code
ON CONFLICT (creditor_id, source_kind, source_id, kind) DO UPDATE SET person_id = excluded.person_id,
    stops_contact = excluded.stops_contact, stops_placement = excluded.stops_placement, from_on = excluded.from_on,
    until_on = excluded.until_on, known_at = excluded.known_at
WHERE (portfolio_hold.stops_contact, portfolio_hold.stops_placement, portfolio_hold.from_on, portfolio_hold.until_on)
    IS DISTINCT FROM (excluded.stops_contact, excluded.stops_placement, excluded.from_on, excluded.until_on)
"""  # noqa: S608 - a name of this file
_LIFTED = f"""
UPDATE portfolio_hold h SET until_on = greatest(h.from_on, s.from_on) FROM pg_temp.feed_stop s
WHERE h.creditor_id = %(creditor)s AND h.source_kind = '{HOLD_SOURCE}' AND h.source_id = s.account_id AND h.kind = s.reason_code
    AND s.is_lifted AND (h.until_on IS NULL OR h.until_on > greatest(h.from_on, s.from_on))
"""  # noqa: S608 - a name of this file


@dataclass(frozen=True, slots=True)
class FactsWritten:
    """What became of staged rows: applied, superseded on arrival, waiting for their account; holds placed or changed, and lifted."""

    applied_count: int
    superseded_count: int
    waiting_count: int
    entry_count: int
    hold_count: int
    lifted_count: int


def facts_open() -> None:
    """Make the staging table of this transaction, empty."""
    with connection.cursor() as cursor:
        _drop(cursor, "staged_fact", *_TABLES)
        cursor.execute(f"CREATE TEMPORARY TABLE staged_fact ({', '.join(f'{n} {kind}' for n, kind in STAGED.items())}) ON COMMIT DROP")


def facts_stage(table: pa.Table) -> None:
    """Add rows to the staging table; the table has some columns of `STAGED`."""
    if not table.num_rows:
        return
    block = pa.BufferOutputStream()
    pacsv.write_csv(table, block, _WRITTEN)
    copy_in(f"COPY pg_temp.staged_fact ({', '.join(table.column_names)}) FROM STDIN (FORMAT csv)", block.getvalue())


def facts_resolve(*, creditor_id: int, tape_id: int, kind: str) -> list[Problem]:
    """Find the accounts of the staged rows and return what is wrong with rows whose account is kept in another currency."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL work_mem = '{WORK_MEMORY}'")
        cursor.execute("ANALYZE pg_temp.staged_fact")
        cursor.execute(_OF_FILE, {"creditor": creditor_id, "tape": tape_id, "kind": kind})
        if kind != "update":
            return []
        cursor.execute(_OTHER_CURRENCY)
        return [row_problem("CurrencyDiffers", row=row, currency=currency) for row, currency in cursor.fetchall()]


def facts_write(*, creditor_id: int, at: datetime, source_id: str, as_of: date) -> FactsWritten:
    """Write the resolved rows as facts, and what follows from them in the books and in holds.

    Args:
        creditor_id: the creditor that is open in this transaction.
        at: the instant at which the house learned of them.
        source_id: of the entries.
        as_of: the day of the entries.

    Guarantees: persons are locked before accounts, both by id, before a balance is read.
    """
    wanted: dict[str, Any] = {"creditor": creditor_id, "now": at}
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE pg_temp.feed_row")
        cursor.execute(_LOCK_PERSONS, wanted)
        cursor.execute(_LOCK_ACCOUNTS, wanted)
        cursor.execute(_WAIT, wanted)
        waiting_count = cursor.rowcount
        cursor.execute("SELECT count(*) FILTER (WHERE kind = 'update'), count(*) FROM pg_temp.feed_row WHERE account_id IS NOT NULL")
        update_count, known_count = cursor.fetchone()
        superseded_count, entry_count = _balances(cursor, wanted, update_count, source_id=source_id, as_of=as_of)
        hold_count = lifted_count = 0
        if known_count > update_count:
            cursor.execute(_FACTS, wanted)
            superseded_count += sum(is_superseded for (is_superseded,) in cursor.fetchall())
            hold_count, lifted_count = _holds(cursor, wanted)
    return FactsWritten(known_count - superseded_count, superseded_count, waiting_count, entry_count, hold_count, lifted_count)


def waiting_resolve(*, creditor_id: int) -> int:
    """Take up the waiting rows whose accounts are known by now, and return how many; `facts_write` follows."""
    with connection.cursor() as cursor:
        _drop(cursor, *_TABLES)
        cursor.execute(_OF_WAITING, {"creditor": creditor_id})
        cursor.execute(_ANSWERED, {"creditor": creditor_id})
        return cursor.rowcount


def _balances(cursor: Any, wanted: dict[str, Any], update_count: int, *, source_id: str, as_of: date) -> tuple[int, int]:
    """Write rows of balances and book what differs; return how many were superseded, and how many entries were made."""
    if not update_count:
        return 0, 0
    cursor.execute(_NEWEST, wanted)
    cursor.execute("ANALYZE pg_temp.feed_newest")
    cursor.execute(_NEWEST_ROWS, wanted)
    newest_count = cursor.rowcount
    if newest_count < update_count:
        cursor.execute(_OLDER_ROWS, wanted)
    cursor.execute("SELECT count(*) FROM pg_temp.feed_newest WHERE is_superseded")
    superseded_count = cursor.fetchone()[0] + update_count - newest_count
    cursor.execute(_DIFFERENCES, wanted)
    entry_count = receivables_post_staged(
        creditor_id=wanted["creditor"], table="feed_posting", source_kind="tape", source_id=source_id, kind="tape_difference",
        value_on=as_of, booked_on=as_of, against="accrual",
    )  # fmt: skip
    return superseded_count, entry_count


def _holds(cursor: Any, wanted: dict[str, Any]) -> tuple[int, int]:
    cursor.execute("SELECT count(*) FROM pg_temp.feed_row WHERE kind = 'stopped' AND account_id IS NOT NULL")
    if not cursor.fetchone()[0]:
        return 0, 0
    cursor.execute(_STOPS, wanted)
    cursor.execute(_HOLDS, wanted)
    hold_count = cursor.rowcount
    cursor.execute(_LIFTED, wanted)
    return hold_count, cursor.rowcount


def _drop(cursor: Any, *tables: str) -> None:
    cursor.execute("DROP TABLE IF EXISTS " + ", ".join(f"pg_temp.{name}" for name in tables))

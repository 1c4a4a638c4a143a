"""Booking receivables that stand in a temporary table already, so that a million of them never pass through this process."""

from __future__ import annotations

from datetime import date

from django.db import connection, transaction

from duecourse.kit.clock import now
from duecourse.ledger.errors import EntryConflict

_ENTRY = """
INSERT INTO ledger_entry (creditor_id, kind, source_kind, source_id, value_on, booked_on, known_at)
VALUES (%(creditor)s, %(kind)s, %(source_kind)s, %(source_id)s, %(value_on)s, %(booked_on)s, %(now)s)
ON CONFLICT (creditor_id, kind, source_kind, source_id) DO NOTHING RETURNING id
"""
_POSTINGS = """
INSERT INTO ledger_posting (creditor_id, entry_id, value_on, booked_on, book, amount_minor, currency, account_id, component)
SELECT %(creditor)s, %(entry)s, %(value_on)s, %(booked_on)s, 'receivable', s.amount_minor, s.currency, s.account_id, s.component
FROM pg_temp.{table} s WHERE s.currency = %(currency)s AND s.amount_minor <> 0
UNION ALL
SELECT %(creditor)s, %(entry)s, %(value_on)s, %(booked_on)s, %(against)s, -sum(s.amount_minor)::bigint, %(currency)s, NULL, ''
FROM pg_temp.{table} s WHERE s.currency = %(currency)s HAVING sum(s.amount_minor) <> 0
"""


def receivables_post_staged(
    *, creditor_id: int, table: str, source_kind: str, source_id: int | str, kind: str, value_on: date, booked_on: date, against: str
) -> int:
    """Book the receivables of a temporary table, one entry per currency against one book, and return how many entries that makes.

    Args:
        creditor_id: the creditor that is open in this transaction.
        table: name of the temporary table: account_id bigint, currency text, component text, amount_minor bigint (an increase is above zero).
        source_kind: kind of the row that caused it.
        source_id: that row's id; the currency is added to it.
        kind: kind of entry.
        value_on: the day from which it counts.
        booked_on: the day whose books it enters.
        against: the book that takes the other side in one posting, 'opening' or 'accrual'.

    Raises:
        EntryConflict: the cause is booked already.

    Guarantees: nothing is booked for a currency whose amounts are all zero; each posting is written with its entry by one statement.
    """
    wanted = {
        "creditor": creditor_id, "kind": kind, "source_kind": source_kind, "value_on": value_on, "booked_on": booked_on,
        "against": against, "now": now(),
    }  # fmt: skip
    entry_count = 0
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SELECT currency FROM pg_temp.{table} WHERE amount_minor <> 0 GROUP BY currency ORDER BY currency")  # noqa: S608 - fragments of SQL
        for (currency,) in cursor.fetchall():
            wanted |= {"currency": currency, "source_id": f"{source_id}/{currency}"}
            cursor.execute(_ENTRY, wanted)
            row = cursor.fetchone()
            if row is None:
                raise EntryConflict(kind=kind, source_kind=source_kind, source_id=wanted["source_id"], entry_id="…")
            cursor.execute(_POSTINGS.format(table=table), wanted | {"entry": row[0]})
            entry_count += 1
    return entry_count

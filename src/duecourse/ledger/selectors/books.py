"""Reading the books."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import pyarrow as pa
from django.db import connection

BALANCES = pa.schema(
    [
        pa.field("account_id", pa.int64(), nullable=False),
        pa.field("component", pa.string(), nullable=False),
        pa.field("currency", pa.string(), nullable=False),
        pa.field("balance_minor", pa.int64(), nullable=False),
    ]
)
"""What is owed by account, component and currency, minor units."""


def receivable_balances(*, creditor_id: int, account_ids: Iterable[int] | None = None) -> pa.Table:
    """Return what is owed, a frame of `BALANCES` ordered by account and component.

    Args:
        creditor_id: the creditor that is open in this transaction.
        account_ids: only these loans; None for all.

    Guarantees: a loan whose component is paid has a row with zero; one that was never booked has none.
    """
    chosen = None if account_ids is None else list(account_ids)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT account_id, component, currency, sum(amount_minor)::bigint FROM ledger_posting
            WHERE creditor_id = %s AND book = 'receivable' AND account_id IS NOT NULL AND (%s::bigint[] IS NULL OR account_id = ANY(%s))
            GROUP BY account_id, component, currency ORDER BY account_id, component, currency
            """,
            [creditor_id, chosen, chosen],
        )
        columns = list(zip(*cursor.fetchall(), strict=True)) or [[], [], [], []]
    return pa.table([pa.array(column, field.type) for column, field in zip(columns, BALANCES, strict=True)], schema=BALANCES)


def book_totals(
    *, creditor_id: int, from_on: date | None = None, until_on: date | None = None, kinds: Iterable[str] | None = None
) -> list[tuple[str, str, int]]:
    """Return (book, currency, amount_minor) of the postings booked in a half-open span of days, ordered by book and currency.

    Args:
        creditor_id: the creditor that is open in this transaction.
        from_on: first `booked_on`, None for the beginning.
        until_on: the day after the last `booked_on`, None for no end.
        kinds: only entries of these kinds; None for all.

    Guarantees: the amounts of each currency sum to zero over all books.
    """
    chosen = None if kinds is None else list(kinds)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT p.book, p.currency, sum(p.amount_minor)::bigint FROM ledger_posting p JOIN ledger_entry e ON e.id = p.entry_id
            WHERE p.creditor_id = %s AND (%s::date IS NULL OR p.booked_on >= %s) AND (%s::date IS NULL OR p.booked_on < %s)
              AND (%s::text[] IS NULL OR e.kind = ANY(%s::text[]))
            GROUP BY p.book, p.currency ORDER BY p.book, p.currency
            """,
            [creditor_id, from_on, from_on, until_on, until_on, chosen, chosen],
        )
        return [(book, currency, amount) for book, currency, amount in cursor.fetchall()]

"""Reading single entries."""

from __future__ import annotations

from django.db import connection


def entry_amounts(*, creditor_id: int, book: str) -> dict[int, int]:
    """Return, by entry, what it moves on one book, minor units, a debit above zero; entries that move nothing there are left out.

    Args:
        creditor_id: the creditor that is open in this transaction.
        book: one of `ledger.services.BOOKS`.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT entry_id, sum(amount_minor)::bigint FROM ledger_posting WHERE creditor_id = %s AND book = %s
            GROUP BY entry_id HAVING sum(amount_minor) <> 0 ORDER BY entry_id
            """,
            [creditor_id, book],
        )
        return dict(cursor.fetchall())

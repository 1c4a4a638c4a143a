"""Reading what moved the balance of single loans, entry by entry, and what waits in suspense under them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from duecourse.ledger.selectors.rows import dicts

_MOVEMENTS = """
SELECT p.account_id, p.currency, e.id AS entry_id, e.kind, e.source_kind, e.source_id, e.reverses_id, e.value_on, e.booked_on, e.known_at,
       coalesce(sum(p.amount_minor) FILTER (WHERE p.component = 'penalty'), 0)::bigint AS penalty_minor,
       coalesce(sum(p.amount_minor) FILTER (WHERE p.component = 'fee'), 0)::bigint AS fee_minor,
       coalesce(sum(p.amount_minor) FILTER (WHERE p.component = 'interest'), 0)::bigint AS interest_minor,
       coalesce(sum(p.amount_minor) FILTER (WHERE p.component = 'principal'), 0)::bigint AS principal_minor,
       sum(p.amount_minor)::bigint AS amount_minor
FROM ledger_posting p JOIN ledger_entry e ON e.creditor_id = p.creditor_id AND e.id = p.entry_id
WHERE p.creditor_id = %(creditor)s AND p.account_id = ANY(%(accounts)s::bigint[]) AND p.book = 'receivable'
GROUP BY p.account_id, p.currency, e.id
ORDER BY p.account_id, p.currency, e.booked_on, e.id
"""
_SUSPENDED = """
SELECT account_id, -sum(amount_minor)::bigint AS suspense_minor FROM ledger_posting
WHERE creditor_id = %(creditor)s AND account_id = ANY(%(accounts)s::bigint[]) AND book = 'suspense' GROUP BY account_id
"""
_ENTRY_TOTAL = """
SELECT coalesce(sum(amount_minor), 0)::bigint AS amount_minor FROM ledger_posting
WHERE creditor_id = %(creditor)s AND entry_id = %(entry)s AND book = %(book)s
"""


def receivable_movements(*, creditor_id: int, account_ids: Iterable[int]) -> list[dict[str, Any]]:
    """Return every entry that moved what loans owe, one dict per loan, currency and entry, by loan and in order of booking.

    Returns:
        dicts with account_id, currency, entry_id, kind, source_kind, source_id (text), reverses_id, value_on, booked_on, known_at, and
        penalty_minor, fee_minor, interest_minor, principal_minor and amount_minor: what the entry adds to each component, below zero
        what it takes off.

    Guarantees: the rows of a loan sum to its balance by component, as `receivable_balances` has it.
    """
    return dicts(_MOVEMENTS, creditor=creditor_id, accounts=list(account_ids))


def suspended_by_account(*, creditor_id: int, account_ids: Iterable[int]) -> dict[int, int]:
    """Return, by loan, what was paid for it beyond what was owed and waits in suspense, minor units; loans with none may be missing."""
    rows = dicts(_SUSPENDED, creditor=creditor_id, accounts=list(account_ids))
    return {row["account_id"]: row["suspense_minor"] for row in rows}


def entry_total(*, creditor_id: int, entry_id: int, book: str) -> int:
    """Return what one entry moved on a book, minor units, a debit above zero; 0 when it does not touch the book."""
    rows = dicts(_ENTRY_TOTAL, creditor=creditor_id, entry=entry_id, book=book)
    return int(rows[0]["amount_minor"])

"""Finding accounts: by number, by the debtor's identity. Call inside `acting(...)`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db import connection

from duecourse.ledger.selectors.rows import dicts
from duecourse.portfolio.selectors.sealing import identity_indexes


def account_ids_by_number(*, creditor_id: int, numbers: Iterable[str]) -> dict[str, int]:
    """Return account number → account id, of those that exist."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT number, id FROM portfolio_account WHERE creditor_id = %s AND number = ANY(%s)", [creditor_id, list(numbers)])
        return dict(cursor.fetchall())


def case_accounts_by_number(
    *, creditor_id: int, numbers: Iterable[str] | None = None, on: date | None = None
) -> dict[str, tuple[int, int]]:
    """Return account number → (case id, account id) of the accounts that are in a case now, or were on a day; no numbers ask for all."""
    chosen = None if numbers is None else list(numbers)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT a.number, ca.case_id, a.id FROM portfolio_account a"
            " JOIN portfolio_caseaccount ca ON ca.creditor_id = a.creditor_id AND ca.account_id = a.id"
            " AND (ca.until_on IS NULL OR ca.until_on > %s) AND (ca.from_on <= %s OR %s::date IS NULL)"
            " WHERE a.creditor_id = %s AND (%s::text[] IS NULL OR a.number = ANY(%s))",
            [on, on, on, creditor_id, chosen, chosen],
        )
        return {number: (case_id, account_id) for number, case_id, account_id in cursor.fetchall()}


def cases_by_number(*, creditor_id: int, number: str) -> list[dict[str, Any]]:
    """Return the cases, open ones first, that an account of this number is or was in, or that have it as their own; 50 at most."""
    own = int(number) if number.isascii() and number.isdecimal() and len(number) < 19 else None
    return dicts(
        "SELECT c.id AS case_id, coalesce(max(a.number) FILTER (WHERE a.number = %(number)s), max(a.number)) AS number, c.opened_on, c.closed_on"
        " FROM portfolio_case c"
        " JOIN portfolio_caseaccount ca ON ca.creditor_id = c.creditor_id AND ca.case_id = c.id"
        " JOIN portfolio_account a ON a.creditor_id = ca.creditor_id AND a.id = ca.account_id"
        " WHERE c.creditor_id = %(creditor_id)s AND c.id IN ("
        "  SELECT ca.case_id FROM portfolio_account a"
        "  JOIN portfolio_caseaccount ca ON ca.creditor_id = a.creditor_id AND ca.account_id = a.id"
        "  WHERE a.creditor_id = %(creditor_id)s AND a.number = %(number)s UNION ALL SELECT %(own)s::bigint)"
        " GROUP BY c.id, c.opened_on, c.closed_on ORDER BY c.closed_on DESC NULLS FIRST, c.id LIMIT 50",
        creditor_id=creditor_id,
        number=number,
        own=own,
    )


def accounts_by_identity_index(*, creditor_id: int, indexes: Iterable[bytes]) -> dict[bytes, list[int]]:
    """Return blind index → ids of the accounts its person answers for, in order; indexes nobody has are left out.

    Make the indexes with `identity_indexes`, which gives one per active key of the creditor.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT s.identity_index, array_agg(DISTINCT o.account_id ORDER BY o.account_id) FROM portfolio_personsecret s"
            " JOIN portfolio_obligation o ON o.creditor_id = s.creditor_id AND o.person_id = s.person_id AND o.until_on IS NULL"
            " WHERE s.creditor_id = %s AND s.identity_index = ANY(%s::bytea[]) GROUP BY s.identity_index",
            [creditor_id, list(indexes)],
        )
        return {bytes(index): accounts for index, accounts in cursor.fetchall()}


def accounts_by_identity(*, creditor_id: int, numbers: Iterable[str], kind: str = "resident_id") -> dict[str, list[int]]:
    """Return identity number → ids of the accounts that person answers for, whichever active key the index was made with."""
    number_of = identity_indexes(creditor_id, numbers=numbers, kind=kind)
    found = accounts_by_identity_index(creditor_id=creditor_id, indexes=number_of)
    return {number_of[index]: accounts for index, accounts in found.items()}

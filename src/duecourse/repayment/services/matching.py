"""Which account a payment belongs to: by its reference, else by who paid, else nobody knows yet."""

from __future__ import annotations

from typing import Any

from django.db import connection

from duecourse.portfolio.models import Account
from duecourse.portfolio.selectors import account_ids_by_number, accounts_by_identity_index

_LOCK = "SELECT id FROM portfolio_account WHERE creditor_id = %s AND id = ANY(%s) ORDER BY id FOR NO KEY UPDATE"


def match(*, creditor_id: int, rows: list[dict[str, Any]]) -> None:
    """Give every row `account_id` (or None) and `how` it was found: reference, blind_index or suspense.

    The account's number comes first. Without it, a payer who answers for exactly one account that is not closed pays that account; with several
    nobody can tell which one was meant (the debtor chooses, Civil Code art. 560), so it waits in suspense for a person. An account in another
    currency is no match.
    """
    numbers = {row["account_number"] for row in rows} - {None, ""}
    by_number = account_ids_by_number(creditor_id=creditor_id, numbers=numbers) if numbers else {}
    indexes = {index for row in rows if row["account_number"] not in by_number for index in row["payer_indexes"] or ()}
    by_payer = accounts_by_identity_index(creditor_id=creditor_id, indexes=indexes) if indexes else {}
    wanted = {*by_number.values(), *(account_id for accounts in by_payer.values() for account_id in accounts)}
    facts = {
        account_id: (currency, closed_on)
        for account_id, currency, closed_on in Account.objects.filter(pk__in=wanted).values_list("pk", "currency", "closed_on")
    }
    for row in rows:
        account_id, how = by_number.get(row["account_number"]), "reference"
        if account_id is None:
            open_ids = {number for index in row["payer_indexes"] or () for number in by_payer.get(index, ()) if facts[number][1] is None}
            account_id, how = (open_ids.pop(), "blind_index") if len(open_ids) == 1 else (None, "suspense")
        fits = account_id is not None and facts[account_id][0] == row["currency"]
        row["account_id"], row["how"] = (account_id, how) if fits else (None, "suspense")


def lock_accounts(*, creditor_id: int, account_ids: set[int]) -> None:
    """Lock accounts by id ascending until the transaction ends, so that no two payments meet the same debt."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [creditor_id, sorted(account_ids)])

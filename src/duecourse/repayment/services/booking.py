"""Booking payments: what each met by the order of imputation, and what was left over."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from django.db import connection

from duecourse.engine.frames import from_rows
from duecourse.engine.imputation import BALANCES, RECEIPTS, Order, impute_many
from duecourse.kit.clock import now
from duecourse.ledger.selectors import receivable_balances
from duecourse.ledger.services.bulk import CAUSES, SIDES, entries_post_many
from duecourse.repayment.selectors.money import ENTRY_KINDS
from duecourse.repayment.services.rows import columns

PAYMENT, SUSPENSE_MATCH, PAYMENT_REVERSAL, MATCH_REVERSAL = ENTRY_KINDS


_MATCHES = """
INSERT INTO repayment_paymentmatch (creditor_id, payment_id, account_id, how, entry_id, known_at)
SELECT %s, payment_id, account_id, how, entry_id, %s
FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::bigint[]) WITH ORDINALITY AS line (payment_id, account_id, how, entry_id, place)
ORDER BY line.place
"""


def payments_book(*, creditor_id: int, payments: list[dict[str, Any]], order: Order) -> None:
    """Book new payments, one entry each, and write where they belong; gives every payment its `imputed_minor`.

    Debit cash; credit the receivable of each component that was met; credit suspense with the rest, under the account if there is one.
    """
    sides = imputed_sides(creditor_id=creditor_id, payments=payments, order=order)
    for payment in payments:
        payment["imputed_minor"] = -sum(side["amount_minor"] for side in sides[payment["id"]])
        own = {"source_id": payment["id"], "currency": payment["currency"], "component": ""}
        sides[payment["id"]].append(own | {"book": "cash", "amount_minor": payment["amount_minor"], "account_id": None})
        left = payment["amount_minor"] - payment["imputed_minor"]
        if left:
            sides[payment["id"]].append(own | {"book": "suspense", "amount_minor": -left, "account_id": payment["account_id"]})
    causes = [{"source_id": p["id"], "value_on": p["paid_on"], "booked_on": p["booked_on"]} for p in payments]
    entry_ids = entries_post_many(
        creditor_id=creditor_id,
        kind=PAYMENT,
        source_kind="payment",
        causes=from_rows(causes, CAUSES),
        sides=from_rows([side for own in sides.values() for side in own], SIDES),
    )
    matches_insert(
        creditor_id=creditor_id,
        lines=[{"payment_id": p["id"], "account_id": p["account_id"], "how": p["how"], "entry_id": entry_ids[p["id"]]} for p in payments],
    )


def imputed_sides(*, creditor_id: int, payments: list[dict[str, Any]], order: Order) -> dict[int, list[dict[str, Any]]]:
    """Return, by payment, the credits of the receivables it meets, as rows of `ledger.services.bulk.SIDES`.

    Their accounts are locked by the caller. Payments of one account are applied in order of paid_on, then id.
    """
    matched = [payment for payment in payments if payment["account_id"]]
    currency = {payment["account_id"]: payment["currency"] for payment in matched}
    owed = receivable_balances(creditor_id=creditor_id, account_ids=list(currency))
    owed = owed.filter(pc.greater(owed["balance_minor"], 0)).to_pylist()
    balances = [
        {
            "group_id": row["account_id"],
            "account_id": row["account_id"],
            "instalment_number": 1,
            "component": row["component"],
            "amount_minor": row["balance_minor"],
            "secured_minor": 0,
            "burden_bp": 0,
        }
        for row in owed
        if row["currency"] == currency[row["account_id"]]
    ]
    receipts = dict(zip(RECEIPTS.names, columns(matched, "id", "account_id", "paid_on", "amount_minor"), strict=True))
    parts, _, _ = impute_many(pa.table(receipts, schema=RECEIPTS), from_rows(balances, BALANCES), order=order)
    sides: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for part in parts.to_pylist():
        side = {"source_id": part["payment_id"], "book": "receivable", "amount_minor": -part["amount_minor"]}
        side |= {"currency": currency[part["account_id"]], "account_id": part["account_id"], "component": part["component"]}
        sides[part["payment_id"]].append(side)
    return sides


def matches_insert(*, creditor_id: int, lines: list[dict[str, Any]]) -> None:
    """Write where payments belong, in the order given."""
    if lines:
        with connection.cursor() as cursor:
            cursor.execute(_MATCHES, [creditor_id, now(), *columns(lines, "payment_id", "account_id", "how", "entry_id")])

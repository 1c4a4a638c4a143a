"""Accounts that owe and are placed, payments as rows, and files of them."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
from django.db import connection

from duecourse.ledger.selectors import book_totals, receivable_balances
from duecourse.ledger.services import receivables_post
from duecourse.parties.access import acting
from duecourse.repayment import services
from tests.factories import Bank
from tests.placement import world as placing

BANK_ACCOUNT = "LX-collections-1"
PLACED_ON, LAST_ON, TAIL_ON = date(2026, 9, 2), date(2026, 12, 1), date(2026, 12, 6)
OWED = {"principal": 100_000, "interest": 3_000, "fee": 200, "penalty": 100}
TOTAL = sum(OWED.values())

_PLACED = """
SELECT a.id, a.number, ca.case_id, p.id, p.agency_id, p.batch_id FROM portfolio_account a
JOIN portfolio_caseaccount ca ON ca.creditor_id = a.creditor_id AND ca.account_id = a.id
LEFT JOIN placement_placement p ON p.creditor_id = ca.creditor_id AND p.case_id = ca.case_id
WHERE a.creditor_id = %s ORDER BY a.id
"""


@dataclass(frozen=True)
class Loan:
    """A placed account.

    Attributes:
        id: the account.
        number: as the bank calls it.
        case_id: the case it is worked in.
        placement_id: where the case is, or None.
        agency_id: with whom, or None.
        batch_id: in which batch, or None.
    """

    id: int
    number: str
    case_id: int
    placement_id: int | None
    agency_id: int | None
    batch_id: int | None


def placed(bank: Bank, count: int = 6, *, is_published: bool = True) -> list[Loan]:
    """Make accounts that owe `OWED` each, place their cases, and return them by id."""
    placing.cases(bank, count)
    if is_published:
        placing.published(bank)
    with acting(bank.system):
        loans = loans_of(bank)
        owe(bank, [loan.id for loan in loans])
    return loans


def loans_of(bank: Bank) -> list[Loan]:
    """Return the bank's accounts by id; inside `acting`."""
    with connection.cursor() as cursor:
        cursor.execute(_PLACED, [bank.id])
        return [Loan(*row) for row in cursor.fetchall()]


def owe(bank: Bank, account_ids: list[int], *, source_id: int = 1, **components: int) -> None:
    """Book what accounts owe, `OWED` unless other components are named; inside `acting`."""
    parts = components or OWED
    rows = {
        "account_id": [account_id for account_id in account_ids for _ in parts],
        "component": [name for _ in account_ids for name in parts],
        "amount_minor": [amount for _ in account_ids for amount in parts.values()],
    }
    on = date(2026, 9, 1)
    receivables_post(
        creditor_id=bank.id,
        source_kind="test",
        source_id=source_id,
        kind="opening",
        value_on=on,
        booked_on=on,
        currency="CNY",
        rows=pa.table(rows),
        against="opening",
    )


def pay(loan: Loan | None, amount_minor: int, *, on: date = date(2026, 9, 10), ref: str = "", **changes: Any) -> dict[str, Any]:
    """Return a payment as a row of a frame."""
    row = {
        "bank_account": BANK_ACCOUNT,
        "external_ref": ref or f"R{loan.id if loan else 0}-{amount_minor}-{on}",
        "amount_minor": amount_minor,
    }
    row |= {"currency": "CNY", "paid_on": on, "booked_on": on, "account_number": loan.number if loan else None, "reverses_ref": None}
    return row | changes


def take_back(payment: dict[str, Any], *, on: date, **changes: Any) -> dict[str, Any]:
    """Return the reversal of a payment."""
    own = {
        "external_ref": f"X-{payment['external_ref']}",
        "reverses_ref": payment["external_ref"],
        "amount_minor": -payment["amount_minor"],
    }
    return payment | own | {"paid_on": on, "booked_on": on} | changes


def frame(rows: list[dict[str, Any]]) -> pa.Table:
    """Return rows as the frame that `payments_record` takes."""
    names = [name for name in services.PAYMENTS.names if not rows or any(name in row for row in rows)]
    schema = pa.schema([services.PAYMENTS.field(name) for name in names])
    return pa.Table.from_pylist(rows, schema=schema)


def record(bank: Bank, *rows: dict[str, Any], **options: Any) -> services.PaymentsRecorded:
    """Record payments as Fan."""
    return services.payments_record(actor=bank.fan, frame=frame(list(rows)), **options)


def owed(bank: Bank, loan: Loan) -> dict[str, int]:
    """Return what an account owes by component; inside `acting`."""
    balances = receivable_balances(creditor_id=bank.id, account_ids=[loan.id]).to_pylist()
    return {row["component"]: row["balance_minor"] for row in balances}


def books(bank: Bank) -> dict[str, int]:
    """Return the ledger's totals by book; inside `acting`."""
    return {book: amount for book, _, amount in book_totals(creditor_id=bank.id)}


def write(path: Path, rows: list[dict[str, Any]], *, encoding: str = "utf-8") -> Path:
    """Write payments as a native CSV file; amounts in yuan."""
    names = [
        "bank_account",
        "external_ref",
        "amount",
        "currency",
        "paid_on",
        "booked_on",
        "account_number",
        "payer_id_number",
        "reverses_ref",
    ]
    with path.open("w", encoding=encoding, newline="") as sink:
        writer = csv.DictWriter(sink, fieldnames=names, extrasaction="ignore", restval="")
        writer.writeheader()
        for row in rows:
            minor = row.get("amount_minor", 0)
            sign = "-" if minor < 0 else ""
            writer.writerow({"amount": f"{sign}{abs(minor) // 100}.{abs(minor) % 100:02d}"} | row)
    return path

"""What came in, what it met, and what waits in suspense."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta
from typing import Any

import pyarrow as pa

from duecourse.kit.errors import Absent
from duecourse.ledger.selectors import book_totals
from duecourse.ledger.selectors.entries import entry_amounts
from duecourse.ledger.selectors.rows import dicts, frame
from duecourse.parties.access import Actor
from duecourse.repayment.models import Payment

ENTRY_KINDS = ("payment", "suspense_match", "payment_reversal", "suspense_match_reversal")
"""The kinds of entries of this room, in the ledger; the row that caused them is always a payment."""

PAYMENTS_OF_WINDOW = pa.schema(
    [
        pa.field("payment_id", pa.int64(), nullable=False),
        pa.field("amount_minor", pa.int64(), nullable=False),
        pa.field("currency", pa.string(), nullable=False),
        pa.field("paid_on", pa.date32(), nullable=False),
        pa.field("booked_on", pa.date32(), nullable=False),
        pa.field("body_hash", pa.string(), nullable=False),
    ]
)
"""The payments of a window; its digest tells whether anything came in since."""

_RECEIVED = """
SELECT currency, sum(amount_minor)::bigint AS minor FROM repayment_payment
WHERE creditor_id = %(creditor)s AND booked_on BETWEEN %(first)s AND %(last)s GROUP BY currency
"""
_WINDOW = """
SELECT id, amount_minor, currency, paid_on, booked_on, body_hash FROM repayment_payment
WHERE creditor_id = %(creditor)s AND booked_on BETWEEN %(first)s AND %(last)s AND (%(known)s::timestamptz IS NULL OR known_at <= %(known)s)
ORDER BY id
"""
_ENTRIES = """
SELECT p.id AS payment_id, coalesce(p.reverses_id, p.id) AS original_id, m.entry_id, m.account_id FROM repayment_paymentmatch m
JOIN repayment_payment p ON p.creditor_id = m.creditor_id AND p.id = m.payment_id
WHERE m.creditor_id = %(creditor)s AND m.entry_id = ANY(%(entries)s)
"""
_SUSPENDED = """
SELECT p.id AS payment_id, p.bank_account, p.external_ref, p.account_reference, p.amount_minor, p.currency, p.paid_on, p.booked_on, p.channel,
       (SELECT m.account_id FROM repayment_paymentmatch m WHERE m.creditor_id = p.creditor_id AND m.payment_id = p.id ORDER BY m.id DESC LIMIT 1)
       AS account_id
FROM repayment_payment p WHERE p.creditor_id = %(creditor)s AND p.id = ANY(%(payments)s) ORDER BY p.booked_on, p.id
"""


def access_payment(actor: Actor, *, payment_id: int) -> Payment:
    """Return a payment.

    Raises:
        Absent: it does not exist, or is not the actor's to see.
    """
    payment = Payment.objects.filter(creditor_id=actor.creditor_id, pk=payment_id).first()
    if payment is None:
        raise Absent(entity="payment")
    return payment


def money_window(*, creditor_id: int, first_on: date, last_on: date) -> list[dict[str, Any]]:
    """Return, per currency in order, the money booked in a span of days, both included, as two independent accounts of it.

    Returns:
        dicts with currency; `received_minor`, the sum of the payments' rows, reversals below zero; and from the ledger alone `cash_minor`,
        `imputed_minor` (what receivables went down by), `suspense_minor` (what suspense went up by) and `posted_minor`, the sum over all
        books. Where the books are right, received = cash = imputed + suspense and posted = 0.
    """
    window = {"creditor": creditor_id, "first": first_on, "last": last_on}
    found: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in dicts(_RECEIVED, **window):
        found[row["currency"]]["received"] = row["minor"]
    totals = book_totals(creditor_id=creditor_id, from_on=first_on, until_on=last_on + timedelta(days=1), kinds=ENTRY_KINDS)
    for book, currency, amount_minor in totals:
        found[currency][book] = amount_minor
        found[currency]["posted"] += amount_minor
    return [
        {
            "currency": currency,
            "received_minor": sums["received"],
            "cash_minor": sums["cash"],
            "imputed_minor": -sums["receivable"],
            "suspense_minor": -sums["suspense"],
            "posted_minor": sums["posted"],
        }
        for currency, sums in sorted(found.items())
    ]


def payments_frame(*, creditor_id: int, first_on: date, last_on: date, known_at: datetime | None = None) -> pa.Table:
    """Return PAYMENTS_OF_WINDOW booked in a span of days, both included, as known at an instant or now."""
    window = {"creditor": creditor_id, "first": first_on, "last": last_on, "known": known_at}
    return frame(_WINDOW, schema=PAYMENTS_OF_WINDOW, **window)


def suspense_list(*, creditor_id: int) -> list[dict[str, Any]]:
    """Return the payments that hold money in suspense, oldest booking first: wholly, or what was left over after they met a debt.

    Returns:
        dicts with payment_id, bank_account, external_ref, account_reference, amount_minor, currency, paid_on, booked_on, channel,
        account_id (None when it belongs to no account yet) and suspense_minor, as the ledger has it.
    """
    amounts = entry_amounts(creditor_id=creditor_id, book="suspense")
    held: dict[int, int] = defaultdict(int)
    counted = set()
    for row in dicts(_ENTRIES, creditor=creditor_id, entries=list(amounts)):
        if row["entry_id"] not in counted:
            held[row["original_id"]] -= amounts[row["entry_id"]]
            counted.add(row["entry_id"])
    payments = [payment_id for payment_id, minor in held.items() if minor]
    rows = dicts(_SUSPENDED, creditor=creditor_id, payments=payments)
    return [row | {"suspense_minor": held[row["payment_id"]]} for row in rows]

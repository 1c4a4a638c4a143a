"""Reversals: what the bank takes back is taken back everywhere, whole."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.db import connection

from duecourse.ledger.services import entry_reverse
from duecourse.repayment.services.attribution import attributions_insert
from duecourse.repayment.services.booking import MATCH_REVERSAL, PAYMENT_REVERSAL, matches_insert
from duecourse.repayment.services.rows import columns, row_problem

if TYPE_CHECKING:
    from duecourse.repayment.services.record import Inserted

LOCK_CLASS = 0x9A9
_ORIGINALS = """
SELECT p.bank_account, p.external_ref, p.id, p.amount_minor, p.currency FROM repayment_payment p
JOIN unnest(%s::text[], %s::text[]) AS line (bank_account, external_ref) USING (bank_account, external_ref)
WHERE p.creditor_id = %s AND p.reverses_id IS NULL
"""
_REVERSED = "SELECT reverses_id, bank_account, external_ref FROM repayment_payment WHERE creditor_id = %s AND reverses_id = ANY(%s)"
_MATCHES = "SELECT payment_id, account_id, entry_id FROM repayment_paymentmatch WHERE creditor_id = %s AND payment_id = ANY(%s) ORDER BY id"
_ATTRIBUTED = """
SELECT payment_id, placement_id, account_id, amount_minor, currency, rule FROM repayment_attribution
WHERE creditor_id = %s AND payment_id = ANY(%s)
"""


def lock_payments(payment_ids: list[int]) -> None:
    """Lock payments by id ascending until the transaction ends: payments are append-only, so the lock is an advisory one."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashint8(id)) FROM unnest(%s::bigint[]) AS id", [LOCK_CLASS, sorted(payment_ids)])


def reversals_insert(*, creditor_id: int, rows: list[dict[str, Any]], insert: Callable[[list[dict[str, Any]]], Inserted]) -> Inserted:
    """Insert reversals, each naming its original, which is locked; the new ones get the `account_id` of the original.

    A reversal is of a whole payment, and a payment is reversed once.
    """
    originals = _originals(creditor_id, rows)
    lock_payments([original["id"] for original in originals.values()])
    reversed_by = _reversed_by(creditor_id, originals)
    problems, wanted = [], []
    for row in rows:
        original = originals.get((row["bank_account"], row["reverses_ref"]))
        code, parameters = _fault(row, original, reversed_by)
        if code:
            problems.append(row_problem(code, row=row["row"], **parameters))
        else:
            reversed_by.setdefault(original["id"], (row["bank_account"], row["external_ref"]))
            wanted.append(row | {"reverses_id": original["id"]})
    done = insert(wanted)
    done.problems += problems
    matches = _matches(creditor_id, [row["reverses_id"] for row in done.new])
    for row in done.new:
        made = matches[row["reverses_id"]]
        row["account_id"] = made[-1]["account_id"] if made else None
    return done


def reversals_book(*, creditor_id: int, reversals: list[dict[str, Any]]) -> None:
    """Take back every entry of the originals, the newest first, and what they counted for, on the reversals' own days."""
    matches = _matches(creditor_id, [row["reverses_id"] for row in reversals])
    lines = []
    for row in reversals:
        made = matches[row["reverses_id"]]
        for number, matched in reversed(list(enumerate(made))):
            entry_id = entry_reverse(
                creditor_id=creditor_id,
                entry_id=matched["entry_id"],
                source_kind="payment",
                source_id=row["id"],
                value_on=row["paid_on"],
                booked_on=row["booked_on"],
                kind=MATCH_REVERSAL if number else PAYMENT_REVERSAL,
            )
            account_id = made[-1]["account_id"]
            how = "reversal" if account_id else "suspense"
            lines.append({"payment_id": row["id"], "account_id": account_id, "how": how, "entry_id": entry_id})
    matches_insert(creditor_id=creditor_id, lines=lines)
    _attribute(creditor_id, reversals)


def _attribute(creditor_id: int, reversals: list[dict[str, Any]]) -> None:
    by_original = {row["reverses_id"]: row for row in reversals}
    if not by_original:
        return
    with connection.cursor() as cursor:
        cursor.execute(_ATTRIBUTED, [creditor_id, list(by_original)])
        names = [column.name for column in cursor.description]
        counted = [dict(zip(names, line, strict=True)) for line in cursor.fetchall()]
    lines = []
    for line in counted:
        row = by_original[line["payment_id"]]
        own = {"payment_id": row["id"], "amount_minor": -line["amount_minor"], "recognised_on": row[f"{line['rule']}_on"]}
        lines.append(line | own)
    attributions_insert(creditor_id=creditor_id, lines=lines)


def _fault(row: dict[str, Any], original: dict[str, Any] | None, reversed_by: dict[int, tuple[str, str]]) -> tuple[str, dict[str, Any]]:
    if original is None:
        return "OriginalAbsent", {}
    if reversed_by.get(original["id"], (row["bank_account"], row["external_ref"])) != (row["bank_account"], row["external_ref"]):
        return "ReversedTwice", {}
    if (row["currency"], -row["amount_minor"]) != (original["currency"], original["amount_minor"]):
        return "ReversalPartial", {"original_minor": original["amount_minor"], "currency": original["currency"]}
    return "", {}


def _originals(creditor_id: int, rows: list[dict[str, Any]]) -> dict[tuple[str, str], dict[str, Any]]:
    if not rows:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_ORIGINALS, [*columns(rows, "bank_account", "reverses_ref"), creditor_id])
        found = cursor.fetchall()
    return {(bank, ref): {"id": number, "amount_minor": amount, "currency": currency} for bank, ref, number, amount, currency in found}


def _reversed_by(creditor_id: int, originals: dict[tuple[str, str], dict[str, Any]]) -> dict[int, tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(_REVERSED, [creditor_id, [original["id"] for original in originals.values()]])
        return {original_id: (bank_account, external_ref) for original_id, bank_account, external_ref in cursor.fetchall()}


def _matches(creditor_id: int, payment_ids: list[int]) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_MATCHES, [creditor_id, payment_ids])
        for payment_id, account_id, entry_id in cursor.fetchall():
            found[payment_id].append({"account_id": account_id, "entry_id": entry_id})
    return found

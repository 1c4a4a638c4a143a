"""Recording payments: each once, matched, imputed, booked and attributed, all in one transaction."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
from django.db import connection

from duecourse.engine.imputation import CIVIL_CODE_561, ORDERS, Order
from duecourse.kit.clock import now
from duecourse.kit.errors import Problem
from duecourse.ledger.services import audit_append, statistics_refresh
from duecourse.parties.access import Actor, acting, require
from duecourse.parties.models import Role
from duecourse.repayment.errors import OrderUnknown
from duecourse.repayment.services.attribution import attribute
from duecourse.repayment.services.booking import payments_book
from duecourse.repayment.services.matching import lock_accounts, match
from duecourse.repayment.services.reversals import reversals_book, reversals_insert
from duecourse.repayment.services.rows import PAYMENTS, columns, row_problem, sound_rows

__all__ = ["PAYMENTS", "PaymentsRecorded", "payments_record"]

_INSERT = """
INSERT INTO repayment_payment (creditor_id, payment_file_id, bank_account, external_ref, body_hash, amount_minor, currency, paid_on, booked_on,
                               account_reference, payer_index, channel, reverses_id, known_at)
SELECT %s, %s, bank_account, external_ref, body_hash, amount_minor, currency, paid_on, booked_on,
       coalesce(account_number, ''), payer_index, coalesce(channel, ''), reverses_id, %s
FROM unnest(%s::text[], %s::text[], %s::text[], %s::bigint[], %s::text[], %s::date[], %s::date[], %s::text[], %s::bytea[], %s::text[], %s::bigint[])
    AS line (bank_account, external_ref, body_hash, amount_minor, currency, paid_on, booked_on, account_number, payer_index, channel, reverses_id)
ORDER BY line.bank_account, line.external_ref
ON CONFLICT (creditor_id, bank_account, external_ref) DO NOTHING RETURNING bank_account, external_ref, id
"""
_STORED = """
SELECT p.bank_account, p.external_ref, p.body_hash FROM repayment_payment p
JOIN unnest(%s::text[], %s::text[]) AS line (bank_account, external_ref) USING (bank_account, external_ref) WHERE p.creditor_id = %s
"""
_FILLED = ("repayment_payment", "repayment_paymentmatch", "repayment_attribution", "ledger_entry", "ledger_posting")
_COLUMNS = ("bank_account", "external_ref", "body_hash", "amount_minor", "currency", "paid_on", "booked_on", "account_number")


@dataclass(frozen=True, slots=True)
class PaymentsRecorded:
    """What came of a frame of payments.

    Attributes:
        payment_count: payments that are new.
        reversal_count: reversals that are new.
        duplicate_count: rows that were recorded before, with the same body, or stand in the frame twice.
        suspense_count: new payments that belong to no account yet.
        attributed_count: new payments that count for a placement.
        received_minor: by currency, the sum of new payments and reversals.
        problems: one per rejected row.

    Guarantees: rows in = payment_count + reversal_count + duplicate_count + len(problems).
    """

    payment_count: int = 0
    reversal_count: int = 0
    duplicate_count: int = 0
    suspense_count: int = 0
    attributed_count: int = 0
    received_minor: dict[str, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def payments_record(
    *, actor: Actor, frame: pa.Table, payment_file_id: int | None = None, order: str = CIVIL_CODE_561.name
) -> PaymentsRecorded:
    """Record payments and reversals, all good rows in one transaction.

    Args:
        actor: an accountant or manager of the creditor, or the system.
        frame: `PAYMENTS`.
        payment_file_id: the file they came in.
        order: name of the order of imputation, one of `engine.imputation.ORDERS`.

    Raises:
        Forbidden: the actor has another role.
        FrameMismatch: the frame has another form.
        OrderUnknown: there is no such order.

    Guarantees: a (bank account, reference) is recorded once, and the same row again changes nothing; every payment has one entry, and
        Σ cash = Σ imputed + Σ suspense; accounts are locked by id while their balances are read and met, so no debt is met twice.
    """
    require(actor, Role.ACCOUNTANT, Role.MANAGER, action="record payments")
    if order not in ORDERS:
        raise OrderUnknown(order=order, known=", ".join(sorted(ORDERS)))
    with acting(actor):
        return _recorded(actor.creditor_id, frame, payment_file_id, ORDERS[order])


def _recorded(creditor_id: int, frame: pa.Table, payment_file_id: int | None, order: Order) -> PaymentsRecorded:
    rows, problems, duplicate_count = sound_rows(frame)
    payments = _insert(creditor_id, payment_file_id, [row | {"reverses_id": None} for row in rows if row["amount_minor"] > 0])
    match(creditor_id=creditor_id, rows=payments.new)
    reversals = reversals_insert(
        creditor_id=creditor_id,
        rows=[row for row in rows if row["amount_minor"] < 0],
        insert=lambda wanted: _insert(creditor_id, payment_file_id, wanted),
    )
    account_ids = {row["account_id"] for row in [*payments.new, *reversals.new]} - {None}
    lock_accounts(creditor_id=creditor_id, account_ids=account_ids)
    payments_book(creditor_id=creditor_id, payments=payments.new, order=order)
    attributed_count = attribute(creditor_id=creditor_id, payments=payments.new)
    reversals_book(creditor_id=creditor_id, reversals=reversals.new)
    statistics_refresh(*_FILLED, row_count=len(payments.new))
    received: Counter[str] = Counter()
    for row in [*payments.new, *reversals.new]:
        received[row["currency"]] += row["amount_minor"]
    result = PaymentsRecorded(
        payment_count=len(payments.new),
        reversal_count=len(reversals.new),
        duplicate_count=duplicate_count + payments.duplicate_count + reversals.duplicate_count,
        suspense_count=sum(row["how"] == "suspense" for row in payments.new),
        attributed_count=attributed_count,
        received_minor=dict(received),
        problems=sorted([*problems, *payments.problems, *reversals.problems], key=lambda problem: problem.row),
    )
    if payments.new or reversals.new:
        _note(creditor_id, payment_file_id, result)
    return result


@dataclass(slots=True)
class Inserted:
    """Rows that became payments, with their `id`; rows that were there before; problems of the others."""

    new: list[dict[str, Any]] = field(default_factory=list)
    duplicate_count: int = 0
    problems: list[Problem] = field(default_factory=list)


def _insert(creditor_id: int, payment_file_id: int | None, rows: list[dict[str, Any]]) -> Inserted:
    """Insert rows in order of their references, which is also the order of waiting for somebody who inserts the same ones."""
    done = Inserted()
    if not rows:
        return done
    values = columns(rows, *_COLUMNS)
    values.append([row["payer_indexes"][0] if row["payer_indexes"] else None for row in rows])
    values += columns(rows, "channel", "reverses_id")
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, [creditor_id, payment_file_id, now(), *values])
        ids = {(bank_account, external_ref): payment_id for bank_account, external_ref, payment_id in cursor.fetchall()}
        stored: dict[tuple[str, str], str] = {}
        if len(ids) < len(rows):
            cursor.execute(_STORED, [*columns(rows, "bank_account", "external_ref"), creditor_id])
            stored = {(bank_account, external_ref): body_hash for bank_account, external_ref, body_hash in cursor.fetchall()}
    for row in rows:
        key = row["bank_account"], row["external_ref"]
        if key in ids:
            done.new.append(row | {"id": ids[key]})
        elif stored[key] == row["body_hash"]:
            done.duplicate_count += 1
        else:
            done.problems.append(row_problem("ReferenceConflict", row=row["row"]))
    return done


def _note(creditor_id: int, payment_file_id: int | None, result: PaymentsRecorded) -> None:
    names = ("payment_count", "reversal_count", "duplicate_count", "suspense_count", "attributed_count", "received_minor")
    audit_append(
        creditor_id=creditor_id,
        action="payments_recorded",
        subject_kind="payment_file",
        subject_id=payment_file_id or 0,
        details={name: getattr(result, name) for name in names},
    )

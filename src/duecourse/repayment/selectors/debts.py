"""A debt explained: from what was first taken in to what is owed now, line by line, so that the sums can be checked by hand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from duecourse.ledger.selectors.movements import receivable_movements, suspended_by_account
from duecourse.ledger.selectors.rows import dicts

COMPONENTS = ("penalty", "fee", "interest", "principal")
"""The components of a debt, in the order of the columns."""

CAUSES = ("opening", "accrued", "paid", "reversed", "other")
"""What may move a debt, in the order of the summary: first taken in, added or taken off by later files, paid, taken back by the bank, else."""

_CAUSE_OF = {
    "opening": "opening",
    "tape_difference": "accrued",
    "payment": "paid",
    "suspense_match": "paid",
    "payment_reversal": "reversed",
    "suspense_match_reversal": "reversed",
}
_PAYMENTS = """
SELECT p.id, p.external_ref, p.bank_account, p.amount_minor, p.paid_on, p.booked_on, p.channel, p.reverses_id, o.external_ref AS reverses_ref
FROM repayment_payment p LEFT JOIN repayment_payment o ON o.creditor_id = p.creditor_id AND o.id = p.reverses_id
WHERE p.creditor_id = %(creditor)s AND p.id = ANY(%(payments)s::bigint[])
"""
ROWS_MAX = 60


@dataclass(frozen=True, slots=True)
class Parts:
    """An amount by component, minor units."""

    penalty: int = 0
    fee: int = 0
    interest: int = 0
    principal: int = 0

    @property
    def total(self) -> int:
        """The sum of the components."""
        return self.penalty + self.fee + self.interest + self.principal

    def __add__(self, other: Parts) -> Parts:
        return Parts(*(mine + theirs for mine, theirs in zip(self.amounts, other.amounts, strict=True)))

    @property
    def amounts(self) -> tuple[int, int, int, int]:
        """The components in the order of COMPONENTS."""
        return (self.penalty, self.fee, self.interest, self.principal)


@dataclass(frozen=True, slots=True)
class DebtLine:
    """One entry of the ledger as it moved a debt.

    Attributes:
        cause: one of CAUSES, or `carried` for the lines before those that are shown.
        entry_id: the entry, 0 for `carried`.
        kind: the entry's kind.
        booked_on: the day whose books it entered.
        value_on: the day from which it counts.
        known_at: when it was booked; None for `carried`.
        parts: what it added to each component, below zero what it took off.
        balance_minor: what was owed after it.
        payment: for money that came in or was taken back, the payment's row as a dict; else None.
        line_count: 1, or how many lines are carried.
    """

    cause: str
    entry_id: int
    kind: str
    booked_on: date
    value_on: date
    known_at: datetime | None
    parts: Parts
    balance_minor: int
    payment: dict[str, Any] | None = None
    line_count: int = 1


@dataclass(frozen=True, slots=True)
class Debt:
    """What an account owes in a currency, and how it came to that.

    Attributes:
        account_id: the account.
        currency: ISO code.
        sums: by cause that occurs, in the order of CAUSES, the sum of its lines.
        lines: every line in order of booking; the oldest of a long history as one line `carried`.
        balance: what is owed now by component.
        suspense_minor: what was paid for the account beyond what was owed, and waits.

    Guarantees: Σ sums = Σ lines = balance, component by component; the last line's `balance_minor` is the balance's total.
    """

    account_id: int
    currency: str
    sums: dict[str, Parts]
    lines: list[DebtLine]
    balance: Parts
    suspense_minor: int = 0
    line_count: int = field(default=0)


def debts_explained(*, creditor_id: int, account_ids: Iterable[int], rows_max: int = ROWS_MAX) -> list[Debt]:
    """Return the debts of some accounts from the ledger alone, one per account and currency, by account.

    Args:
        creditor_id: the creditor that is open in this transaction, on its own side: agencies do not see the books.
        account_ids: which; an account that was never booked has no debt here.
        rows_max: lines shown of each; what is older is carried in one.

    Source: docs/algorithms/imputation.md for the order in which a payment meets the components.
    """
    wanted = list(account_ids)
    movements = receivable_movements(creditor_id=creditor_id, account_ids=wanted)
    suspended = suspended_by_account(creditor_id=creditor_id, account_ids=wanted)
    payments = _payments(creditor_id, movements)
    found: dict[tuple[int, str], list[dict[str, Any]]] = defaultdict(list)
    for row in movements:
        found[row["account_id"], row["currency"]].append(row)
    return [_debt(key, rows, payments, suspended.get(key[0], 0), rows_max) for key, rows in found.items()]


def _debt(
    key: tuple[int, str], rows: Sequence[dict[str, Any]], payments: dict[int, dict[str, Any]], suspense_minor: int, rows_max: int, /
) -> Debt:
    sums: dict[str, Parts] = defaultdict(Parts)
    lines: list[DebtLine] = []
    balance = Parts()
    for row in rows:
        parts = Parts(*(row[f"{name}_minor"] for name in COMPONENTS))
        cause = _CAUSE_OF.get(row["kind"], "other")
        balance += parts
        sums[cause] += parts
        payment = payments.get(int(row["source_id"])) if row["source_kind"] == "payment" else None
        lines.append(
            DebtLine(
                cause=cause,
                entry_id=row["entry_id"],
                kind=row["kind"],
                booked_on=row["booked_on"],
                value_on=row["value_on"],
                known_at=row["known_at"],
                parts=parts,
                balance_minor=balance.total,
                payment=payment,
            )
        )
    ordered = {cause: sums[cause] for cause in CAUSES if cause in sums}
    return Debt(key[0], key[1], ordered, _carried(lines, rows_max), balance, suspense_minor, len(lines))


def _carried(lines: list[DebtLine], rows_max: int) -> list[DebtLine]:
    """Return the newest lines, those before them summed in one."""
    if len(lines) <= rows_max:
        return lines
    older, newer = lines[: -rows_max + 1], lines[-rows_max + 1 :]
    last = older[-1]
    parts = sum((line.parts for line in older), Parts())
    return [DebtLine("carried", 0, "", last.booked_on, last.value_on, None, parts, last.balance_minor, None, len(older)), *newer]


def _payments(creditor_id: int, movements: Sequence[dict[str, Any]]) -> dict[int, dict[str, Any]]:
    wanted = sorted({int(row["source_id"]) for row in movements if row["source_kind"] == "payment"})
    return {row["id"]: row for row in dicts(_PAYMENTS, creditor=creditor_id, payments=wanted)} if wanted else {}

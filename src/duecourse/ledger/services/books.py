"""Booking: entries whose postings sum to zero, and their reversals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from datetime import date
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
from django.db import connection, transaction

from duecourse.engine.frames import conform
from duecourse.kit.clock import now
from duecourse.ledger.errors import EntryConflict, EntryReversed, PostingsRefused
from duecourse.ledger.models import Entry

BOOKS = frozenset({"receivable", "opening", "accrual", "cash", "suspense", "commission_expense", "commission_payable", "written_off"})
COMPONENTS = frozenset({"", "principal", "interest", "fee", "penalty"})
_REVERSAL_LOCK_CLASS = 0x0BAC
RECEIVABLES = pa.schema(
    [
        pa.field("account_id", pa.int64(), nullable=False),
        pa.field("component", pa.string(), nullable=False),
        pa.field("amount_minor", pa.int64(), nullable=False),
    ]
)


@dataclass(frozen=True, slots=True)
class PostingLine:
    """One side of an entry.

    Attributes:
        book: one of `BOOKS`.
        amount_minor: minor units, a debit above zero, a credit below.
        currency: ISO code.
        account_id: the loan, where the book is kept by loan.
        agency_id: the agency, where the book is kept by agency.
        instalment_number: the instalment of the loan's schedule, or None.
        component: one of `COMPONENTS`.
    """

    book: str
    amount_minor: int
    currency: str
    account_id: int | None = None
    agency_id: int | None = None
    instalment_number: int | None = None
    component: str = ""


class _Cause(NamedTuple):
    """What makes an entry the same entry: whose, which kind, caused by what; and its dates."""

    creditor_id: int
    kind: str
    source_kind: str
    source_id: str
    value_on: date
    booked_on: date
    reverses_id: int | None = None


class _Lines(NamedTuple):
    """The postings of one entry, column by column, all of one length."""

    book: list[str]
    amount_minor: list[int]
    currency: list[str]
    account_id: list[int | None]
    agency_id: list[int | None]
    instalment_number: list[int | None]
    component: list[str]


def array_text(values: Sequence[int | str | None]) -> str:
    """Return PostgreSQL's text of an array, which the driver passes on far faster than a list of as many values."""
    written = {value: _element(value) for value in set(values)}
    return f"{{{','.join([written[value] for value in values])}}}"


def entry_post(
    *,
    creditor_id: int,
    kind: str,
    source_kind: str,
    source_id: int | str,
    value_on: date,
    booked_on: date,
    postings: Iterable[PostingLine],
    reverses_id: int | None = None,
) -> int:
    """Book one entry and return its id; the same cause with the same content returns the id it had.

    Args:
        creditor_id: the creditor that is open in this transaction.
        kind: kind of entry, part of its identity.
        source_kind: kind of the row that caused it.
        source_id: that row's id.
        value_on: the day from which it counts.
        booked_on: the day whose books it enters.
        postings: its sides, in any order.
        reverses_id: the entry it takes back; use `entry_reverse` for a whole reversal.

    Raises:
        PostingsRefused: no postings, a zero amount, an unknown book or component, or a currency that does not sum to zero.
        EntryConflict: the cause is booked already with other dates or postings.

    Guarantees: entry and postings are written together or not at all; the database checks the balance again at commit.
    """
    lines = _Lines(*(list(column) for column in zip(*map(astuple, postings), strict=True))) if (postings := list(postings)) else None
    cause = _Cause(creditor_id, kind, source_kind, str(source_id), value_on, booked_on, reverses_id)
    return _book(cause, lines or _Lines([], [], [], [], [], [], []))


def entry_reverse(
    *, creditor_id: int, entry_id: int, source_kind: str, source_id: int | str, value_on: date, booked_on: date, kind: str = "reversal"
) -> int:
    """Book the opposite of every posting of an entry and return the new entry's id; a repeat returns the same id.

    Raises:
        PostingsRefused: the entry has no postings that this creditor can see.
        EntryReversed: it is reversed already, by another cause.
        EntryConflict: this cause is booked already with another content.
    """
    lines = _lines_of(entry_id)
    opposite = lines._replace(amount_minor=[-amount for amount in lines.amount_minor])
    cause = _Cause(creditor_id, kind, source_kind, str(source_id), value_on, booked_on, entry_id)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashint8(%s))", [_REVERSAL_LOCK_CLASS, entry_id])
    present = Entry.objects.filter(reverses_id=entry_id).first()
    if present and (present.kind, present.source_kind, present.source_id) != (kind, source_kind, str(source_id)):
        raise EntryReversed(entry_id=entry_id, reversal_id=present.pk)
    return _book(cause, opposite)


def receivables_post(
    *,
    creditor_id: int,
    source_kind: str,
    source_id: int | str,
    kind: str,
    value_on: date,
    booked_on: date,
    currency: str,
    rows: pa.Table,
    against: str,
) -> int:
    """Book many receivables as one entry against one book and return its id; the same rows again return the same id.

    Args:
        creditor_id: the creditor that is open in this transaction.
        source_kind: kind of the row that caused it.
        source_id: that row's id, with the number of the chunk when there are several.
        kind: kind of entry.
        value_on: the day from which it counts.
        booked_on: the day whose books it enters.
        currency: ISO code of every amount.
        rows: frame of `RECEIVABLES`: account_id int64, component string, amount_minor int64 (an increase is above zero); zeros are left out.
        against: the book that takes the other side in one posting, 'opening' or 'accrual'.

    Returns:
        The entry's id, or 0 when every amount is zero and nothing is booked.

    Raises:
        FrameMismatch: the frame has another form.
        PostingsRefused: an unknown book or component.
        EntryConflict: the cause is booked already with another content.
    """
    rows = conform(rows, RECEIVABLES, name="RECEIVABLES")
    rows = rows.filter(pc.not_equal(rows["amount_minor"], 0))
    if not rows.num_rows:
        return 0
    amounts = rows["amount_minor"].to_pylist()
    others = [-sum(amounts)] if sum(amounts) else []
    count, other_count = len(amounts), len(others)
    nothing: list[int | None] = [None] * (count + other_count)
    lines = _Lines(
        book=["receivable"] * count + [against] * other_count,
        amount_minor=amounts + others,
        currency=[currency] * (count + other_count),
        account_id=rows["account_id"].to_pylist() + [None] * other_count,
        agency_id=nothing,
        instalment_number=nothing,
        component=rows["component"].to_pylist() + [""] * other_count,
    )
    return _book(_Cause(creditor_id, kind, source_kind, str(source_id), value_on, booked_on), lines)


_INSERT_ENTRY = """
INSERT INTO ledger_entry (creditor_id, kind, source_kind, source_id, value_on, booked_on, reverses_id, known_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (creditor_id, kind, source_kind, source_id) DO NOTHING RETURNING id
"""
_COLUMNS = ", ".join(_Lines._fields)
_UNNEST = f"""
unnest(%s::text[], %s::bigint[], %s::text[], %s::bigint[], %s::bigint[], %s::int[], %s::text[]) AS line ({_COLUMNS})
"""
_INSERT_POSTINGS = f"""
INSERT INTO ledger_posting (creditor_id, entry_id, value_on, booked_on, {_COLUMNS})
SELECT %s, %s, %s, %s, {_COLUMNS} FROM {_UNNEST}
"""  # noqa: S608 - names of columns
_SAME = f"""
SELECT (SELECT count(*) FROM ledger_posting WHERE entry_id = %s) = %s
   AND NOT EXISTS (SELECT {_COLUMNS} FROM {_UNNEST} EXCEPT ALL SELECT {_COLUMNS} FROM ledger_posting WHERE entry_id = %s)
"""  # noqa: S608 - names of columns


def _book(cause: _Cause, lines: _Lines) -> int:
    reasons = _faults(lines)
    if reasons:
        raise PostingsRefused(kind=cause.kind, source_kind=cause.source_kind, source_id=cause.source_id, reasons="; ".join(reasons))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_INSERT_ENTRY, [*cause[:6], cause.reverses_id, now()])
        row = cursor.fetchone()
        if row is None:
            return _repeated(cause, lines)
        cursor.execute(_INSERT_POSTINGS, [cause.creditor_id, row[0], cause.value_on, cause.booked_on, *map(array_text, lines)])
        return row[0]


def _element(value: int | str | None) -> str:
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return "NULL" if value is None else str(value)


def _faults(lines: _Lines) -> list[str]:
    """Return every reason why the postings make no entry."""
    reasons = [] if lines.book else ["it has no postings"]
    reasons += [f"there is no book {book!r}" for book in sorted(set(lines.book) - BOOKS)]
    reasons += [f"there is no component {component!r}" for component in sorted(set(lines.component) - COMPONENTS)]
    if 0 in lines.amount_minor:
        reasons.append("a posting of zero moves nothing")
    left: Counter[str] = Counter()
    for currency, amount in zip(lines.currency, lines.amount_minor, strict=True):
        left[currency] += amount
    return reasons + [f"{amount} minor units of {currency} are left over" for currency, amount in sorted(left.items()) if amount]


def _repeated(cause: _Cause, lines: _Lines) -> int:
    """Return the id of the entry that has this cause already, if its content is the same."""
    found = Entry.objects.get(creditor_id=cause.creditor_id, kind=cause.kind, source_kind=cause.source_kind, source_id=cause.source_id)
    is_same = (found.value_on, found.booked_on, found.reverses_id) == (cause.value_on, cause.booked_on, cause.reverses_id)
    if is_same:
        with connection.cursor() as cursor:
            cursor.execute(_SAME, [found.pk, len(lines.book), *map(array_text, lines), found.pk])
            is_same = cursor.fetchone()[0]
    if not is_same:
        raise EntryConflict(kind=cause.kind, source_kind=cause.source_kind, source_id=cause.source_id, entry_id=found.pk)
    return found.pk


def _lines_of(entry_id: int) -> _Lines:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {_COLUMNS} FROM ledger_posting WHERE entry_id = %s", [entry_id])  # noqa: S608 - names of columns
        return (
            _Lines(*(list(column) for column in zip(*cursor.fetchall(), strict=True)))
            if cursor.rowcount
            else _Lines(*([] for _ in range(7)))
        )

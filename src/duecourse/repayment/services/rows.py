"""What a payment must fulfil beyond the form of its cells, and what makes two rows the same payment."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

import pyarrow as pa

from duecourse.engine.frames import conform
from duecourse.kit.errors import Problem
from duecourse.kit.ids import content_hash

PAYMENTS = pa.schema(
    [
        pa.field("row", pa.int64(), nullable=False),
        pa.field("bank_account", pa.string(), nullable=False),
        pa.field("external_ref", pa.string(), nullable=False),
        pa.field("amount_minor", pa.int64(), nullable=False),
        pa.field("currency", pa.string(), nullable=False),
        pa.field("paid_on", pa.date32(), nullable=False),
        pa.field("booked_on", pa.date32(), nullable=False),
        pa.field("account_number", pa.string()),
        pa.field("payer_indexes", pa.list_(pa.binary())),
        pa.field("channel", pa.string()),
        pa.field("reverses_ref", pa.string()),
    ]
)
"""Payments and reversals as the bank tells them. `row` counts from 1 and names the row in problems; `payer_indexes` are the blind indexes of the
payer's identity number under every active key, the newest first. Columns that may be null may be left out, and so may `row`."""

DAYS_KNOWN = (date(1990, 1, 1), date(2100, 1, 1))
"""No payment is of another day; a typing error of a digit would else stay in suspense or wait for its month for ever."""
DAYS_APART_MAX = 366
"""At most so many days lie between paying and booking."""

_BODY = ("amount_minor", "currency", "paid_on", "booked_on", "account_number", "channel", "reverses_ref")
KINDS: dict[str, tuple[str, str, str]] = {
    "AmountZero": ("amount", "The amount is zero.", "Leave the row out."),
    "DaysImplausible": (
        "paid_on",
        "The days of payment and booking cannot be right: they lie too far apart, or in another century.",
        "Correct the year.",
    ),
    "ReversalUnnamed": ("reverses_ref", "A negative amount names no payment that it takes back.", "Fill in its reference."),
    "ReversalPositive": ("amount", "A reversal is not below zero.", "Correct the sign, or leave the reference of the other payment out."),
    "ReferenceConflict": (
        "external_ref",
        "The reference stands for another payment already.",
        "Ask the bank which of the two is right; the first one stays as it is.",
    ),
    "OriginalAbsent": (
        "reverses_ref",
        "There is no payment with the reference that is taken back.",
        "Send the payment first, then its reversal.",
    ),
    "ReversedTwice": ("reverses_ref", "The payment was reversed already.", "Ask the bank which of the reversals is right."),
    "ReversalPartial": (
        "amount",
        "The reversal is not of the whole payment of {original_minor} minor units in {currency}.",
        "Send a reversal of the whole payment and the part that stays as a payment of its own.",
    ),
}
"""Kind → column, what, what to do."""


def row_problem(code: str, *, row: int, **parameters: Any) -> Problem:
    """Return a problem of one of `KINDS`."""
    column, what, todo = KINDS[code]
    return Problem(row=row, column=column, code=code, what=what, todo=todo, parameters=parameters)


def sound_rows(frame: pa.Table) -> tuple[list[dict[str, Any]], list[Problem], int]:
    """Return the rows that can be payments, each with its `body_hash`; a Problem per other row; and how many are repeats inside the frame.

    The payer is no part of the body: it is kept as an index only, which changes with the key.

    Raises:
        FrameMismatch: the frame has not the form of `PAYMENTS`.
    """
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    problems: list[Problem] = []
    repeated_count = 0
    for row in conform(_completed(frame), PAYMENTS, name="PAYMENTS").to_pylist():
        code = _fault(row)
        row["body_hash"] = content_hash([row[name] or "" for name in _BODY])
        first = rows.setdefault((row["bank_account"], row["external_ref"]), row) if not code else row
        if first is not row and first["body_hash"] == row["body_hash"]:
            repeated_count += 1
        elif first is not row:
            code = "ReferenceConflict"
        if code:
            problems.append(row_problem(code, row=row["row"]))
    return list(rows.values()), problems, repeated_count


def columns(rows: Iterable[dict[str, Any]], *names: str) -> list[list[Any]]:
    """Return the values of some columns, one list each, as `unnest` takes them."""
    kept = list(rows)
    return [[row[name] for row in kept] for name in names]


def _fault(row: dict[str, Any]) -> str:
    if not row["amount_minor"]:
        return "AmountZero"
    days = (row["paid_on"], row["booked_on"])
    if not DAYS_KNOWN[0] <= min(days) <= max(days) < DAYS_KNOWN[1] or (max(days) - min(days)).days > DAYS_APART_MAX:
        return "DaysImplausible"
    if row["amount_minor"] < 0:
        return "" if row["reverses_ref"] else "ReversalUnnamed"
    return "ReversalPositive" if row["reverses_ref"] else ""


def _completed(frame: pa.Table) -> pa.Table:
    if "row" not in frame.column_names:
        frame = frame.append_column("row", pa.array(range(1, frame.num_rows + 1), pa.int64()))
    for field in PAYMENTS:
        if field.nullable and field.name not in frame.column_names:
            frame = frame.append_column(field, pa.nulls(frame.num_rows, field.type))
    return frame

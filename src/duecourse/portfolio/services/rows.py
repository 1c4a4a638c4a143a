"""What a row of a tape must fulfil beyond the form of its cells."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from duecourse.kit.calendar import UnknownZone, add_months, zone
from duecourse.kit.errors import Problem
from duecourse.kit.money import UnknownCurrency, exponent, plain_amount
from duecourse.kit.records.spec import ROW
from duecourse.portfolio.services.specs import COMPONENTS

COMPONENT_COLUMNS = tuple(f"{name}_minor" for name in COMPONENTS)
DAYS_PAST_DUE_MAX = 36_500
KINDS: dict[str, tuple[str, str, str]] = {
    "ComponentsUnequal": (
        "balance",
        "The components sum to {components} and the balance is {balance}.",
        "Correct the row, so that principal, interest, fee and penalty make the balance.",
    ),
    "BelowZero": ("balance", "An amount is below zero.", "A tape holds what is owed; book money owed to the debtor elsewhere."),
    "AgeUnknown": ("oldest_due_on", "Neither the oldest unpaid due date nor the days past due are known.", "Fill in one of them."),
    "DaysImplausible": ("days_past_due", "The days past due are more than {maximum}.", "Correct them."),
    "CurrencyUnknown": ("currency", "The currency is not an ISO 4217 code.", "Use for example CNY."),
    "DuplicateAccount": (
        "account_number",
        "The account stands in row {first_row} already.",
        "Leave one row per account, with all of its debt.",
    ),
    "CurrencyDiffers": ("currency", "The account is kept in {currency}.", "Correct the currency, or give the account another number."),
    "IdentityDiffers": (
        "id_number",
        "The account belongs to a debtor with another identity number.",
        "Correct the number; a debt that was taken over needs an account of its own.",
    ),
    "FeedTimeMissing": (
        "feed_at",
        "Neither the row nor the file says as of when it is.",
        "Fill in the feed time, or name one for the file.",
    ),
    "FeedTimeAhead": (
        "feed_at",
        "The feed time lies in the future, or in another age.",
        "Correct it; the newest fact of an account counts.",
    ),
    "StopScopeTooNarrow": (
        "scope",
        "For this reason the law asks for a stop of: {floor}.",
        "Widen the scope; a list may be stricter than the law, not milder.",
    ),
    "StopSpanEmpty": ("until_on", "The last day lies before the first.", "Correct the dates."),
    "ZoneUnknown": ("zone", "The time zone is not an IANA name.", "Write it as Asia/Shanghai, or leave it empty."),
    "IdentityUnreadable": (
        "id_number",
        "The identity number cannot be read; the debtor was taken as a person of their own.",
        "Correct it in the next tape.",
    ),
    "PhoneUnreadable": ("phone", "The telephone number cannot be read; the row was taken without it.", "Correct it in the next tape."),
    "EmailUnreadable": ("email", "The e-mail address cannot be read; the row was taken without it.", "Correct it in the next tape."),
}
"""Kind → column, what, what to do."""
REMARKS = frozenset({"IdentityUnreadable", "PhoneUnreadable", "EmailUnreadable"})
"""Kinds that do not refuse their row."""

FIRST_AT = datetime(1990, 1, 1, tzinfo=UTC)
AHEAD_MAX = timedelta(hours=24)
"""How far a feed's time may lie ahead of our clock: the newest fact counts, so one of next year would outdate all that follow."""
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Judged:
    """A chunk's rows, judged.

    Attributes:
        table: rows to take in, in the record's schema, components without nulls, `oldest_due_on` filled by its basis.
        problems: one per refused row.
        not_overdue_count: rows that the sender says are not overdue.
        nothing_owed_count: rows that owe nothing after all, as the mapping's `below_zero` says.
    """

    table: pa.Table
    problems: list[Problem]
    not_overdue_count: int
    nothing_owed_count: int


def row_problem(code: str, *, row: int, **parameters: Any) -> Problem:
    """Return a problem of one of `KINDS`."""
    column, what, todo = KINDS[code]
    return Problem(row=row, column=column, code=code, what=what, todo=todo, parameters=parameters)


def astray(at: pa.ChunkedArray | pa.Array, *, now_at: datetime) -> Flags:
    """Return which instants lie in the future or in another age; rows without one do not."""
    ahead = pc.greater(at, pa.scalar(now_at + AHEAD_MAX, at.type))
    return np.asarray(pc.fill_null(pc.or_(ahead, pc.less(at, pa.scalar(FIRST_AT, at.type))), False))


def judge(table: pa.Table, *, now_at: datetime) -> Judged:
    """Apply the checks that need more than one cell; `now_at` is when, for feed times.

    Guarantees: rows in = rows out + problems + not overdue + nothing owed.
    """
    standing = np.asarray(pc.fill_null(pc.equal(table["standing"], "not_overdue"), False))
    overdue = table.filter(pa.array(~standing)) if standing.any() else table
    components, balance, floored = _amounts(overdue)
    problems, bad = _faults(overdue, components, balance)
    for position, name in enumerate(COMPONENT_COLUMNS):
        overdue = _with(overdue, name, pa.array(components[position]))
    overdue = _with(overdue, "balance_minor", pa.array(balance))
    overdue = _dated(overdue)
    unknown = np.asarray(pc.and_(pc.is_null(overdue["oldest_due_on"]), pc.is_null(overdue["days_past_due"]))) & ~bad & ~floored
    rows = np.asarray(overdue[ROW])
    problems += [row_problem("AgeUnknown", row=int(row)) for row in rows[unknown]]
    timeless = astray(overdue["feed_at"], now_at=now_at) & ~bad & ~unknown & ~floored
    problems += [row_problem("FeedTimeAhead", row=int(row)) for row in rows[timeless]]
    left = ~(bad | unknown | floored | timeless)
    return Judged(
        table=overdue if left.all() else overdue.filter(pa.array(left)),
        problems=problems,
        not_overdue_count=int(standing.sum()),
        nothing_owed_count=int((floored & ~bad).sum()),
    )


def _amounts(table: pa.Table) -> tuple[list[npt.NDArray[np.int64]], npt.NDArray[np.int64], Flags]:
    """Return components and balance without nulls, and the rows whose balance below zero means that nothing is owed."""
    components = [np.asarray(pc.fill_null(table[name], 0)).astype(np.int64) for name in COMPONENT_COLUMNS]
    balance = np.asarray(table["balance_minor"]).astype(np.int64)
    means_nothing = np.asarray(pc.fill_null(pc.equal(table["below_zero"], "nothing_owed"), False))
    return components, balance, means_nothing & (balance <= 0)


def _faults(table: pa.Table, components: list[npt.NDArray[np.int64]], balance: npt.NDArray[np.int64]) -> tuple[list[Problem], Flags]:
    rows = np.asarray(table[ROW])
    means_nothing = np.asarray(pc.fill_null(pc.equal(table["below_zero"], "nothing_owed"), False))
    negative = (balance < 0) & ~means_nothing
    for part in components:
        negative |= (part < 0) & ~means_nothing
    codes = {code: _is_currency(code) for code in pc.unique(table["currency"]).to_pylist()}
    unknown = np.asarray(pc.is_in(table["currency"], pa.array([c for c, known in codes.items() if not known], pa.string())))
    total = np.sum(components, axis=0, dtype=np.int64)
    unequal = (total != balance) & ~negative & ~unknown
    astray = _names_unknown_zone(table) & ~negative & ~unknown & ~unequal
    long = (
        np.asarray(pc.fill_null(pc.greater(table["days_past_due"], DAYS_PAST_DUE_MAX), False)) & ~negative & ~unknown & ~unequal & ~astray
    )
    problems = [row_problem("BelowZero", row=int(row)) for row in rows[negative]]
    problems += [row_problem("CurrencyUnknown", row=int(row)) for row in rows[unknown & ~negative]]
    problems += [row_problem("ZoneUnknown", row=int(row)) for row in rows[astray]]
    problems += [row_problem("DaysImplausible", row=int(row), maximum=DAYS_PAST_DUE_MAX) for row in rows[long]]
    for index in np.nonzero(unequal)[0]:
        currency = table["currency"][int(index)].as_py()
        parts = {"components": plain_amount(int(total[index]), currency), "balance": plain_amount(int(balance[index]), currency)}
        problems.append(row_problem("ComponentsUnequal", row=int(rows[index]), **parts))
    return problems, negative | unknown | unequal | astray | long


def _names_unknown_zone(table: pa.Table) -> Flags:
    astray = np.zeros(table.num_rows, dtype=bool)
    for column in ("zone", "phone_zone"):
        unknown = [name for name in pc.unique(table[column]).to_pylist() if name is not None and not _is_zone(name)]
        if unknown:
            astray |= np.asarray(pc.is_in(table[column], pa.array(unknown, pa.string())))
    return astray


def _is_zone(name: str) -> bool:
    try:
        zone(name)
    except UnknownZone:
        return False
    return True


def _dated(table: pa.Table) -> pa.Table:
    """Fill the oldest due date where the mapping declares a basis: the same day of the month after the last payment, or after opening."""
    wanted = np.asarray(pc.fill_null(pc.equal(table["oldest_due_basis"], "month_after_last_paid"), False))
    if not wanted.any():
        return table
    basis = pc.coalesce(table["last_paid_on"], table["opened_on"]).combine_chunks().dictionary_encode()
    after = pa.array([None if day is None else _month_after(day) for day in basis.dictionary.to_pylist()], pa.date32())
    filled = pc.if_else(pa.array(wanted), pc.take(after, basis.indices), pa.scalar(None, pa.date32()))
    return _with(table, "oldest_due_on", pc.coalesce(table["oldest_due_on"].combine_chunks(), filled))


def _month_after(day: date) -> date:
    return add_months(day, 1, rounding="down")


def _is_currency(code: str) -> bool:
    try:
        exponent(code)
    except UnknownCurrency:
        return False
    return True


def _with(table: pa.Table, name: str, values: pa.Array) -> pa.Table:
    place = table.column_names.index(name)
    return table.set_column(place, pa.field(name, table.schema.field(name).type), values)

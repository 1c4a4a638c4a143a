"""Ageing: how many days a debt is past due, what stopped the clock, and the bucket that follows.

The clock of a debt runs over an interval of days that begins on the due date of the oldest unpaid instalment. A pause is a
half-open interval; the days of the union of all pauses that lie inside the running interval are taken off, then the grace. Every
row carries the terms of that subtraction, so that a count can be explained to a borrower and to an auditor.

The kernel is one SQL text over columns, the same for an Arrow table and for Parquet on disk.

Source: docs/algorithms/ageing.md (conventions, worked tables, conformance to outside vectors).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from duecourse.engine.frames import conform
from duecourse.kit.errors import InvalidInput

_TEXT, _DAY, _LONG = pa.string(), pa.date32(), pa.int64()

ACCOUNTS = pa.schema(
    [
        pa.field("account_id", _LONG, nullable=False),
        pa.field("case_id", _LONG),
        pa.field("person_id", _LONG, nullable=False),
        pa.field("product_class", _TEXT, nullable=False),
        pa.field("currency", _TEXT, nullable=False),
        pa.field("oldest_due_on", _DAY),
        pa.field("reported_days_past_due", pa.int32()),
        pa.field("balance_minor", _LONG, nullable=False),
        pa.field("principal_minor", _LONG, nullable=False),
        pa.field("interest_minor", _LONG, nullable=False),
        pa.field("fee_minor", _LONG, nullable=False),
        pa.field("penalty_minor", _LONG, nullable=False),
    ]
)
"""One row per account. `oldest_due_on` is the due date of the oldest unpaid instalment, null when nothing is unpaid.
`reported_days_past_due` is the core system's own count; where it is given it wins."""

PAUSES = pa.schema(
    [
        pa.field("account_id", _LONG, nullable=False),
        pa.field("from_on", _DAY, nullable=False),
        pa.field("until_on", _DAY),
        pa.field("kind", _TEXT, nullable=False),
    ]
)
"""Half-open intervals `[from_on, until_on)` in which the clock stands; a null end is an open pause. They may overlap, be empty and
be backdated; an account may have any number."""

AGED = pa.schema(
    [
        *ACCOUNTS,
        pa.field("as_of", _DAY, nullable=False),
        pa.field("counted_by", _TEXT, nullable=False),
        pa.field("elapsed_days_count", pa.int32(), nullable=False),
        pa.field("paused_days_count", pa.int32(), nullable=False),
        pa.field("grace_days_count", pa.int32(), nullable=False),
        pa.field("days_past_due", pa.int32(), nullable=False),
        pa.field("bucket_number", pa.int16(), nullable=False),
        pa.field("bucket", _TEXT, nullable=False),
    ]
)
"""`counted_by` is `core` (the reported count), `dates` (ours) or `nothing_due`. In every row
`days_past_due = max(0, elapsed_days_count − paused_days_count − grace_days_count)`."""

ROLL_RATES = pa.schema(
    [
        pa.field("currency", _TEXT, nullable=False),
        pa.field("from_bucket", _TEXT, nullable=False),
        pa.field("to_bucket", _TEXT, nullable=False),
        pa.field("account_count", _LONG, nullable=False),
        pa.field("balance_minor", _LONG, nullable=False),
        pa.field("count_share", pa.float64(), nullable=False),
        pa.field("balance_share", pa.float64(), nullable=False),
    ]
)
"""One row per pair that occurs. `count_share` and `balance_share` are proportions of the `from_bucket` and currency."""

CONVENTIONS = {
    "actual": "Calendar days after the due date: the day after is day 1.",
    "actual_inclusive": "Calendar days with the due date itself as day 1, for books that close the due date unpaid.",
    "thirty_360": "Twelve months of thirty days (30E/360): the 31st counts as the 30th.",
}
"""The day-count conventions, by the name under which a creditor declares one."""


class UnknownConvention(InvalidInput):
    """The day-count convention is not one of the declared ones."""

    what = "The day-count convention {convention} is not known."
    why = "The same dates give different days past due under different conventions, so it is never guessed."
    todo = "Name one of: {known}."
    read = "docs/algorithms/ageing.md"


class BucketsUnordered(InvalidInput):
    """The edges of the buckets do not ascend from 1, or labels and edges do not match."""

    what = "These buckets cannot be used: {reason}."
    todo = "Give ascending first days, the first at least 1, and one label more than first days."
    read = "docs/algorithms/ageing.md"


class AccountRepeated(InvalidInput):
    """An account stands twice in a frame that holds one row per account."""

    what = "{rows} rows hold only {accounts} different accounts."
    why = "An account has one age on one day."
    todo = "Merge the account's instalments into one row first."


@dataclass(frozen=True, slots=True)
class Buckets:
    """The names of ages: which day begins which bucket.

    Attributes:
        first_days: the first day past due of bucket 1, 2 …; below the first lies bucket 0.
        labels: the names of bucket 0, 1 …

    Source: M1 = 1–30 and M2 = 31–60 as Chinese tenders use them; the last bucket is open.
    """

    first_days: tuple[int, ...] = (1, 31, 61, 91, 121, 151, 181)
    labels: tuple[str, ...] = ("M0", "M1", "M2", "M3", "M4", "M5", "M6", "M7+")

    def __post_init__(self) -> None:
        if not self.first_days or self.first_days[0] < 1 or list(self.first_days) != sorted(set(self.first_days)):
            raise BucketsUnordered(reason=f"the first days {self.first_days} do not ascend from 1")
        if len(set(self.labels)) != len(self.first_days) + 1:
            raise BucketsUnordered(reason=f"{len(self.first_days)} first days need {len(self.first_days) + 1} different labels")

    def number(self, days_past_due: int) -> int:
        """Return the bucket's number for a count of days; it never falls when the days rise."""
        return sum(days_past_due >= first for first in self.first_days)

    def label(self, days_past_due: int) -> str:
        """Return the bucket's name for a count of days."""
        return self.labels[self.number(days_past_due)]


STANDARD_BUCKETS = Buckets()


def age(
    obligations: pa.Table,
    pauses: pa.Table,
    *,
    as_of: date,
    convention: str,
    buckets: Buckets = STANDARD_BUCKETS,
    grace_days: int = 0,
) -> pa.Table:
    """Return the age of every account on one business date.

    Args:
        obligations: ACCOUNTS, one row per account, in any order.
        pauses: PAUSES; rows of accounts that are not in `obligations` are ignored.
        as_of: the business date.
        convention: a key of CONVENTIONS.
        buckets: where the buckets begin.
        grace_days: days taken off the count at the end; a count reported by the core system is left as it is.

    Returns:
        AGED, ordered by account_id.

    Raises:
        FrameMismatch: a frame does not have the declared form.
        AccountRepeated: an account stands in two rows.
        UnknownConvention: the convention is not declared.

    Guarantees: rows out = rows in; days_past_due ≥ 0; bucket_number never falls when days_past_due rises; a pause never adds a day;
        overlapping pauses count once; the result does not depend on the order of rows.

    Source: docs/algorithms/ageing.md.
    """
    accounts = conform(obligations, ACCOUNTS, name="obligations")
    distinct = pc.count_distinct(accounts.column("account_id")).as_py()
    if distinct != accounts.num_rows:
        raise AccountRepeated(rows=accounts.num_rows, accounts=distinct)
    kernel = ageing_sql("accounts", "pauses", as_of=as_of, convention=convention, buckets=buckets, grace_days=grace_days)
    with duckdb.connect() as connection:
        connection.register("accounts", accounts)
        connection.register("pauses", conform(pauses, PAUSES, name="pauses"))
        aged = connection.sql(f"{kernel} ORDER BY account_id").to_arrow_table()
    return conform(aged, AGED, name="aged")


def age_parquet(
    accounts_path: Path,
    pauses_path: Path,
    to_path: Path,
    *,
    as_of: date,
    convention: str,
    buckets: Buckets = STANDARD_BUCKETS,
    grace_days: int = 0,
) -> int:
    """Age a Parquet file of ACCOUNTS into a Parquet file of AGED and return how many rows were written.

    It streams: memory does not grow with the number of accounts, only with the number of pauses. Rows come in no particular order, and
    that account_id is unique is the caller's promise.

    Raises:
        UnknownConvention: the convention is not declared.
    """
    kernel = ageing_sql(
        _quoted(accounts_path), _quoted(pauses_path), as_of=as_of, convention=convention, buckets=buckets, grace_days=grace_days
    )
    with duckdb.connect() as connection:
        connection.execute("SET preserve_insertion_order = false")
        written = connection.execute(f"COPY ({kernel}) TO {_quoted(to_path)} (FORMAT parquet)").fetchone()
    return int(written[0]) if written else 0


def ageing_sql(
    accounts: str,
    pauses: str,
    *,
    as_of: date,
    convention: str,
    buckets: Buckets = STANDARD_BUCKETS,
    grace_days: int = 0,
) -> str:
    """Return the kernel: one SELECT in DuckDB's SQL with the columns of AGED.

    Args:
        accounts: a relation with the columns of ACCOUNTS: the name of a table, or a quoted path.
        pauses: the same for PAUSES.
        as_of: the business date.
        convention: a key of CONVENTIONS.
        buckets: where the buckets begin.
        grace_days: days taken off the count at the end.

    Raises:
        UnknownConvention: the convention is not declared.
    """
    if convention not in CONVENTIONS:
        raise UnknownConvention(convention=convention, known=", ".join(CONVENTIONS))
    days_between = _thirty_360 if convention == "thirty_360" else _actual
    last_on = as_of + timedelta(days=1) if convention == "actual_inclusive" else as_of
    end = f"DATE '{last_on.isoformat()}'"
    elapsed = days_between(end, "oldest_due_on")
    paused = f"list_sum(list_transform(stops, lambda s: greatest(0, {days_between('s.until_on', 'greatest(s.from_on, oldest_due_on)')})))"
    number = " + ".join(f"(days_past_due >= {first})::SMALLINT" for first in buckets.first_days)
    labels = ", ".join("'" + label.replace("'", "''") + "'" for label in buckets.labels)
    columns = ", ".join(ACCOUNTS.names)
    return f"""
WITH {_islands(pauses, end)},
stops_by_account AS (SELECT account_id, list({{'from_on': from_on, 'until_on': until_on}}) AS stops FROM islands GROUP BY account_id),
terms AS (
  SELECT {columns},
    CASE WHEN reported_days_past_due IS NOT NULL THEN 'core' WHEN oldest_due_on IS NULL THEN 'nothing_due' ELSE 'dates' END AS counted_by,
    CASE WHEN reported_days_past_due IS NOT NULL THEN greatest(reported_days_past_due, 0)
      WHEN oldest_due_on IS NULL THEN 0 ELSE greatest({elapsed}, 0) END AS elapsed,
    CASE WHEN stops IS NULL OR reported_days_past_due IS NOT NULL OR oldest_due_on IS NULL THEN 0 ELSE {paused} END AS paused,
    CASE WHEN reported_days_past_due IS NULL AND oldest_due_on IS NOT NULL THEN {int(grace_days)} ELSE 0 END AS grace
  FROM {accounts} LEFT JOIN stops_by_account USING (account_id)),
counted AS (SELECT *, greatest(elapsed - paused - grace, 0)::INTEGER AS days_past_due FROM terms)
SELECT {columns}, DATE '{as_of.isoformat()}' AS as_of, counted_by, elapsed::INTEGER AS elapsed_days_count,
  paused::INTEGER AS paused_days_count, grace::INTEGER AS grace_days_count, days_past_due,
  ({number}) AS bucket_number, ([{labels}])[({number}) + 1] AS bucket
FROM counted"""


def roll_rates(before: pa.Table, after: pa.Table) -> pa.Table:
    """Return how accounts moved between the buckets of two days.

    `to_bucket` is a bucket's name, or `cured` (past due before, bucket 0 now), or `closed` (gone, or nothing is owed now).
    `from_bucket` is a bucket's name, or `new` (was not there). Any bucket may lead to any other: nothing assumes that an account
    passes through the buckets between. Balances are those of `before`; those of new accounts are of `after`.

    Args:
        before: AGED, or a table with its columns account_id, currency, balance_minor, bucket_number and bucket.
        after: the same, of a later day.

    Returns:
        ROLL_RATES, ordered by currency, from and to in the order of the buckets, then `cured`, `closed`; `new` comes first.

    Guarantees: Σ account_count = accounts of `before` + new ones; the shares of one currency and from_bucket sum to 1.

    Source: docs/algorithms/ageing.md, roll rates.
    """
    names = ("account_id", "currency", "balance_minor", "bucket_number", "bucket")
    form = pa.schema([AGED.field(name) for name in names])
    with duckdb.connect() as connection:
        connection.register("b", conform(before, form, name="before"))
        connection.register("a", conform(after, form, name="after"))
        return conform(connection.sql(_ROLL_SQL).to_arrow_table(), ROLL_RATES, name="roll rates")


_ROLL_SQL = """
WITH moves AS (
  SELECT coalesce(b.currency, a.currency) AS currency, coalesce(b.bucket, 'new') AS from_bucket, coalesce(b.bucket_number, -1) AS from_number,
    CASE WHEN a.account_id IS NULL OR (a.balance_minor = 0 AND b.account_id IS NOT NULL) THEN 'closed'
      WHEN b.bucket_number > 0 AND a.bucket_number = 0 THEN 'cured' ELSE a.bucket END AS to_bucket,
    CASE WHEN a.account_id IS NULL OR (a.balance_minor = 0 AND b.account_id IS NOT NULL) THEN 32767
      WHEN b.bucket_number > 0 AND a.bucket_number = 0 THEN 32766 ELSE a.bucket_number END AS to_number,
    coalesce(b.balance_minor, a.balance_minor) AS balance_minor
  FROM b FULL JOIN a ON a.account_id = b.account_id),
sums AS (
  SELECT currency, from_bucket, from_number, to_bucket, to_number, count(*) AS account_count, sum(balance_minor)::BIGINT AS balance_minor
  FROM moves GROUP BY ALL),
totals AS (
  SELECT *, sum(account_count) OVER w AS all_count, sum(balance_minor) OVER w AS all_minor
  FROM sums WINDOW w AS (PARTITION BY currency, from_bucket))
SELECT currency, from_bucket, to_bucket, account_count, balance_minor, account_count / all_count AS count_share,
  CASE WHEN all_minor = 0 THEN account_count / all_count ELSE balance_minor / all_minor END AS balance_share
FROM totals ORDER BY currency, from_number, from_bucket, to_number, to_bucket"""


def _islands(pauses: str, end: str) -> str:
    """Return CTEs that merge each account's pauses into disjoint intervals, cut at the end of counting."""
    window = "PARTITION BY account_id ORDER BY from_on, until_on"
    return f"""cut AS (
  SELECT account_id, from_on, least(coalesce(until_on, {end}), {end}) AS until_on FROM {pauses}
  WHERE from_on < least(coalesce(until_on, {end}), {end})),
reached AS (SELECT *, max(until_on) OVER ({window} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS reached_on FROM cut),
numbered AS (
  SELECT *, sum((reached_on IS NULL OR from_on > reached_on)::INTEGER) OVER ({window} ROWS UNBOUNDED PRECEDING) AS island FROM reached),
islands AS (SELECT account_id, min(from_on) AS from_on, max(until_on) AS until_on FROM numbered GROUP BY account_id, island)"""


def _actual(end: str, start: str) -> str:
    return f"({end} - {start})"


def _thirty_360(end: str, start: str) -> str:
    return f"({_day_of_360(end)} - {_day_of_360(start)})"


def _day_of_360(on: str) -> str:
    return f"(360 * year({on}) + 30 * month({on}) + least(day({on}), 30))"


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"

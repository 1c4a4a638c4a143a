"""SQL kernels: the counted facts of a bucket of events, made from the vocabulary's declarations in DuckDB's SQL.

A kernel reads `events`: the narrow columns of a bucket with `place`, 1 to n in order of instant and id, and `day_key`, which rises with
the local day and within it with the place. It gives `place` and a column for each fact, in no order. See docs/algorithms/audit.md.
"""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa

from duecourse.rules.errors import LogTooLarge
from duecourse.rules.events import CONNECTED, NOT_CONNECTED, NOT_MADE, UNKNOWN
from duecourse.rules.vocabulary import Counted, Fact

KEY_COLUMNS = {"person": None, "contact_point": "contact_point_id", "debt": "debt_id"}
"""The column that tells apart what a count is kept for, beside the person."""
_WHICH = {
    Counted.every: f"reach <> {NOT_MADE}",
    Counted.held: f"reach IN ({CONNECTED}, {UNKNOWN})",
    Counted.connected: f"reach = {CONNECTED}",
    Counted.unanswered: f"reach = {NOT_CONNECTED}",
}
_DAY_STEP = 1 << 32
MEMORY_LIMIT, SPILL_LIMIT = "4GB", "64GB"
"""What DuckDB may take to count a bucket, and what it may write aside when that does not do."""


@dataclass(frozen=True, slots=True)
class Kernel:
    """Two texts that give the same table; texts travel, so that a bucket is counted the same wherever it is.

    Attributes:
        rising: windows alone, for a bucket whose local days rise with the instants, as they do where there is one zone.
        turning: for any bucket: a person whose local days turn back (another zone, a clock set back over midnight) is counted by joins.
    """

    rising: str
    turning: str


def kernel_of(facts: Sequence[Fact], *, channels: Sequence[str], columns: Collection[str]) -> Kernel:
    """Return the kernel of some counted facts.

    Args:
        facts: counted ones.
        channels: the texts of the codes in the column `channel`.
        columns: of the log; what is counted by debt is counted by person where there is no `debt_id`, which is never less.

    Guarantees:
        The counts are exact whatever the zones.
    """
    makers = [_Column(fact, channels=channels, columns=columns) for fact in facts]
    windows = "".join(f", {maker.window()} AS {maker.fact.name}" for maker in makers)
    rising = f"SELECT place{windows} FROM events"  # noqa: S608 - names of declared facts, which are identifiers
    if all(maker.is_of_one_day for maker in makers):
        return Kernel(rising, rising)
    names = "".join(f", {fact.name}" for fact in facts)
    joins = "".join(f", {maker.fact.name if maker.is_of_one_day else maker.join()} AS {maker.fact.name}" for maker in makers)
    turning = f"""
WITH turned AS (
  SELECT DISTINCT person_id FROM (
    SELECT person_id, local_day < lag(local_day) OVER (PARTITION BY person_id ORDER BY place) AS is_back FROM events) WHERE is_back),
counted AS (SELECT *{windows} FROM events)
SELECT place{names} FROM counted ANTI JOIN turned USING (person_id)
UNION ALL BY NAME
SELECT place{joins} FROM counted AS b SEMI JOIN turned USING (person_id)"""  # noqa: S608 - the same
    return Kernel(rising, turning)


def counts_of(kernel: Kernel, events: pa.Table, *, threads: int = 0) -> pa.Table:
    """Return the counted facts of events in order of instant and id, int32[n] each, on a connection of its own.

    Raises:
        LogTooLarge: memory and the room aside do not do.
    """
    days = events["local_day"].to_numpy().astype(np.int64)
    places = np.arange(1, events.num_rows + 1)
    is_rising = bool((days[1:] >= days[:-1]).all())
    keyed = events.append_column("place", pa.array(places)).append_column("day_key", pa.array(days * _DAY_STEP + places))
    with tempfile.TemporaryDirectory(prefix="duecourse-counts-") as aside:
        settings: dict[str, str | bool | int | float | list[str]] = {"memory_limit": MEMORY_LIMIT, "temp_directory": aside}
        settings |= {"max_temp_directory_size": SPILL_LIMIT} | ({"threads": threads} if threads else {})
        with duckdb.connect(config=settings) as connection:
            connection.execute("SET enable_progress_bar = false; SET preserve_insertion_order = false")
            connection.register("events", keyed)
            try:
                counts = connection.sql(kernel.rising if is_rising else kernel.turning).to_arrow_table()
            except duckdb.OutOfMemoryException as error:
                text = f"{events.num_rows:,} contacts could not be counted within {MEMORY_LIMIT} of memory and {SPILL_LIMIT} aside"
                raise LogTooLarge(text=text) from error
    rows = counts["place"].to_numpy() - 1
    columns = {}
    for name in counts.column_names[1:]:
        ordered = np.zeros(events.num_rows, dtype=np.int32)
        ordered[rows] = counts[name].to_numpy()
        columns[name] = pa.array(ordered)
    return pa.table(columns)


class _Column:
    """The expressions of one fact."""

    def __init__(self, fact: Fact, *, channels: Sequence[str], columns: Collection[str]) -> None:
        if fact.count is None:
            raise ValueError(fact.name)
        self.fact, self._count = fact, fact.count
        self._codes = ", ".join(str(code) for code, name in enumerate(channels) if name in self._count.channels)
        self._key = KEY_COLUMNS[self._count.key]
        if self._count.key == "debt" and self._key not in columns:
            self._key = None

    @property
    def is_of_one_day(self) -> bool:
        """Whether it counts within the local day, so that days that turn back cannot change it."""
        return self._count.window_days == 1 and not self._count.is_days_since

    def window(self) -> str:
        """Return the expression as windows."""
        if self._count.key != "contact_point":
            return self._whole(self._over(self._key), of="")
        named, unnamed = self._over(self._key), self._over(None, also=f" AND {self._key} IS NULL")
        both = f"greatest({named}, {unnamed})" if self._count.is_days_since else f"{named} + {unnamed}"
        return self._whole(f"CASE WHEN {self._key} IS NULL THEN {self._over(None)} ELSE {both} END", of="")

    def _over(self, key: str | None, *, also: str = "") -> str:
        """Return the count, or the newest day, over the person's earlier events, those of a column's same value where one is named."""
        count, matching = self._count, f"FILTER (WHERE {self._matches()}{also})"
        earlier = "ORDER BY place ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING"
        keys = ", ".join(["person_id", *([key] if key else [])])
        if count.is_days_since:
            return f"max(local_day) {matching} OVER (PARTITION BY {keys} {earlier})"
        if self.is_of_one_day:
            return f"count(*) {matching} OVER (PARTITION BY {keys}, local_day {earlier})"
        if not count.window_days:
            return f"count(*) {matching} OVER (PARTITION BY {keys} {earlier})"
        reach = f"RANGE BETWEEN {(count.window_days - 1) * _DAY_STEP} + place PRECEDING AND 1 PRECEDING"
        return f"count(*) {matching} OVER (PARTITION BY {keys} ORDER BY day_key {reach})"

    def join(self) -> str:
        """Return the same as a join, which asks nothing of the order of days."""
        count = self._count
        where = ["a.person_id = b.person_id", "a.place < b.place", "a.local_day <= b.local_day", self._matches(of="a.")]
        if count.key == "contact_point":
            where.append(f"(a.{self._key} = b.{self._key} OR a.{self._key} IS NULL OR b.{self._key} IS NULL)")
        where += [f"a.{self._key} IS NOT DISTINCT FROM b.{self._key}"] if count.key == "debt" and self._key else []
        where += [f"a.local_day > b.local_day - {count.window_days}"] if count.window_days and not count.is_days_since else []
        taken = "max(a.local_day)" if count.is_days_since else "count(*)"
        found = f"(SELECT {taken} FROM events AS a WHERE {' AND '.join(where)})"  # noqa: S608 - put together from declarations
        return self._whole(found, of="b.")

    def _matches(self, *, of: str = "") -> str:
        return f"({of}channel IN ({self._codes}) AND {of}{_WHICH[self._count.which]})" if self._codes else "false"

    def _since(self, newest: str, *, of: str) -> str:
        """Return days since the newest day, the value when unknown where there is none in the window."""
        days = f"({of}local_day - {newest})"
        within = f"{days} < {self._count.window_days}" if self._count.window_days else f"{days} IS NOT NULL"
        return f"CASE WHEN {within} THEN {days} ELSE {self.fact.when_unknown} END"

    def _whole(self, expression: str, *, of: str) -> str:
        return f"({self._since(expression, of=of) if self._count.is_days_since else expression})::INTEGER"

"""Buckets of a history: rows spread by hash of the person, so that no count looks beyond one; and rows of a bucket that are none.

See docs/algorithms/audit.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from duecourse.rules.errors import LogTooLarge
from duecourse.rules.events import PERSON_EVENTS_MAX, REJECTED, as_rejected

BUCKET_ROWS = 1_500_000
BUCKET_ROWS_MAX = 6_000_000
"""More never fall into one bucket unless one number stands for many persons."""
BUCKETS_MAX = 512


def bucket_count(rows: int, *, bucket_rows: int = BUCKET_ROWS) -> int:
    """Return into how many buckets a log of so many rows is spread."""
    return max(1, min(BUCKETS_MAX, -(-rows // bucket_rows)))


def bucket_of(persons: pa.ChunkedArray, *, count: int, connection: duckdb.DuckDBPyConnection) -> NDArray[np.int64]:
    """Return the bucket of each person, int64[n], 0 to count - 1; equal persons are in one bucket."""
    if pa.types.is_integer(persons.type):
        mixed = persons.to_numpy().astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        numbers: NDArray[np.int64] = ((mixed >> np.uint64(40)) % np.uint64(count)).astype(np.int64)
        return numbers
    connection.register("persons", pa.table({"person_id": persons}))
    query = f"SELECT (hash(person_id) % {int(count)})::BIGINT AS bucket FROM persons"  # noqa: S608 - a number
    found: NDArray[np.int64] = connection.sql(query).to_arrow_table()["bucket"].to_numpy()
    return found


def spread(batches: Iterable[pa.Table], *, into: Path, count: int) -> list[Path]:
    """Write tables into `count` bucket files under a folder and return the files; rows keep the order of the log in each.

    Raises:
        LogTooLarge: more rows fall into one bucket than `BUCKET_ROWS_MAX`.
    """
    paths = [into / f"bucket-{number:03d}.arrow" for number in range(count)]
    sinks: list[Any] = []
    row_counts = np.zeros(count, dtype=np.int64)
    connection = duckdb.connect(config={"threads": 1})
    try:
        for table in batches:
            sinks = sinks or [pa.ipc.new_file(str(path), table.schema) for path in paths]
            buckets = bucket_of(table["person_id"], count=count, connection=connection)
            ordered = table.take(pa.array(np.argsort(buckets.astype(np.uint16), kind="stable")))
            here = np.bincount(buckets, minlength=count)
            row_counts += here
            if row_counts.max() > BUCKET_ROWS_MAX:
                raise LogTooLarge(text=f"one number of a person stands for more than {PERSON_EVENTS_MAX:,} contacts, and for too many")
            edges = np.concatenate([[0], np.cumsum(here)])
            for number in np.flatnonzero(np.diff(edges)):
                sinks[number].write_table(ordered.slice(edges[number], edges[number + 1] - edges[number]))
    finally:
        connection.close()
        for sink in sinks:
            sink.close()
    return paths if sinks else []


def load_bucket(bucket: Path | pa.Table) -> pa.Table:
    """Return a bucket's rows; those of a file are mapped, not read."""
    if isinstance(bucket, pa.Table):
        return bucket
    with pa.memory_map(str(bucket)) as source:
        return pa.ipc.open_file(source).read_all()


def without_repeats(table: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Return a bucket without events whose id the same person had in an earlier row, and those, as `REJECTED`."""
    ids = table["event_id"]
    if not _has_repeats(ids):
        return table, REJECTED.empty_table()
    rows = table.select(["person_id", "event_id", "row_number"])
    first = rows.group_by(["person_id", "event_id"]).aggregate([("row_number", "min")])["row_number_min"]
    is_first = pc.is_in(table["row_number"], value_set=first.combine_chunks())
    again = table.filter(pc.invert(is_first))
    found = as_rejected(again, reasons=pa.repeat("event_repeated", again.num_rows))
    return (table.filter(is_first), found) if again.num_rows else (table, found)


def without_crowds(table: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Return a bucket without the rows of numbers that stand for many persons, and those, as `REJECTED`."""
    if table.num_rows <= PERSON_EVENTS_MAX:
        return table, REJECTED.empty_table()
    counts = pc.value_counts(table["person_id"])
    crowds = counts.field("values").filter(pc.greater(counts.field("counts"), PERSON_EVENTS_MAX))
    if not len(crowds):
        return table, REJECTED.empty_table()
    is_crowd = pc.is_in(table["person_id"], value_set=crowds)
    taken = table.filter(is_crowd)
    return table.filter(pc.invert(is_crowd)), as_rejected(taken, reasons=pa.repeat("person_of_too_many", taken.num_rows))


def _has_repeats(ids: pa.ChunkedArray) -> bool:
    if not pa.types.is_integer(ids.type):
        return bool(pc.count_distinct(ids).as_py() < len(ids))
    ordered = np.sort(ids.to_numpy())
    return bool((ordered[1:] == ordered[:-1]).any())

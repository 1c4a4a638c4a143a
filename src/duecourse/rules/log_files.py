"""Where a log of contacts lies: one Parquet file, several, a folder of them, or a table; and how much of it may be unpacked.

What a file says of itself is compared with `Bounds` before a row is read: a small file can stand for any number of rows and bytes. Rows then
come batch by batch, and a long text that stands in many rows is in memory once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from glob import escape
from pathlib import Path
from typing import TypeAlias

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from duecourse.rules.errors import EventsMismatch, LogTooLarge

Log: TypeAlias = Path | Sequence[Path] | pa.Table
BATCH_ROWS = 1 << 19
BUFFER_BYTES = 1 << 20
SCAN_LIMIT = "2GB"
TEXT_BYTES_MAX = 1_000
"""A text that is longer is no id and no name."""
_GIB = 1 << 30
_EXPANDING = "DELTA_BYTE_ARRAY"
_CHUNKS = """
SELECT path_in_schema, coalesce(string_agg(DISTINCT encodings, ', '), ''), sum(abs(total_uncompressed_size::hugeint))
FROM parquet_metadata($1) GROUP BY 1
"""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much a log may hold, as its files say of themselves.

    Attributes:
        rows_max: over all files.
        unpacked_gib_max: of the columns that are read, over all files.
        unpacked_times_max: unpacked to the size of a file; below one GiB it is not asked.
        files_max: in a folder.
    """

    rows_max: int = 2_000_000_000
    unpacked_gib_max: int = 256
    unpacked_times_max: int = 1_000
    files_max: int = 10_000


BOUNDS = Bounds()


@dataclass(frozen=True, slots=True)
class LogFiles:
    """An opened log.

    Attributes:
        schema: its columns; all files have those that are read alike.
        row_count: over all files.
        paths: the files in order of name; () of a table.
        first_rows: of each file the number of its first row in the log, from 1.
        table: a log in memory, else None.
    """

    schema: pa.Schema
    row_count: int
    paths: tuple[Path, ...] = ()
    first_rows: tuple[int, ...] = ()
    table: pa.Table | None = None

    def batches(self, columns: Sequence[str], *, coded: Collection[str] = ()) -> Iterator[pa.RecordBatch]:
        """Yield the columns in batches of at most `BATCH_ROWS`.

        Args:
            columns: those wanted.
            coded: those of few different texts, which come as dictionaries. So do, of a file, texts so long that they may not be written
                out for each row in which they stand.

        Raises:
            EventsMismatch: a file breaks off, its texts are none, or rows point to texts that it does not hold.
            LogTooLarge: a column of texts does not fit into memory.
        """
        if self.table is not None:
            yield from self.table.select(columns).to_batches(max_chunksize=BATCH_ROWS)
            return
        texts = [name for name in columns if is_text(self.schema.field(name).type)]
        for path in self.paths:
            long = _long_texts(path, names=[name for name in texts if name not in coded])
            try:
                with _opened(path, texts=[name for name in texts if name in coded or name in long]) as file:
                    yield from map(_sound, file.iter_batches(batch_size=BATCH_ROWS, columns=list(columns)))
            except (pa.ArrowException, OSError, ValueError) as error:
                raise EventsMismatch(text=f"{path.name} breaks off or is damaged ({type(error).__name__})") from error

    def placed(self, rows: pa.Table) -> pa.Table:
        """Return rows of the log, which have a `row_number`, with the file each stands in and its number there; of one file as they are."""
        if len(self.paths) < 2:
            return rows
        firsts, numbers = np.asarray(self.first_rows), rows["row_number"].to_numpy()
        files = np.searchsorted(firsts, numbers, side="right") - 1
        place = rows.schema.get_field_index("row_number")
        names = pa.array([path.name for path in self.paths], pa.string()).take(pa.array(files))
        return rows.set_column(place, "row_number", pa.array(numbers - firsts[files] + 1)).add_column(0, "file", names)

    def refuse_bombs(self, columns: Sequence[str], *, bounds: Bounds = BOUNDS) -> None:
        """Refuse files that say of themselves that they unpack to more than the bounds.

        Raises:
            LogTooLarge: naming the file and the bound.
            EventsMismatch: a column is encoded so that a few bytes stand for any number.
        """
        unpacked_total = 0
        with _scanning() as connection:
            for path in self.paths:
                unpacked = _unpacked_bytes(path, columns=columns, connection=connection)
                unpacked_total += unpacked
                if unpacked > max(_GIB, bounds.unpacked_times_max * path.stat().st_size):
                    raise LogTooLarge(text=f"{path.name} unpacks to more than {bounds.unpacked_times_max:,} times its size")
                if unpacked_total > bounds.unpacked_gib_max * _GIB:
                    raise LogTooLarge(text=f"with {path.name} the log unpacks to more than {bounds.unpacked_gib_max:,} GiB")


def log_files(log: Log, *, bounds: Bounds = BOUNDS) -> LogFiles:
    """Return a log opened: of a folder all files `*.parquet` in it, in order of name.

    Raises:
        EventsMismatch: there is no such file, one is no Parquet, or two have different columns.
        LogTooLarge: it has more rows or files than the bounds allow.
    """
    if isinstance(log, pa.Table):
        return LogFiles(log.schema, log.num_rows, table=log)
    paths = _paths(log)
    if len(paths) > bounds.files_max:
        raise LogTooLarge(text=f"it is of more than {bounds.files_max:,} files")
    schema, row_count, first_rows = pa.schema([]), 0, []
    for number, path in enumerate(paths):
        found, rows = _described(path)
        if number and (text := _difference(schema, found)):
            raise EventsMismatch(text=f"{path.name} is unlike {paths[0].name}: {text}")
        schema = found if number == 0 else schema
        first_rows.append(row_count + 1)
        row_count += rows
        if row_count > bounds.rows_max:
            raise LogTooLarge(text=f"with {path.name} the log has more than {bounds.rows_max:,} rows")
    return LogFiles(schema, row_count, paths, tuple(first_rows))


def is_text(kind: pa.DataType) -> bool:
    """Say whether a column of this type holds texts, dictionary-encoded or not."""
    inner = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(inner) or pa.types.is_large_string(inner) or pa.types.is_string_view(inner))


def _paths(log: Path | Sequence[Path]) -> tuple[Path, ...]:
    given = (log,) if isinstance(log, Path) else tuple(log)
    found: list[Path] = []
    for path in given:
        if path.is_dir():
            inside = sorted(one for one in path.glob("*.parquet") if one.is_file())
            if not inside:
                raise EventsMismatch(text=f"the folder {path.name} holds no *.parquet")
            found += inside
        elif path.is_file():
            found.append(path)
        else:
            raise EventsMismatch(text=f"there is no file {path.name}")
    if not found:
        raise EventsMismatch(text="no file was named")
    return tuple(found)


def _opened(path: Path, *, texts: Sequence[str] = ()) -> pq.ParquetFile:
    """Open a file so that of a row group, however large, only some pages are in memory."""
    return pq.ParquetFile(path, read_dictionary=list(texts), pre_buffer=False, buffer_size=BUFFER_BYTES)


def _described(path: Path) -> tuple[pa.Schema, int]:
    with path.open("rb") as source:
        head = source.read(4)
    if not head:
        raise EventsMismatch(text=f"{path.name} is empty")
    try:
        with _opened(path) as file:
            return file.schema_arrow, file.metadata.num_rows
    except (pa.ArrowException, OSError, ValueError) as error:
        looks = "" if head in (b"PAR1", b"PARE") else "; it looks like another kind of file, for a CSV the page shows how to convert it"
        raise EventsMismatch(text=f"{path.name} cannot be read as Parquet ({type(error).__name__}){looks}") from error


def _long_texts(path: Path, *, names: Sequence[str]) -> list[str]:
    """Return the columns in which a text may stand for many rows and is too long to be written out for each."""
    if not names:
        return []
    with _scanning() as connection:
        encodings = {name: encoded for name, encoded, _ in _chunks(path, connection=connection)}
        asked = [name for name in names if "DICTIONARY" in encodings.get(name, "")]
        if not asked:
            return []
        longest = ", ".join(f'max(strlen("{name}"))' for name in asked)
        try:
            query = f"SELECT {longest} FROM read_parquet($1)"  # noqa: S608 - names of columns of ours
            found = connection.execute(query, [escape(str(path))]).fetchone() or ()
        except duckdb.OutOfMemoryException as error:
            raise LogTooLarge(text=f"the texts of {', '.join(asked)} in {path.name} do not fit into {SCAN_LIMIT} of memory") from error
        except duckdb.Error as error:
            raise EventsMismatch(text=f"the texts of {', '.join(asked)} in {path.name} cannot be read ({type(error).__name__})") from error
    return [name for name, bytes_max in zip(asked, found, strict=True) if (bytes_max or 0) > TEXT_BYTES_MAX]


def _sound(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return a batch whose dictionaries hold every text that a row points to; Arrow does not look by itself. What the texts are is not looked at.

    Raises:
        pa.ArrowInvalid: a row points past them.
    """
    for column in batch.columns:
        if pa.types.is_dictionary(column.type):
            edges = pc.min_max(column.indices).as_py()
            if edges["min"] is not None and not 0 <= edges["min"] <= edges["max"] < len(column.dictionary):
                raise pa.ArrowInvalid("a row points to no text")
    return batch


def _difference(one: pa.Schema, other: pa.Schema) -> str:
    """Say the first way in which two files differ; '' if they do not. Texts are alike however they are kept."""
    if set(one.names) != set(other.names):
        return f"a column of one alone: {min(set(one.names) ^ set(other.names))}"
    if len(other.names) > len(set(other.names)):
        return "a name stands on two columns"
    for name in one.names:
        kinds = one.field(name).type, other.field(name).type
        if kinds[0] != kinds[1] and not (is_text(kinds[0]) and is_text(kinds[1])):
            return f"{name} is of the type {kinds[1]}, not of {kinds[0]}"
    return ""


def _unpacked_bytes(path: Path, *, columns: Sequence[str], connection: duckdb.DuckDBPyConnection) -> int:
    total = 0
    for name, encodings, size in _chunks(path, connection=connection):
        if not any(name == column or name.startswith(f"{column}, ") for column in columns):
            continue
        if _EXPANDING in encodings:
            raise EventsMismatch(text=f"{name} in {path.name} is encoded as {_EXPANDING}: write it plain or as a dictionary")
        total += size
    return total


def _chunks(path: Path, *, connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str, int]]:
    """Return what a file says of its columns: the name, the encodings, and the bytes that it unpacks to in all row groups.

    Arrow's own look at it ends the whole process where a footer is damaged in certain bytes.
    """
    try:
        return connection.execute(_CHUNKS, [escape(str(path))]).fetchall()
    except duckdb.Error as error:
        raise EventsMismatch(text=f"what {path.name} says of its columns cannot be read ({type(error).__name__})") from error


def _scanning() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(config={"memory_limit": SCAN_LIMIT})

"""Where the rows of an audit go: into its result, or into a folder of Parquet, CSV and a summary."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from enum import StrEnum
from pathlib import Path
from typing import IO, Any, Protocol

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from duecourse.kit.records import neutralise, written_whole
from duecourse.kit.records.refusals import WriteFailed
from duecourse.rules.events import REASONS, REJECTED

_SUMS = ("violations", "totals")


class Period(StrEnum):
    """How violations are gathered in time, by the debtor's local day."""

    day = "day"
    week = "week"
    """ISO weeks, from Monday."""
    month = "month"


class Sums(Protocol):
    """What an outlet closes: an audit.

    Attributes:
        violations: rows to be written as a table.
        totals: the same.
        breaches: filled when rows are kept.
        rejects: the same.
    """

    violations: pa.Table
    totals: pa.Table
    breaches: pa.Table | None
    rejects: pa.Table | None

    def to_record(self) -> dict[str, Any]:
        """Return the sums as JSON-able values."""


class Outlet:
    """Where rows go: into the result, or into files."""

    def __init__(self, *, lang: str) -> None:
        self._lang = lang
        self._kept: list[pa.Table] = []
        self._rejected: list[pa.Table] = []

    def breaches(self, rows: pa.Table) -> None:
        """Take the breaches of a bucket."""
        self._kept.append(rows)

    def reject(self, rows: pa.Table) -> None:
        """Take rejected rows."""
        self._rejected.append(rows)

    def close(self, found: Sums) -> None:
        """Hand over what was kept."""
        found.breaches = pa.concat_tables(self._kept) if self._kept else None
        found.rejects = pa.concat_tables(self._rejected) if self._rejected else REJECTED.empty_table()


class Files(Outlet):
    """Writes Parquet and CSV; cells that a spreadsheet would run are neutralised in CSV."""

    def __init__(self, folder: Path, files: ExitStack, *, lang: str) -> None:
        super().__init__(lang=lang)
        self._folder, self._files = folder, files
        self._parquet: pq.ParquetWriter | None = None
        self._sheet, self._rejects = (Sheet(files.enter_context(written_whole(folder / f"{name}.csv"))) for name in ("breaches", "rejects"))

    def breaches(self, rows: pa.Table) -> None:
        """Write the breaches of a bucket."""
        if self._parquet is None:
            sink = self._files.enter_context(written_whole(self._folder / "breaches.parquet"))
            self._parquet = self._files.enter_context(pq.ParquetWriter(sink, rows.schema))
        self._parquet.write_table(rows)
        self._sheet.write(rows)

    def reject(self, rows: pa.Table) -> None:
        """Write rejected rows, each reason in words too."""
        words = {code: text.zh if self._lang.startswith("zh") else text.en for code, text in REASONS.items()}
        told = ["; ".join(words[code] for code in text.split("; ")) for text in rows["reasons"].to_pylist()]
        self._rejects.write(rows.append_column("text", pa.array(told, pa.string())))

    def close(self, found: Sums) -> None:
        """Write the sums and the summary."""
        for name in _SUMS:
            table = getattr(found, name)
            with written_whole(self._folder / f"{name}.parquet") as sink:
                pq.write_table(table, sink)
            with written_whole(self._folder / f"{name}.csv") as sink:
                Sheet(sink).write(table)
        summary = found.to_record() | {"violations": found.violations.num_rows}
        with written_whole(self._folder / "summary.json") as sink:
            sink.write(json.dumps(summary, ensure_ascii=False, indent=2).encode())


class Sheet:
    """A CSV that a spreadsheet opens as UTF-8 and runs nothing of."""

    def __init__(self, sink: IO[bytes]) -> None:
        self._sink, self._has_head = sink, False

    def write(self, table: pa.Table) -> None:
        """Write rows, the first time with their head."""
        if not self._has_head:
            self._sink.write("\ufeff".encode())
        cells = [neutralise(column.combine_chunks()) if pa.types.is_string(column.type) else column for column in table.columns]
        options = pacsv.WriteOptions(include_header=not self._has_head)
        pacsv.write_csv(pa.table(cells, names=table.column_names), self._sink, write_options=options)
        self._has_head = True


@contextmanager
def outlet_to(out: Path | None, *, lang: str) -> Iterator[Outlet]:
    """Give the outlet for a folder, made if it is not there, or for the result where none is named; files appear when the block ends well.

    Raises:
        WriteFailed: the folder cannot be made or written.
    """
    if out is None:
        yield Outlet(lang=lang)
        return
    try:
        out.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise WriteFailed(file=out.name, reason=f"the folder cannot be made ({error.strerror})") from error
    with ExitStack() as files:
        yield Files(out, files, lang=lang)

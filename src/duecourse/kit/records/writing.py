"""Writing records as CSV, XLSX and Parquet, and the rejects of a reading as a file to mend and send again.

Every file is written whole or not at all. Texts that a spreadsheet would run are neutralised; numbers stay numbers.
"""

from __future__ import annotations

import codecs
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self, TypeAlias

import openpyxl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from duecourse.kit.errors import InvalidInput, Problem
from duecourse.kit.money import exponent, plain_amount
from duecourse.kit.records.reading import Chunk
from duecourse.kit.records.refusals import TooLarge
from duecourse.kit.records.safety import neutralise, written_whole
from duecourse.kit.records.spec import ROW, Field, RecordSpec

Rows: TypeAlias = pa.Table | Iterable[pa.Table] | list[dict[str, Any]]
Say: TypeAlias = Callable[[Problem], str]

_SHEET_ROWS_MAX = 1_048_575
_BATCH_ROWS = 65_536


class CurrencyNeeded(InvalidInput):
    """Amounts cannot be written without knowing their decimals."""

    what = "The amounts of {spec} have no currency."
    todo = "Name the currency, or write a record that has a currency column."


def write_csv(path: Path, rows: Rows, *, spec: RecordSpec, encoding: str = "utf-8-sig", lang: str = "", currency: str = "") -> int:
    """Write records as CSV and return how many.

    Args:
        path: the file; an older one is replaced when the new one is complete.
        rows: a table in the spec's schema, several, or dicts; `_row` is left out.
        spec: the record.
        encoding: `utf-8-sig` (spreadsheets recognise it), `utf-8` or `gb18030`.
        lang: `en` or `zh-hans` for the headers people read; '' for the fields' names.
        currency: of the amounts when the record has no currency column.

    Raises:
        WriteFailed: the disk is full and the like; nothing is left half-written.
        CurrencyNeeded: there are amounts and no currency.
    """
    count = 0
    with written_whole(path) as sink:
        encode = codecs.getencoder(encoding.removesuffix("-sig"))
        if encoding.endswith("-sig"):
            sink.write(codecs.BOM_UTF8)
        _csv_block(sink, pa.table([pa.array([f.label(lang) if lang else f.header]) for f in spec.kept], names=spec.names), encode)
        for batch in _batches(rows, spec):
            _csv_block(sink, _as_texts(batch, spec, currency), encode)
            count += batch.num_rows
    return count


def write_xlsx(path: Path, rows: Rows, *, spec: RecordSpec, lang: str = "en", currency: str = "") -> int:
    """Write records as a workbook of one sheet and return how many; amounts are numbers in major units, dates are dates.

    Control characters, which the format cannot hold, become blanks.

    Raises:
        TooLarge: more rows than a sheet holds.
        WriteFailed: nothing is left half-written.
        CurrencyNeeded: there are amounts and no currency.
    """
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet(spec.name[:31])
    sheet.append([f.label(lang) for f in spec.kept])
    count = 0
    for batch in _batches(rows, spec):
        count += batch.num_rows
        if count > _SHEET_ROWS_MAX:
            raise TooLarge(file=path.name, quantity="the number of rows", actual=f"{count:,}", limit=f"{_SHEET_ROWS_MAX:,}")
        columns = [_sheet_values(batch, f, spec, currency) for f in spec.kept]
        for values in zip(*columns, strict=True):
            sheet.append(values)
    with written_whole(path) as sink:
        book.save(sink)
    return count


def write_parquet(path: Path, rows: Rows, *, spec: RecordSpec) -> int:
    """Write records as Parquet in the spec's schema, amounts as int64 minor units, and return how many.

    Raises:
        WriteFailed: nothing is left half-written.
    """
    fields = [pa.field(f.name, f.arrow_type, nullable=not f.required, metadata={"privacy": f.privacy, "unit": f.unit}) for f in spec.kept]
    count = 0
    with written_whole(path) as sink, pq.ParquetWriter(sink, pa.schema(fields), compression="zstd") as writer:
        for batch in _batches(rows, spec):
            writer.write_table(batch.cast(pa.schema(fields)))
            count += batch.num_rows
    return count


class RejectsWriter:
    """Writes the rejected rows of a reading as CSV: the original columns, then `_row`, `_column` and `_problem`.

    The file is always UTF-8 with a byte order mark and commas; `read` recognises it by its last columns, whatever the mapping says, so
    that it can be mended in a spreadsheet and sent again. Use it as a context manager; without rejected rows no file is made.

    Attributes:
        count: rows written so far.
    """

    def __init__(self, path: Path, *, say: Say = Problem.message) -> None:
        """Prepare the file; `say` turns a problem into a sentence of the reader's language."""
        self.count = 0
        self._path, self._say, self._stack = path, say, ExitStack()
        self._sink: IO[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> bool | None:
        return self._stack.__exit__(kind, error, trace)

    def write(self, chunk: Chunk) -> None:
        """Add a chunk's rejected rows.

        Raises:
            WriteFailed: nothing is left half-written.
        """
        if not chunk.rejected.num_rows:
            return
        found: defaultdict[int, list[Problem]] = defaultdict(list)
        for fault in chunk.problems:
            found[fault.row].append(fault)
        rows = chunk.rejected.column(ROW).to_pylist()
        names = [name for name in chunk.rejected.column_names if name != ROW]
        columns = [neutralise(chunk.rejected.column(name)) for name in names]
        columns.append(pa.array([str(row) for row in rows], pa.string()))
        columns.append(
            neutralise(pa.array(["; ".join(dict.fromkeys(p.column for p in found[row] if p.column)) for row in rows], pa.string()))
        )
        columns.append(neutralise(pa.array(["; ".join(self._say(p) for p in found[row]) for row in rows], pa.string())))
        header = [*names, ROW, "_column", "_problem"]
        if self._sink is None:
            self._sink = self._stack.enter_context(written_whole(self._path))
            self._sink.write(codecs.BOM_UTF8)
            _csv_block(self._sink, pa.table([neutralise(pa.array([name])) for name in header], names=header), codecs.getencoder("utf-8"))
        _csv_block(self._sink, pa.table(columns, names=header), codecs.getencoder("utf-8"))
        self.count += len(rows)


def _batches(rows: Rows, spec: RecordSpec) -> Iterator[pa.Table]:
    """Give tables of the spec's fields, of bounded size."""
    schema = pa.schema([pa.field(f.name, f.arrow_type) for f in spec.kept])
    if isinstance(rows, pa.Table):
        tables: Iterable[pa.Table] = [rows]
    elif isinstance(rows, list):
        tables = [pa.Table.from_pylist(rows, schema=schema)]
    else:
        tables = rows
    for table in tables:
        whole = table.select(list(spec.names)).cast(schema)
        for start in range(0, whole.num_rows, _BATCH_ROWS):
            yield whole.slice(start, _BATCH_ROWS).combine_chunks()


def _csv_block(sink: IO[bytes], table: pa.Table, encode: Callable[[str], tuple[bytes, int]]) -> None:
    block = pa.BufferOutputStream()
    pacsv.write_csv(table, block, pacsv.WriteOptions(include_header=False, quoting_style="needed"))
    written = block.getvalue().to_pybytes()
    sink.write(written if encode is codecs.getencoder("utf-8") else encode(written.decode())[0])


def _as_texts(table: pa.Table, spec: RecordSpec, currency: str) -> pa.Table:
    return pa.table([_text_column(table, f, spec, currency) for f in spec.kept], names=spec.names)


def _text_column(table: pa.Table, f: Field, spec: RecordSpec, currency: str) -> pa.ChunkedArray:
    column = table.column(f.name)
    if f.type == "amount":
        return pa.chunked_array([_amount_texts(table, column, spec, currency)])
    if f.type == "instant":
        return pc.strftime(column, format="%Y-%m-%dT%H:%M:%SZ")
    if f.type in ("text", "code"):
        return neutralise(column)
    return column.cast(pa.string())


def _amount_texts(table: pa.Table, column: pa.ChunkedArray, spec: RecordSpec, currency: str) -> pa.Array:
    """Return plain decimal texts; one currency goes column-wise, several go row by row."""
    codes = [currency] if "currency" not in spec.names else pc.unique(table.column("currency")).to_pylist()
    if not all(codes):
        raise CurrencyNeeded(spec=spec.name)
    if len(codes) == 1:
        whole = column.cast(pa.decimal128(38, 0)).combine_chunks()
        kind = pa.decimal128(38, exponent(codes[0]))
        return pa.Array.from_buffers(kind, len(whole), whole.buffers(), offset=whole.offset).cast(pa.string())
    each = table.column("currency").to_pylist() if "currency" in spec.names else [currency] * len(column)
    texts = [None if amount is None else plain_amount(amount, code) for amount, code in zip(column.to_pylist(), each, strict=True)]
    return pa.array(texts, pa.string())


def _sheet_values(table: pa.Table, f: Field, spec: RecordSpec, currency: str) -> list[Any]:
    if f.type == "amount":
        return list(_amount_texts(table, table.column(f.name), spec, currency).cast(pa.decimal128(38, 3)).to_pylist())
    if f.type == "instant":
        return list(_text_column(table, f, spec, currency).to_pylist())
    if f.type in ("text", "code"):
        neutral = _text_column(table, f, spec, currency).to_pylist()
        return [None if text is None else ILLEGAL_CHARACTERS_RE.sub(" ", text) for text in neutral]
    return list(table.column(f.name).to_pylist())

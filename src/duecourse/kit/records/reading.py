"""Reading a file into chunks of typed rows, with every problem named and nothing guessed."""

from __future__ import annotations

import dataclasses
import errno
import os
import stat
from collections import Counter
from collections.abc import Iterator
from collections.abc import Mapping as AnyMapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from duecourse.kit.errors import Problem
from duecourse.kit.records.cells import Cells, Limits, Source, limit
from duecourse.kit.records.convert import Column, read_column
from duecourse.kit.records.csv_cells import open_csv
from duecourse.kit.records.mapping import Mapping, fold
from duecourse.kit.records.parquet_cells import open_parquet
from duecourse.kit.records.placing import Plan, check_constants, is_typed, place_columns
from duecourse.kit.records.refusals import (
    EmptyFile,
    FileAbsent,
    PasswordProtected,
    problem,
)
from duecourse.kit.records.safety import restore
from duecourse.kit.records.spec import ROW, Field, RecordSpec
from duecourse.kit.records.totals_row import TotalsRow
from duecourse.kit.records.transforms import TEXTUAL, TYPED, Transform
from duecourse.kit.records.workbook_cells import open_workbook

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """A part of a file, read.

    Attributes:
        table: the accepted rows in the spec's schema: `_row` int64 (1-based, header not counted), then the fields.
        problems: everything that was wrong, in order of row; row 0 speaks of the file: of its columns in the first chunk, of nameless columns
            and the row of totals in the last.
        rejected: the original texts of the rows with problems (string columns named as in the file, only those the mapping uses), and `_row`.
        quarantined: column → cells with a value, of personal columns that were not asked for and not read.
        left_out_count: rows the mapping's `keep` leaves out.

    Guarantees: rows of the file, blank ones and a last row of totals not counted = accepted + rejected + left out, over all chunks.
    """

    table: pa.Table
    problems: list[Problem]
    rejected: pa.Table
    quarantined: dict[str, int]
    left_out_count: int


def read(
    path: Path, *, spec: RecordSpec, mapping: Mapping, limits: Limits | None = None, parameters: AnyMapping[str, date] | None = None
) -> Iterator[Chunk]:
    """Read a CSV, XLSX or Parquet file (told apart by their first bytes) in chunks, in flat memory.

    Args:
        path: the file.
        spec: what the rows mean.
        mapping: how the sender writes them.
        limits: bounds on sizes.
        parameters: dates that typed transforms name, for example `as_of`.

    Returns:
        At least one chunk; the header is read and checked before this function returns.

    Raises:
        FileRefused: one of its kinds, when nothing of the file can be taken, or a limit is passed or totals disagree later on.
        MappingInvalid: the mapping does not fit the spec, or a constant or parameter cannot be read.
    """
    mapping.check(spec)
    bounds = limits or Limits()
    source = open_source(path, mapping=mapping, limits=bounds)
    plan = Plan(spec=spec, mapping=_with_iso(mapping, source), parameters=parameters or {})
    place_columns(plan, source)
    check_constants(plan)
    return _chunks(plan, source, bounds)


def check_file(path: Path, *, limits: Limits | None = None) -> None:
    """Refuse what is no ordinary file and what is too large, before a byte of it is read; who reads a file before `read` does asks first.

    Raises:
        FileAbsent: it is not there, or is a folder, a pipe or a device.
        TooLarge: its size passes the limit.
    """
    try:
        found = path.stat()
    except (OSError, ValueError) as error:
        raise FileAbsent(file=path.name, reason=getattr(error, "strerror", None) or "the system refused") from error
    if stat.S_ISDIR(found.st_mode):
        raise FileAbsent(file=path.name, reason=os.strerror(errno.EISDIR))
    if not stat.S_ISREG(found.st_mode):
        raise FileAbsent(file=path.name, reason="it is no ordinary file")
    limit(path, quantity="its size in bytes", actual=found.st_size, maximum=(limits or Limits()).file_bytes_max)


def open_source(path: Path, *, mapping: Mapping, limits: Limits) -> Source:
    """Open a file of any kind: its header and its cells, before their meaning is read.

    Raises:
        FileRefused: one of its kinds.
    """
    check_file(path, limits=limits)
    try:
        with path.open("rb") as raw:
            start = raw.read(8)
    except OSError as error:
        raise FileAbsent(file=path.name, reason=error.strerror or "the system refused") from error
    if not start:
        raise EmptyFile(file=path.name, reason="empty")
    if start == _OLE:
        raise PasswordProtected(file=path.name, reason="protected")
    if start.startswith(b"PK\x03\x04"):
        return open_workbook(path, mapping=mapping, limits=limits)
    if start.startswith(b"PAR1"):
        return open_parquet(path, decimal=mapping.decimal, limits=limits)
    return open_csv(path, mapping=mapping, limits=limits)


def _with_iso(mapping: Mapping, source: Source) -> Mapping:
    """Workbooks and Parquet files hold dates as dates, which arrive in ISO form whatever the sender writes elsewhere."""
    if source.encoding not in ("xlsx", "parquet"):
        return mapping
    return dataclasses.replace(mapping, dates=tuple(dict.fromkeys(("YYYY-MM-DD", *mapping.dates))), zone=mapping.zone or "UTC")


def _chunks(plan: Plan, source: Source, limits: Limits) -> Iterator[Chunk]:
    waiting, totals, nameless = plan.notices, TotalsRow(plan.mapping), Counter[str]()
    last: Chunk | None = None
    for cells in totals.without(source.batches) if plan.mapping.totals else source.batches:
        for name in (name for name in source.nameless if not plan.mapping.is_ignored(name)):
            nameless[name] += int(pc.sum(pc.not_equal(cells.table[name], "")).as_py() or 0)
        if last is not None:
            yield dataclasses.replace(last, problems=[*waiting, *last.problems])
            waiting = []
        last = _chunk(plan, cells, encoding=source.encoding, limits=limits, header=source.header, totals=totals)
    last = last or _empty_chunk(plan)
    unnamed = [problem("NamelessColumn", row=0, column=name, count=count) for name, count in nameless.items() if count]
    yield dataclasses.replace(
        last, problems=[*waiting, *sorted(unnamed, key=lambda p: p.column), *totals.checked(source.path), *last.problems]
    )


def _empty_chunk(plan: Plan) -> Chunk:
    names = [ROW, *plan.used]
    nothing = pa.table([pa.array([], pa.int64()), *([pa.array([], pa.string())] * len(plan.used))], names=names)
    quarantined = dict.fromkeys(plan.quarantined, 0)
    return Chunk(table=plan.spec.schema.empty_table(), problems=[], rejected=nothing, quarantined=quarantined, left_out_count=0)


def _chunk(plan: Plan, cells: Cells, *, encoding: str, limits: Limits, header: list[str], totals: TotalsRow) -> Chunk:
    columns = {name: cells.table.column(name).combine_chunks() for name in cells.table.column_names}
    blank = _blank(columns, len(cells.rows))
    kept = _kept(plan, columns, len(cells.rows))
    wanted = ~blank & kept
    quarantined = {name: int(pc.sum(pc.not_equal(columns[name], "")).as_py() or 0) for name in plan.quarantined}
    every = bool(wanted.all())
    chosen = pa.array(wanted)
    raw = {name: columns[name] if every else columns[name].filter(chosen) for name in plan.used}
    rows = cells.rows if every else cells.rows[wanted]
    state = Column(plan.spec.fields[0], "", rows, plan.mapping)
    state.refuse(cells.misencoded[wanted], "MixedEncoding", encoding=encoding)
    _check_lengths(state, raw, limits.cell_characters_max)
    cleaned = {name: _cleaned(texts, plan.mapping.nulls) for name, texts in raw.items()}
    values, problems, bad = _fields(plan, cleaned, rows, refused=state.bad, totals=totals)
    totals.unread_count += len(cells.malformed)
    problems = [*state.problems, *problems]
    problems += [problem("WrongCellCount", row=m.row, actual=len(m.cells), expected=m.expected) for m in cells.malformed]
    problems.sort(key=lambda p: p.row)
    table = pa.Table.from_arrays([pa.array(rows), *(values[name] for name in plan.spec.names)], names=[ROW, *plan.spec.names])
    accepted = (table if not bad.any() else table.filter(pa.array(~bad))).cast(plan.spec.schema)
    rejected = _rejected(plan, raw, rows, bad=bad, cells=cells, header=header)
    left_out = int((~kept & ~blank).sum())
    return Chunk(table=accepted, problems=problems, rejected=rejected, quarantined=quarantined, left_out_count=left_out)


def _blank(columns: dict[str, pa.Array], count: int) -> npt.NDArray[np.bool_]:
    blank = np.ones(count, dtype=bool)
    for texts in columns.values():
        if not blank.any():
            break
        blank &= np.asarray(pc.equal(texts, ""))
    return blank


def _kept(plan: Plan, columns: dict[str, pa.Array], count: int) -> npt.NDArray[np.bool_]:
    kept = np.ones(count, dtype=bool)
    for column, texts in plan.mapping.keep.items():
        kept &= np.asarray(pc.is_in(pc.utf8_trim_whitespace(columns[fold(column)]), pa.array(texts, pa.string())))
    return kept


def _check_lengths(state: Column, raw: dict[str, pa.Array], maximum: int) -> None:
    for name, texts in raw.items():
        if (pc.max(pc.binary_length(texts)).as_py() or 0) > maximum:
            state.name = name
            state.refuse(np.asarray(pc.greater(pc.utf8_length(texts), maximum)), "CellTooLong", maximum=maximum)


def _cleaned(texts: pa.Array, nulls: tuple[str, ...]) -> pa.Array:
    trimmed = restore(pc.utf8_trim_whitespace(texts))
    return pc.if_else(pc.is_in(trimmed, pa.array(["", *nulls], pa.string())), pa.scalar(None, pa.string()), trimmed)


def _fields(
    plan: Plan, cleaned: dict[str, pa.Array], rows: npt.NDArray[np.int64], *, refused: npt.NDArray[np.bool_], totals: TotalsRow
) -> tuple[dict[str, pa.Array], list[Problem], npt.NDArray[np.bool_]]:
    """Read every field; typed transforms come last, because they work on fields."""
    values: dict[str, pa.Array] = {}
    problems: list[Problem] = []
    bad = refused.copy()
    kept = sorted(plan.spec.kept, key=lambda f: (is_typed(plan, f), f.name != "currency"))
    for f in kept:
        column = Column(f, plan.column_of.get(f.name, f.header), rows, plan.mapping)
        column.bad |= refused
        if is_typed(plan, f):
            transform = plan.mapping.derived[f.name]
            values[f.name] = TYPED[transform.name]([values[name] for name in transform.sources], transform, plan.parameters)
            column.refuse(np.asarray(pc.is_null(values[f.name])) & f.required & ~bad, "MissingValue")
        else:
            currency = values.get("currency", plan.mapping.currency)
            if f.name in plan.parts_of:
                values[f.name] = _added(plan, column, cleaned, currency, totals)
            else:
                values[f.name] = read_column(column, _texts(plan, f, cleaned, rows), currency=currency)
                _note_totals(plan, column, values[f.name], totals)
        problems += column.problems
        bad |= column.bad
    return values, problems, bad


def _note_totals(plan: Plan, column: Column, values: pa.Array, totals: TotalsRow) -> None:
    if not plan.mapping.totals:
        return
    if column.field.name == "currency":
        totals.add_currencies(pc.unique(values).to_pylist())
    elif column.field.type == "amount" and column.name in plan.used:
        totals.add_currencies([plan.mapping.currency] if "currency" not in plan.spec.names else [])
        totals.add(column.name, values, unread_count=len(column.problems))


def _added(plan: Plan, whole: Column, cleaned: dict[str, pa.Array], currency: str | pa.Array, totals: TotalsRow) -> pa.Array:
    """Read each column of a sum and add them; no value counts as zero, and all without value give none."""
    read_parts = []
    for name in plan.parts_of[whole.field.name]:
        part = Column(dataclasses.replace(whole.field, required=False), name, whole.rows, plan.mapping)
        part.bad |= whole.bad
        values = read_column(part, cleaned[name], currency=currency)
        _note_totals(plan, part, values, totals)
        read_parts.append(values)
        whole.problems += part.problems
        whole.bad |= part.bad
    values = TYPED["sum"](read_parts, Transform(name="sum"), plan.parameters)
    if whole.field.required:
        whole.refuse(np.asarray(pc.is_null(values)) & ~whole.bad, "MissingValue")
    return values


def _texts(plan: Plan, f: Field, cleaned: dict[str, pa.Array], rows: npt.NDArray[np.int64]) -> pa.Array:
    """Return the texts a field is read from: a column, a constant, a derived text, the file's currency, or nothing."""
    if f.name in plan.column_of:
        texts = cleaned[plan.column_of[f.name]]
        default = plan.mapping.defaults.get(f.name) or (plan.mapping.currency if f.name == "currency" else "")
        return pc.fill_null(texts, default) if default else texts
    if f.name in plan.mapping.derived:
        transform = plan.mapping.derived[f.name]
        return TEXTUAL[transform.name]([cleaned[fold(c)] for c in transform.sources], transform, pa.array(rows))
    constant = (
        plan.mapping.constants.get(f.name)
        or plan.mapping.defaults.get(f.name)
        or (plan.mapping.currency if f.name == "currency" else "")
        or None
    )
    return pa.array([constant], pa.string()).take(pa.array(np.zeros(len(rows), dtype=np.int64)))


def _rejected(
    plan: Plan, raw: dict[str, pa.Array], rows: npt.NDArray[np.int64], *, bad: npt.NDArray[np.bool_], cells: Cells, header: list[str]
) -> pa.Table:
    names = [ROW, *plan.used]
    flags = pa.array(bad)
    table = pa.table([pa.array(rows[bad]), *(raw[name].filter(flags) for name in plan.used)], names=names)
    if not cells.malformed:
        return table
    places = [header.index(name) for name in plan.used]
    texts = [[m.cells[place] if place < len(m.cells) else "" for m in cells.malformed] for place in places]
    broken = pa.table(
        [pa.array([m.row for m in cells.malformed], pa.int64()), *(pa.array(column, pa.string()) for column in texts)], names=names
    )
    return pa.concat_tables([table, broken]).sort_by(ROW)

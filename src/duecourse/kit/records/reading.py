"""Reading a file into chunks of typed rows, with every problem named and nothing guessed."""

from __future__ import annotations

import dataclasses
import errno
import os
import re
import stat
from collections.abc import Iterator
from collections.abc import Mapping as AnyMapping
from dataclasses import dataclass, field
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
from duecourse.kit.records.refusals import (
    EmptyFile,
    FileAbsent,
    MappingInvalid,
    MissingColumns,
    PasswordProtected,
    RepeatedColumns,
    problem,
)
from duecourse.kit.records.safety import restore
from duecourse.kit.records.spec import ROW, Field, RecordSpec
from duecourse.kit.records.transforms import TEXTUAL, TYPED
from duecourse.kit.records.workbook_cells import open_workbook

_DATA = re.compile(r"[0-9]{6}|[0-9]{4}-[0-9]{2}|@")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """A part of a file, read.

    Attributes:
        table: the accepted rows in the spec's schema: `_row` int64 (1-based, header not counted), then the fields.
        problems: everything that was wrong, in order of row; row 0 speaks of the file and stands in the first chunk.
        rejected: the original texts of the rows with problems (string columns named as in the file, only those the mapping uses), and `_row`.
        quarantined: column → cells with a value, of personal columns that were not asked for and not read.
        left_out_count: rows the mapping's `keep` leaves out.

    Guarantees: rows of the file, blank ones not counted = accepted + rejected + left out, over all chunks.
    """

    table: pa.Table
    problems: list[Problem]
    rejected: pa.Table
    quarantined: dict[str, int]
    left_out_count: int


@dataclass(slots=True, kw_only=True)
class _Plan:
    """What is done with each column of one file."""

    spec: RecordSpec
    mapping: Mapping
    parameters: AnyMapping[str, date]
    column_of: dict[str, str] = field(default_factory=dict)
    quarantined: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    used: list[str] = field(default_factory=list)


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
        FileRefused: one of its kinds, when nothing of the file can be taken, or a limit is passed later on.
        MappingInvalid: the mapping does not fit the spec, or a constant or parameter cannot be read.
    """
    mapping.check(spec)
    bounds = limits or Limits()
    source = _open(path, mapping=mapping, limits=bounds)
    plan = _Plan(spec=spec, mapping=_with_iso(mapping, source), parameters=parameters or {})
    _place_columns(plan, source)
    _check_constants(plan)
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


def _open(path: Path, *, mapping: Mapping, limits: Limits) -> Source:
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


def _place_columns(plan: _Plan, source: Source) -> None:
    folded = {fold(column): name for column, name in plan.mapping.columns.items()}
    needed = {fold(c) for transform in plan.mapping.derived.values() for c in transform.columns()} | {fold(c) for c in plan.mapping.keep}
    repeated = sorted(source.repeated & set(folded))
    for column in source.header:
        target = folded.get(column)
        if target is not None:
            if target in plan.column_of:
                repeated.append(column)
            plan.column_of[target] = column
        if target is not None or column in needed:
            plan.used.append(column)
        elif plan.mapping.is_ignored(column):
            continue
        elif plan.mapping.is_surplus(column) or _is_surplus_field(plan.spec, column):
            plan.quarantined.append(column)
        else:
            plan.unknown.append(column)
    if repeated:
        raise RepeatedColumns(file=source.path.name, columns=", ".join(repeated), reason="repeated")
    missing = [column for column in sorted(needed) if column not in source.header]
    for f in plan.spec.kept:
        names = [column for column, name in plan.mapping.columns.items() if name == f.name]
        if f.required and names and f.name not in plan.column_of and not (f.name == "currency" and plan.mapping.currency):
            missing.append(f.header if f.header in names else names[0])
    if missing:
        found = _shown_header(source.header)
        raise MissingColumns(file=source.path.name, missing=", ".join(missing), found=found, reason="missing")


def _shown_header(header: list[str]) -> str:
    """Return the header for a message, unless it looks like a row of data, which may be personal."""
    if any(_DATA.search(name) for name in header):
        return "what looks like a row of values, which is not repeated here"
    return ", ".join(name[:40] for name in header[:40])


def _is_surplus_field(spec: RecordSpec, column: str) -> bool:
    return any(f.privacy == "surplus" and column in (f.name, f.header, f.en, f.zh) for f in spec.fields)


def _check_constants(plan: _Plan) -> None:
    reasons = [
        f"the parameter {t.parameter} is not given"
        for t in plan.mapping.derived.values()
        if t.name == "days_until" and t.parameter not in plan.parameters
    ]
    rows = np.zeros(1, dtype=np.int64)
    for name, text in plan.mapping.constants.items():
        column = Column(plan.spec.field(name), "", rows, plan.mapping)
        read_column(column, pa.array([text or None], pa.string()), currency=plan.mapping.currency or "CNY")
        reasons += [f"constant {name}: {fault.message()}" for fault in column.problems]
    if reasons:
        raise MappingInvalid(mapping=plan.mapping.name, reasons="; ".join(reasons))


def _chunks(plan: _Plan, source: Source, limits: Limits) -> Iterator[Chunk]:
    heading = [problem("UnknownColumn", row=0, column=column) for column in plan.unknown]
    names = [ROW, *plan.used]
    nothing = pa.table([pa.array([], pa.int64()), *([pa.array([], pa.string())] * len(plan.used))], names=names)
    given = False
    for cells in source.batches:
        chunk = _chunk(plan, cells, encoding=source.encoding, limits=limits, header=source.header)
        yield dataclasses.replace(chunk, problems=[*heading, *chunk.problems])
        heading, given = [], True
    if not given:
        empty = plan.spec.schema.empty_table()
        yield Chunk(table=empty, problems=heading, rejected=nothing, quarantined=dict.fromkeys(plan.quarantined, 0), left_out_count=0)


def _chunk(plan: _Plan, cells: Cells, *, encoding: str, limits: Limits, header: list[str]) -> Chunk:
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
    values, problems, bad = _fields(plan, cleaned, rows, refused=state.bad)
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


def _kept(plan: _Plan, columns: dict[str, pa.Array], count: int) -> npt.NDArray[np.bool_]:
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
    plan: _Plan, cleaned: dict[str, pa.Array], rows: npt.NDArray[np.int64], *, refused: npt.NDArray[np.bool_]
) -> tuple[dict[str, pa.Array], list[Problem], npt.NDArray[np.bool_]]:
    """Read every field; typed transforms come last, because they work on fields."""
    values: dict[str, pa.Array] = {}
    problems: list[Problem] = []
    bad = refused.copy()
    kept = sorted(plan.spec.kept, key=lambda f: (_is_typed(plan, f), f.name != "currency"))
    for f in kept:
        column = Column(f, plan.column_of.get(f.name, f.header), rows, plan.mapping)
        column.bad |= refused
        if _is_typed(plan, f):
            transform = plan.mapping.derived[f.name]
            values[f.name] = TYPED[transform.name]([values[name] for name in transform.sources], transform, plan.parameters)
            column.refuse(np.asarray(pc.is_null(values[f.name])) & f.required & ~bad, "MissingValue")
        else:
            currency = values.get("currency", plan.mapping.currency)
            values[f.name] = read_column(column, _texts(plan, f, cleaned, rows), currency=currency)
        problems += column.problems
        bad |= column.bad
    return values, problems, bad


def _is_typed(plan: _Plan, f: Field) -> bool:
    return f.name in plan.mapping.derived and plan.mapping.derived[f.name].is_typed


def _texts(plan: _Plan, f: Field, cleaned: dict[str, pa.Array], rows: npt.NDArray[np.int64]) -> pa.Array:
    """Return the texts a field is read from: a column, a constant, a derived text, the file's currency, or nothing."""
    if f.name in plan.column_of:
        texts = cleaned[plan.column_of[f.name]]
        return pc.fill_null(texts, plan.mapping.currency) if f.name == "currency" and plan.mapping.currency else texts
    if f.name in plan.mapping.derived:
        transform = plan.mapping.derived[f.name]
        return TEXTUAL[transform.name]([cleaned[fold(c)] for c in transform.sources], transform, pa.array(rows))
    constant = plan.mapping.constants.get(f.name) or (plan.mapping.currency if f.name == "currency" else "") or None
    return pa.array([constant], pa.string()).take(pa.array(np.zeros(len(rows), dtype=np.int64)))


def _rejected(
    plan: _Plan, raw: dict[str, pa.Array], rows: npt.NDArray[np.int64], *, bad: npt.NDArray[np.bool_], cells: Cells, header: list[str]
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

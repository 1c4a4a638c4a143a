"""XLSX workbooks as cells. Formulas are never evaluated: the value the sender's program stored is read."""

from __future__ import annotations

import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from openpyxl.reader.excel import ExcelReader
from openpyxl.styles.stylesheet import apply_stylesheet

from duecourse.kit.errors import DuecourseError, Problem
from duecourse.kit.records.cells import Cells, Limits, Source, limit, nameless_columns, unique_header
from duecourse.kit.records.headers import HEADER_DEPTH_MAX, HEADER_SEARCH_ROWS, find_header
from duecourse.kit.records.mapping import Mapping
from duecourse.kit.records.merged_cells import Span, filled, merged_spans
from duecourse.kit.records.names import is_like
from duecourse.kit.records.refusals import EmptyFile, FileRefused, MacroWorkbook, problem
from duecourse.kit.records.sheet_xml import SharedTexts, SheetRows

_ROWS_PER_BATCH = 4_096
_SHARED_TEXTS = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
_PROGRAMS = ("vbaproject.bin", "vbadata.xml")


@dataclass(frozen=True, slots=True)
class _Sheet:
    name: str
    member: str
    is_visible: bool


def open_workbook(path: Path, *, mapping: Mapping, limits: Limits) -> Source:
    """Open one sheet of a workbook, after looking at its directory for macros and for the size it unpacks to.

    The sheet is the one the mapping names, else the first visible one. Hidden columns are not read; they and the other sheets are named in
    the source's notices.

    Raises:
        MacroWorkbook: it holds programs.
        TooLarge: it unpacks to more than the limit.
        FileRefused: it is broken, lacks the sheet, or has no visible one.
        EmptyFile: the sheet has no rows.
    """
    _check_directory(path, limits)
    try:
        book = ExcelReader(path, read_only=True, data_only=True, keep_links=False)
        book.read_manifest()
        book.read_workbook()
        apply_stylesheet(book.archive, book.wb)
        sheets = [
            _Sheet(sheet.name, rel.target, sheet.state == "visible")
            for sheet, rel in book.parser.find_sheets()
            if rel.target in book.valid_files and rel.Type.endswith("/worksheet")
        ]
    except DuecourseError:
        raise
    except Exception as error:
        raise FileRefused(file=path.name, reason="the workbook is broken") from error
    sheet = _chosen(path, sheets, mapping)
    cells = _cells(path, book, sheet, mapping)
    rows = _rows(path, cells)
    head = list(islice(rows, max(mapping.header_rows, HEADER_SEARCH_ROWS + HEADER_DEPTH_MAX - 1)))
    head = [[cell[: limits.cell_characters_max + 1] for cell in row] for row in head] if mapping.header_rows <= len(head) else []
    if not any(any(row) for row in head):
        raise EmptyFile(file=path.name, reason="empty")
    opened = _Opened(book, head, rows, cells.hidden, _merged(path, book, sheet))
    return _source(path, opened, sheets=sheets, sheet=sheet, mapping=mapping, limits=limits)


@dataclass(frozen=True, slots=True)
class _Opened:
    book: Any
    head: list[list[str]]
    rows: Iterator[list[str]]
    hidden: set[int]
    merged: list[Span]


def _source(path: Path, opened: _Opened, *, sheets: list[_Sheet], sheet: _Sheet, mapping: Mapping, limits: Limits) -> Source:
    shown = [[cell for place, cell in enumerate(row) if place not in opened.hidden] for row in opened.head]
    names, depth = find_header(shown, mapping=mapping)
    while names and not names[-1]:
        names.pop()
    if not names:
        raise FileRefused(file=path.name, reason=f"there are no column names in row {max(depth, 1)}")
    limit(path, quantity="the number of columns", actual=len(names), maximum=limits.columns_max)
    limit(path, quantity="the length of a column's name", actual=max(map(len, names)), maximum=limits.cell_characters_max)
    header, repeated = unique_header(names)
    places = [place for place in range(len(names) + len(opened.hidden)) if place not in opened.hidden][: len(names)]
    name_of = {place: name for place, name in zip(places, names, strict=True) if name}
    merged = [span for span in opened.merged if span.first_row > depth and span.column in name_of]
    filling = frozenset(place for place, name in name_of.items() if is_like(name, mapping.fill_merged))
    all_rows = filled(_chained([*opened.head[depth:]], opened.rows), spans=merged, columns=filling, first_row=depth + 1)
    batches = _batches(path, all_rows, header=header, places=places, limits=limits, book=opened.book)
    notices = (*_sheet_notices(sheets, sheet), *_hidden_notices(opened, depth), *_merged_notices(merged, name_of, filling))
    return Source(path, header, repeated, "xlsx", batches, nameless_columns(names), notices)


def _check_directory(path: Path, limits: Limits) -> None:
    try:
        with zipfile.ZipFile(path) as packed:
            members = packed.infolist()
            types = packed.read("[Content_Types].xml")[: 1 << 20] if "[Content_Types].xml" in packed.NameToInfo else b""
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError, EOFError, zipfile.zlib.error) as error:  # type: ignore[attr-defined]
        raise FileRefused(file=path.name, reason="the packed file is broken") from error
    if any(member.filename.lower().endswith(_PROGRAMS) for member in members) or b"macroEnabled" in types:
        raise MacroWorkbook(file=path.name, reason="macros")
    if any(member.flag_bits & 1 for member in members):
        raise FileRefused(file=path.name, reason="it is packed with a password")
    unpacked = sum(member.file_size for member in members)
    limit(path, quantity="the size it unpacks to in bytes", actual=unpacked, maximum=limits.unpacked_bytes_max)


def _chosen(path: Path, sheets: list[_Sheet], mapping: Mapping) -> _Sheet:
    if mapping.sheet:
        named = [sheet for sheet in sheets if sheet.name == mapping.sheet]
        if not named:
            raise FileRefused(file=path.name, reason=f"it has no sheet {mapping.sheet[:64]}")
        return named[0]
    visible = [sheet for sheet in sheets if sheet.is_visible]
    if not visible:
        raise FileRefused(file=path.name, reason="it has no visible sheet")
    return visible[0]


def _cells(path: Path, book: Any, sheet: _Sheet, mapping: Mapping) -> SheetRows:
    try:
        shared = book.package.find(_SHARED_TEXTS)
        stream = book.archive.open(shared.PartName[1:]) if shared is not None and shared.PartName[1:] in book.valid_files else None
        texts = SharedTexts(stream)
        dates = frozenset(book.wb._date_formats)  # noqa: SLF001 - openpyxl knows which styles are dates and has no other way to say it
        opened = book.archive.open(sheet.member)
        return SheetRows(opened, texts=texts, date_styles=dates, epoch=book.wb.epoch, decimal=mapping.decimal)
    except Exception as error:
        raise FileRefused(file=path.name, reason="the workbook is broken") from error


def _rows(path: Path, cells: SheetRows) -> Iterator[list[str]]:
    try:
        yield from cells
    except Exception as error:
        raise FileRefused(file=path.name, reason="a sheet of the workbook is broken") from error


def _chained(first: list[list[str]], rest: Iterator[list[str]]) -> Iterator[list[str]]:
    yield from first
    yield from rest


def _sheet_notices(sheets: list[_Sheet], chosen: _Sheet) -> list[Problem]:
    others = [sheet for sheet in sheets if sheet.name != chosen.name]
    return [problem("OtherSheet" if sheet.is_visible else "HiddenSheet", row=0, column=sheet.name) for sheet in others]


def _hidden_notices(opened: _Opened, depth: int) -> list[Problem]:
    named: dict[int, str] = {}
    for row in opened.head[:depth]:
        named |= {place: " ".join(cell.split()) for place, cell in enumerate(row) if place in opened.hidden and cell.strip()}
    return [problem("HiddenColumn", row=0, column=named[place]) for place in sorted(named)]


def _merged(path: Path, book: Any, sheet: _Sheet) -> list[Span]:
    try:
        with book.archive.open(sheet.member) as stream:
            return merged_spans(stream)
    except Exception as error:
        raise FileRefused(file=path.name, reason="a sheet of the workbook is broken") from error


def _merged_notices(merged: list[Span], name_of: dict[int, str], filling: frozenset[int]) -> list[Problem]:
    """Say per column how many cells are empty because they belong to a merged one above, or were filled from it."""
    counts = Counter[int]()
    for span in merged:
        counts[span.column] += span.last_row - span.first_row
    return [
        problem("MergedFilled" if place in filling else "MergedCells", row=0, column=name_of[place], count=count)
        for place, count in sorted(counts.items())
    ]


def _batches(path: Path, rows: Iterator[list[str]], *, header: list[str], places: list[int], limits: Limits, book: Any) -> Iterator[Cells]:
    number = 0
    try:
        while taken := list(islice(rows, _ROWS_PER_BATCH)):
            limit(path, quantity="the number of rows", actual=number + len(taken), maximum=limits.rows_max)
            columns = [[row[place] if place < len(row) else "" for row in taken] for place in places]
            table = pa.table([pa.array(column, pa.string()) for column in columns], names=header)
            numbers = np.arange(number + 1, number + len(taken) + 1, dtype=np.int64)
            number += len(taken)
            yield Cells(table, numbers, np.zeros(len(taken), dtype=bool))
    finally:
        book.archive.close()

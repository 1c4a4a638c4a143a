"""XLSX workbooks as cells. Formulas are never evaluated: the value the sender's program stored is read."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pyarrow as pa

from duecourse.kit.errors import DuecourseError
from duecourse.kit.records.cells import Cells, Limits, Source, limit, unique_header
from duecourse.kit.records.mapping import Mapping, fold
from duecourse.kit.records.refusals import EmptyFile, FileRefused, MacroWorkbook

_ROWS_PER_BATCH = 10_000


def open_workbook(path: Path, *, mapping: Mapping, limits: Limits) -> Source:
    """Open one sheet of a workbook, after looking at its directory for macros and for the size it unpacks to.

    Raises:
        MacroWorkbook: it holds programs.
        TooLarge: it unpacks to more than the limit.
        FileRefused: it is broken, or lacks the sheet.
        EmptyFile: the sheet has no rows.
    """
    _check_directory(path, limits)
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True, keep_links=False)
        sheet = book[mapping.sheet] if mapping.sheet else book.worksheets[0]
        sheet.reset_dimensions()
        rows = _values(path, sheet)
        head = list(islice(rows, mapping.header_rows))
    except DuecourseError:
        raise
    except Exception as error:
        raise FileRefused(file=path.name, reason="the workbook is broken or lacks the sheet") from error
    if len(head) < mapping.header_rows:
        raise EmptyFile(file=path.name, reason="empty")
    names = [fold(_text(value, mapping.decimal)[: limits.cell_characters_max + 1]) for value in head[-1]]
    while names and not names[-1]:
        names.pop()
    if not names:
        raise FileRefused(file=path.name, reason=f"there are no column names in row {mapping.header_rows}")
    limit(path, quantity="the number of columns", actual=len(names), maximum=limits.columns_max)
    limit(path, quantity="the length of a column's name", actual=max(map(len, names)), maximum=limits.cell_characters_max)
    header, repeated = unique_header(names)
    return Source(path, header, repeated, "xlsx", _batches(path, rows, header=header, decimal=mapping.decimal, limits=limits, book=book))


def _check_directory(path: Path, limits: Limits) -> None:
    try:
        with zipfile.ZipFile(path) as packed:
            members = packed.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise FileRefused(file=path.name, reason="the packed file is broken") from error
    if any(member.filename.lower().endswith("vbaproject.bin") for member in members):
        raise MacroWorkbook(file=path.name, reason="macros")
    if any(member.flag_bits & 1 for member in members):
        raise FileRefused(file=path.name, reason="it is packed with a password")
    unpacked = sum(member.file_size for member in members)
    limit(path, quantity="the size it unpacks to in bytes", actual=unpacked, maximum=limits.unpacked_bytes_max)


def _values(path: Path, sheet: Any) -> Iterator[tuple[Any, ...]]:
    try:
        yield from sheet.iter_rows(values_only=True)
    except Exception as error:
        raise FileRefused(file=path.name, reason="a sheet of the workbook is broken") from error


def _batches(path: Path, rows: Iterator[tuple[Any, ...]], *, header: list[str], decimal: str, limits: Limits, book: Any) -> Iterator[Cells]:
    width, number = len(header), 0
    try:
        while taken := list(islice(rows, _ROWS_PER_BATCH)):
            limit(path, quantity="the number of rows", actual=number + len(taken), maximum=limits.rows_max)
            columns: list[list[str]] = [[_text(row[i], decimal) if i < len(row) else "" for row in taken] for i in range(width)]
            table = pa.table([pa.array(column, pa.string()) for column in columns], names=header)
            numbers = np.arange(number + 1, number + len(taken) + 1, dtype=np.int64)
            number += len(taken)
            yield Cells(table, numbers, np.zeros(len(taken), dtype=bool))
    finally:
        book.close()


def _text(value: Any, decimal: str) -> str:
    """Return a cell's value as the text a CSV file would have; numbers with the mapping's decimal sign."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        whole = value.is_integer() and abs(value) < 1e15
        return str(int(value)) if whole else repr(value).replace(".", decimal)
    return str(value)

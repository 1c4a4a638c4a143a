"""Merged cells of a workbook's sheet: which rows share one, and what becomes of the empty cells below its first.

A spreadsheet keeps the value of a merged range in its first cell. For names and numbers of papers that cell may speak for all of its rows;
an amount merged over three accounts is their sum or nobody knows what, so no cell is filled unless the mapping names its column.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import IO, NamedTuple

_BLOCK_BYTES = 1 << 20
_TAIL_BYTES = 256
_SPANS_MAX = 1_000_000
_END = re.compile(rb"</(?:\w+:)?sheetData\s*>|<(?:\w+:)?sheetData\s*/>")
_RANGE = re.compile(rb"""<(?:\w+:)?mergeCell\s[^<>]*?ref=["']\$?([A-Z]{1,3})\$?([0-9]{1,7}):\$?[A-Z]{1,3}\$?([0-9]{1,7})["']""")


class Span(NamedTuple):
    """Cells of one column that are one: 1-based rows of the sheet, and the column, 0 the first."""

    first_row: int
    last_row: int
    column: int


def merged_spans(stream: IO[bytes]) -> list[Span]:
    """Return the merged cells of a sheet's XML that reach over several rows, in order of their first row.

    The list stands behind the rows, so the stream is read through, without parsing what comes before. Ranges over several columns count
    for their first one; no more than a million are kept.
    """
    spans: list[Span] = []
    tail, is_behind = b"", False
    while (block := stream.read(_BLOCK_BYTES)) and len(spans) < _SPANS_MAX:
        window = tail + block
        if not is_behind:
            end = _END.search(window) if b"sheetData" in window else None
            is_behind = end is not None
            window = window[end.end() :] if end else window
        last = 0
        for found in _RANGE.finditer(window) if is_behind else ():
            span = Span(int(found[2]), int(found[3]), _place(found[1]))
            last = found.end()
            if span.last_row > span.first_row:
                spans.append(span)
        tail = window[max(last, len(window) - _TAIL_BYTES) :]
    return sorted(spans)


def filled(rows: Iterator[list[str]], *, spans: Sequence[Span], columns: frozenset[int], first_row: int) -> Iterator[list[str]]:
    """Yield the rows, with the value of a merged cell in all of its rows, in the columns named.

    Args:
        rows: texts of the sheet's rows, in order.
        spans: what is merged, in order of the first row.
        columns: where it may be filled, 0 the first.
        first_row: number in the sheet of the first of `rows`.
    """
    waiting = [span for span in reversed(spans) if span.column in columns]
    held: dict[int, tuple[int, str]] = {}
    for number, row in enumerate(rows, start=first_row):
        for place, (last_row, text) in list(held.items()):
            if number > last_row:
                del held[place]
                continue
            row.extend([""] * (place + 1 - len(row)))
            row[place] = row[place] or text
        while waiting and waiting[-1].first_row <= number:
            span = waiting.pop()
            if span.first_row == number and span.column < len(row) and row[span.column]:
                held[span.column] = (span.last_row, row[span.column])
        yield row


def _place(letters: bytes) -> int:
    place = 0
    for letter in letters:
        place = 26 * place + letter - 64
    return place - 1

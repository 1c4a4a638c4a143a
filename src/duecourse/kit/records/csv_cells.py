"""CSV as cells: encodings, broken lines and row numbers, in flat memory."""

from __future__ import annotations

import csv
import dataclasses
import io
import re
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from duecourse.kit.records.cells import Cells, Limits, Malformed, Source, limit, nameless_columns, unique_header
from duecourse.kit.records.headers import HEADER_DEPTH_MAX, HEADER_SEARCH_ROWS, find_header
from duecourse.kit.records.mapping import REJECT_COLUMNS, Mapping
from duecourse.kit.records.refusals import BinaryFile, EmptyFile, FileRefused, TooLarge

MARK = "\ufdd0"
_BOM = b"\xef\xbb\xbf"
_SAMPLE_BYTES = 1 << 20
_LINE_BYTES_MAX = 32 << 20
_NON_ASCII = re.compile(rb"[^\x00-\x7f]")
_UTF8_HAN = re.compile(rb"[\xe4-\xe9][\x80-\xbf]{2}")


class Utf8Stream:
    """A readable stream of a text file as UTF-8.

    Lines that are not in the file's encoding are decoded by one of the others and carry `MARK` after their first foreign character,
    so that the row, once cut into cells, can be named. The mark is a code point that Unicode reserves for such use.
    """

    def __init__(self, path: Path, *, raw: BinaryIO, encoding: str, others: tuple[str, ...]) -> None:
        self._path, self._raw, self._encoding, self._others = path, raw, encoding, others
        self._rest, self._position, self._out = b"", raw.tell(), b""
        self.has_marks = self.has_ended = False

    @property
    def closed(self) -> bool:
        """Whether the file under it is closed."""
        return self._raw.closed

    def close(self) -> None:
        """Close the file under it."""
        self._raw.close()

    def read(self, size: int = -1) -> bytes:
        """Return up to `size` bytes of UTF-8, b'' at the end.

        Raises:
            BinaryFile: a NUL byte.
            TooLarge: a line of more than 32 MiB.
        """
        while not self._out:
            block = self._raw.read(max(size, 1 << 16))
            if b"\0" in block:
                raise BinaryFile(file=self._path.name, position=self._position + block.index(b"\0"), reason="NUL")
            self._position += len(block)
            whole, newline, rest = (self._rest + block).rpartition(b"\n")
            if block and not newline:
                self._rest = rest
                limit(self._path, quantity="the length of a line in bytes", actual=len(rest), maximum=_LINE_BYTES_MAX)
                continue
            self._rest = rest if block else b""
            self._out = self._utf8(whole + newline if block else whole + newline + rest)
            if not block:
                self.has_ended = not self._out
                break
        taken, self._out = (self._out[:size], self._out[size:]) if size >= 0 else (self._out, b"")
        return taken

    def _utf8(self, block: bytes) -> bytes:
        try:
            text = block.decode(self._encoding)
        except UnicodeDecodeError:
            return b"".join(self._line(line) for line in block.splitlines(keepends=True))
        if self._encoding == "utf-8":
            return block
        if "utf-8" in self._others and any(_is_foreign(line) for line in block.splitlines()):
            return b"".join(self._line(line) for line in block.splitlines(keepends=True))
        return text.encode()

    def _line(self, line: bytes) -> bytes:
        if not (self._encoding != "utf-8" and "utf-8" in self._others and _is_foreign(line)):
            try:
                return line.decode(self._encoding).encode()
            except UnicodeDecodeError:
                pass
        self.has_marks = True
        encoding = next((other for other in self._others if _decodes(line, other)), None)
        text = line.decode(encoding) if encoding else line.decode(self._encoding, errors="replace")
        return re.sub(r"([^\x00-\x7f])", rf"\1{MARK}", text, count=1).encode()


def open_csv(path: Path, *, mapping: Mapping, limits: Limits) -> Source:
    """Open a CSV file: decide its encoding, read its header, and prepare its batches.

    A rejects file of ours is recognised by its last columns and read as UTF-8 with commas, whatever the mapping says.

    Raises:
        EmptyFile: no bytes, or blank lines only.
        BinaryFile: NUL bytes.
        FileRefused: the header or a row cannot be cut into cells.
        TooLarge: a limit is passed.
    """
    with path.open("rb") as raw:
        sample = raw.read(_SAMPLE_BYTES)
    if b"\0" in sample:
        raise BinaryFile(file=path.name, position=sample.index(b"\0"), reason="NUL")
    if not sample.removeprefix(_BOM).strip():
        raise EmptyFile(file=path.name, reason="empty")
    encoding = detect_encoding(sample, mapping.encodings)
    text = sample.removeprefix(_BOM).decode(encoding, errors="replace")
    first = next(csv.reader(text.splitlines(keepends=True)[:1]), [])
    ours = tuple(first[-3:]) == REJECT_COLUMNS
    delimiter, header_rows = (",", 1) if ours else (mapping.delimiter, mapping.header_rows)
    names, lines = _header(path, text=text, delimiter=delimiter, mapping=dataclasses.replace(mapping, header_rows=header_rows))
    limit(path, quantity="the number of columns", actual=len(names), maximum=limits.columns_max)
    header, repeated = unique_header(names)
    if len(sample) < _SAMPLE_BYTES and not "".join(text.splitlines()[lines:]).strip():
        return Source(path, header, repeated, encoding, iter(()), nameless_columns(names))
    others = tuple(other for other in mapping.encodings if other != encoding)
    raw = path.open("rb")
    raw.seek(len(_BOM) if sample.startswith(_BOM) else 0)
    stream = Utf8Stream(path, raw=raw, encoding=encoding, others=others)
    batches = _batches(path, stream, header=header, lines=lines, delimiter=delimiter, limits=limits)
    return Source(path, header, repeated, encoding, batches, nameless_columns(names))


def detect_encoding(sample: bytes, encodings: tuple[str, ...]) -> str:
    """Return the encoding of a file by its first bytes: the first one in which most lines that are not ASCII can be decoded.

    UTF-8 is asked first wherever it stands, because other texts seldom are valid UTF-8 while UTF-8 often is valid GB18030.
    """
    if sample.startswith(_BOM):
        return "utf-8"
    candidates = sorted((encoding.lower().replace("utf8", "utf-8") for encoding in encodings), key=lambda name: name != "utf-8")
    lines = [line for line in sample.splitlines()[:5_000] if _NON_ASCII.search(line)]
    if len(sample) == _SAMPLE_BYTES and len(lines) > 1:
        lines.pop()
    for encoding in candidates:
        if 2 * sum(_decodes(line, encoding) for line in lines) >= len(lines):
            return encoding
    return candidates[0]


def _is_foreign(line: bytes) -> bool:
    """Whether a line of a file in another encoding is UTF-8 with Chinese in it: three-byte forms seldom arise by chance."""
    return _UTF8_HAN.search(line) is not None and _decodes(line, "utf-8")


def _decodes(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _header(path: Path, *, text: str, delimiter: str, mapping: Mapping) -> tuple[list[str], int]:
    """Return the column names and how many physical lines the header takes."""
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    taken: list[list[str]] = []
    ends: list[int] = []
    try:
        for row in islice(rows, mapping.header_rows or HEADER_SEARCH_ROWS + HEADER_DEPTH_MAX - 1):
            taken.append(row)
            ends.append(rows.line_num)
    except csv.Error as error:
        if len(taken) < max(mapping.header_rows, 1):
            raise FileRefused(file=path.name, reason=f"its header is not CSV ({error})") from error
    names, depth = find_header(taken, mapping=mapping) if len(taken) >= mapping.header_rows else ([], mapping.header_rows)
    if not any(names):
        raise FileRefused(file=path.name, reason=f"there are no column names in row {max(depth, 1)}")
    return names, ends[depth - 1]


def _batches(path: Path, stream: Utf8Stream, *, header: list[str], lines: int, delimiter: str, limits: Limits) -> Iterator[Cells]:
    broken: list[Malformed] = []
    skipped: set[int] = set()
    row = 0
    try:
        for batch in _parsed(
            path,
            stream,
            header=header,
            lines=lines,
            delimiter=delimiter,
            limits=limits,
            on_broken=_collector(broken, skipped, lines=lines, delimiter=delimiter),
        ):
            rows, row = _numbers(batch.num_rows, row, skipped)
            limit(path, quantity="the number of rows", actual=row, maximum=limits.rows_max)
            table = pa.Table.from_batches([batch])
            yield Cells(*_unmarked(table, rows, stream), [broken.pop(0) for _ in range(len(broken))])
        if broken:
            none = pa.table([pa.array([], pa.string())] * len(header), names=header)
            yield Cells(none, np.empty(0, dtype=np.int64), np.empty(0, dtype=bool), broken)
    finally:
        stream.close()


def _collector(broken: list[Malformed], skipped: set[int], *, lines: int, delimiter: str) -> Callable[[Any], str]:
    def on_broken(row: Any) -> str:
        number = row.number - lines
        skipped.add(number)
        cells = tuple(next(csv.reader([row.text.replace(MARK, "").rstrip("\r\n")], delimiter=delimiter), []))
        if any(cell.strip() for cell in cells):
            broken.append(Malformed(number, cells, row.expected_columns))
        return "skip"

    return on_broken


def _parsed(
    path: Path,
    stream: Utf8Stream,
    *,
    header: list[str],
    lines: int,
    delimiter: str,
    limits: Limits,
    on_broken: Callable[[Any], str],
) -> Iterator[pa.RecordBatch]:
    read = pacsv.ReadOptions(use_threads=False, block_size=limits.block_bytes, skip_rows=lines, column_names=header)
    parse = pacsv.ParseOptions(delimiter=delimiter, newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=on_broken)
    types = {name: pa.string() for name in header}
    convert = pacsv.ConvertOptions(check_utf8=False, column_types=types, strings_can_be_null=False, quoted_strings_can_be_null=False)
    try:
        yield from pacsv.open_csv(pa.PythonFile(stream, mode="r"), read_options=read, parse_options=parse, convert_options=convert)
    except pa.ArrowInvalid as error:
        reason = str(error).splitlines()[0]
        if "Empty CSV" in reason or ("Could not skip" in reason and stream.has_ended):
            return
        if "straddling" in reason:
            raise TooLarge(
                file=path.name, quantity="the length of a row in bytes", actual="more", limit=f"{limits.block_bytes:,}"
            ) from error
        raise FileRefused(file=path.name, reason="its rows cannot be cut into cells; look for a quote that is never closed") from error


def _numbers(count: int, last: int, skipped: set[int]) -> tuple[np.ndarray[Any, np.dtype[np.int64]], int]:
    """Return the file's row numbers of the next `count` rows after `last`, and the last of them."""
    if not skipped:
        return np.arange(last + 1, last + count + 1, dtype=np.int64), last + count
    numbers = np.arange(last + 1, last + count + len(skipped) + 1, dtype=np.int64)
    numbers = numbers[~np.isin(numbers, list(skipped))][:count]
    end = int(numbers[-1]) if count else last
    skipped -= {number for number in skipped if number <= end}
    return numbers, end


def _unmarked(
    table: pa.Table, rows: np.ndarray[Any, np.dtype[np.int64]], stream: Utf8Stream
) -> tuple[pa.Table, np.ndarray[Any, np.dtype[np.int64]], np.ndarray[Any, np.dtype[np.bool_]]]:
    """Find the rows that carry the mark, and take the mark out."""
    misencoded = np.zeros(table.num_rows, dtype=bool)
    if not stream.has_marks:
        return table, rows, misencoded
    columns = []
    for column in table.columns:
        found = np.asarray(pc.match_substring(column, MARK))
        misencoded |= found
        columns.append(pc.replace_substring(column, MARK, "") if found.any() else column)
    return pa.table(columns, names=table.column_names), rows, misencoded

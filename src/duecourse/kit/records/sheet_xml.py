"""A workbook's sheet as rows of texts, straight from its XML: memory does not grow with the rows.

Texts that the program shares between cells are kept packed, one after the other, at their bytes and eight more each. Values are what the
sender's program stored: formulas are passed over. Numbers have 15 significant digits, as spreadsheet programs show them; a whole number
that such a program cut to 15 digits comes as 6.22202000000000E+18, so that nobody takes it for the number it was.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import IO, Any, NoReturn
from xml.parsers import expat

from openpyxl.utils.datetime import from_excel

_BLOCK_BYTES = 1 << 18
_COLUMNS_MAX = 16_384
_BLANK_RUN_MAX = 1 << 20
_EXACT_DIGITS = 15
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


class SheetBroken(ValueError):
    """The XML says something that no sheet can say."""


class SharedTexts:
    """The workbook's table of texts."""

    def __init__(self, stream: IO[bytes] | None) -> None:
        """Read `sharedStrings.xml`; None means that there is none."""
        self._packed, self._ends = bytearray(), array("Q", [0])
        if stream is not None:
            self._read(stream)

    def __len__(self) -> int:
        return len(self._ends) - 1

    def __getitem__(self, place: int) -> str:
        if not 0 <= place < len(self):
            raise SheetBroken("a cell names a shared text that is not there")
        return self._packed[self._ends[place] : self._ends[place + 1]].decode()

    def _read(self, stream: IO[bytes]) -> None:
        parts: list[str] = []
        state = {"open": False, "phonetic": False}
        parser = _parser()

        def start(name: str, attributes: dict[str, str]) -> None:
            name = name.rpartition(":")[2]
            if name == "t":
                state["open"] = not state["phonetic"]
            elif name == "rPh":
                state["phonetic"] = True

        def end(name: str) -> None:
            name = name.rpartition(":")[2]
            if name == "t":
                state["open"] = False
            elif name == "rPh":
                state["phonetic"] = False
            elif name == "si":
                self._packed.extend(_unescaped("".join(parts)).encode("utf-8", "replace"))
                self._ends.append(len(self._packed))
                parts.clear()

        def text(characters: str) -> None:
            if state["open"]:
                parts.append(characters)

        parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, text
        while block := stream.read(_BLOCK_BYTES):
            parser.Parse(block, False)
        parser.Parse(b"", True)


class SheetRows:
    """The rows of one sheet, each a list of texts; rows that are missing in the file come as empty lists.

    Attributes:
        hidden: indexes of hidden columns, 0 the first; known once the first row was given.
    """

    def __init__(self, stream: IO[bytes], *, texts: SharedTexts, date_styles: frozenset[int], epoch: datetime, decimal: str) -> None:
        self.hidden: set[int] = set()
        self._stream, self._texts, self._date_styles, self._epoch, self._decimal = stream, texts, date_styles, epoch, decimal
        self._rows: list[tuple[int, list[str]]] = []
        self._row: list[str] = []
        self._number, self._column, self._kind, self._style = 0, 0, "n", 0
        self._parts: list[str] = []
        self._is_open = self._is_phonetic = False
        self._places: dict[str, int] = {}

    def __iter__(self) -> Iterator[list[str]]:
        """Give the rows.

        Raises:
            SheetBroken, ExpatError, zipfile.BadZipFile: it is no sheet.
        """
        parser = _parser()
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.CharacterDataHandler = self._text
        given = 0
        while True:
            block = self._stream.read(_BLOCK_BYTES)
            parser.Parse(block, not block)
            for number, row in self._rows:
                if number <= given or number - given > _BLANK_RUN_MAX:
                    raise SheetBroken("rows are out of order, or more than a million blank ones lie between two of them")
                for _ in range(given + 1, number):
                    yield []
                given = number
                yield row
            self._rows = []
            if not block:
                return

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        name = name.rpartition(":")[2]
        if name == "c":
            reference = attributes.get("r")
            self._column = self._place(reference) if reference else self._column + 1
            self._kind, self._style = attributes.get("t", "n"), int(attributes.get("s", 0))
        elif name == "v" or (name == "t" and not self._is_phonetic):
            self._is_open = True
        elif name == "row":
            self._row, self._column = [], -1
            self._number = int(attributes.get("r", self._number + 1))
        elif name == "rPh":
            self._is_phonetic = True
        elif name == "col" and attributes.get("hidden") in ("1", "true"):
            first, last = int(attributes["min"]), int(attributes["max"])
            self.hidden |= set(range(first - 1, min(last, _COLUMNS_MAX)))

    def _end(self, name: str) -> None:
        name = name.rpartition(":")[2]
        if name == "c":
            if self._parts:
                self._put("".join(self._parts))
                self._parts = []
        elif name in ("v", "t"):
            self._is_open = False
        elif name == "row":
            self._rows.append((self._number, self._row))
        elif name == "rPh":
            self._is_phonetic = False

    def _text(self, characters: str) -> None:
        if self._is_open:
            self._parts.append(characters)

    def _put(self, text: str) -> None:
        row, place = self._row, self._column
        if place >= len(row):
            row.extend([""] * (place + 1 - len(row)))
        if self._kind == "s":
            row[place] = self._texts[int(text)]
        elif self._kind == "n":
            row[place] = self._number_text(text)
        elif self._kind in ("str", "inlineStr"):
            row[place] = _unescaped(text)
        elif self._kind == "b":
            row[place] = "true" if text.strip() in ("1", "true") else "false"
        else:
            row[place] = text

    def _number_text(self, text: str) -> str:
        if self._style in self._date_styles:
            try:
                return _moment_text(from_excel(float(text), self._epoch))  # house: allow float because a serial day is no amount
            except (OverflowError, ValueError):
                return "#VALUE!"
        if len(text) <= _EXACT_DIGITS and text.isdecimal() and text.isascii():
            return text.lstrip("0") or "0"
        return number_text(text, decimal=self._decimal)

    def _place(self, reference: str) -> int:
        letters = reference.rstrip("0123456789")
        place = self._places.get(letters)
        if place is None:
            place = 0
            for letter in letters:
                if not "A" <= letter <= "Z":
                    raise SheetBroken("a cell has no place")
                place = 26 * place + ord(letter) - 64
            if not 0 < place <= _COLUMNS_MAX:
                raise SheetBroken("a cell has no place")
            place = self._places[letters] = place - 1
        return place


def number_text(text: str, *, decimal: str) -> str:
    """Return a stored number as the text a CSV file would have, with the decimal sign asked for.

    Raises:
        ValueError: it is no number.
    """
    value = float(text)  # house: allow float because a workbook stores binary numbers; amounts are parsed from the text made here
    if value.is_integer() and abs(value) < 10**_EXACT_DIGITS:
        return str(int(value))
    shown = format(value, f".{_EXACT_DIGITS}g")
    if "e" not in shown:
        return shown.replace(".", decimal)
    if value.is_integer():
        digits = text if text.lstrip("-").isdecimal() else str(int(value))
        is_cut = not digits.lstrip("-")[_EXACT_DIGITS:].strip("0") or digits != text
        return f"{value:.14E}" if is_cut else digits
    return format(value, ".20f").rstrip("0").replace(".", decimal)


def _moment_text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(timespec="seconds")
    return value.isoformat() if isinstance(value, date) else str(value)


def _unescaped(text: str) -> str:
    """Return a text with `_x000D_` and the like as the characters they stand for."""
    if "_x" not in text:
        return text
    return _ESCAPED.sub(lambda found: found[0] if 0xD800 <= int(found[1], 16) < 0xE000 else chr(int(found[1], 16)), text)


def _parser() -> expat.XMLParserType:
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_doctype
    return parser


def _refuse_doctype(*_: object) -> NoReturn:
    raise SheetBroken("it declares a document type, which no sheet does")

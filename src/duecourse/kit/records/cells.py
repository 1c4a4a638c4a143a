"""What every kind of file becomes before its meaning is read: a header and batches of texts with row numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from duecourse.kit.errors import Problem
from duecourse.kit.records.refusals import TooLarge


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds that keep memory and disk safe; passing one refuses the file.

    Attributes:
        file_bytes_max: size of the file.
        unpacked_bytes_max: size of what a workbook or a Parquet file unpacks to, as its directory says.
        rows_max: data rows.
        columns_max: columns of the header.
        cell_characters_max: a longer cell makes its row a problem.
        block_bytes: how much of a CSV file is in memory at a time.
    """

    file_bytes_max: int = 8 << 30
    unpacked_bytes_max: int = 2 << 30
    rows_max: int = 100_000_000
    columns_max: int = 1_000
    cell_characters_max: int = 32_767
    block_bytes: int = 4 << 20


@dataclass(frozen=True, slots=True)
class Malformed:
    """A row whose number of cells is not the header's: its file row, its cells, and the count expected."""

    row: int
    cells: tuple[str, ...]
    expected: int


@dataclass(frozen=True, slots=True)
class Cells:
    """A batch of rows.

    Attributes:
        table: string columns, named by the header, no nulls in CSV.
        rows: int64, the number of each row in the file, the header not counted.
        misencoded: rows that are not in the file's encoding.
        malformed: rows that could not be put into columns, in order.
    """

    table: pa.Table
    rows: npt.NDArray[np.int64]
    misencoded: npt.NDArray[np.bool_]
    malformed: list[Malformed] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Source:
    """An opened file.

    Attributes:
        path: where it is.
        header: the column names, made unique.
        repeated: names that stood more than once.
        encoding: of a text file, else `xlsx` or `parquet`.
        batches: the rows.
        nameless: columns of the header that have no name.
        notices: what was passed over: sheets and hidden columns.
    """

    path: Path
    header: list[str]
    repeated: frozenset[str]
    encoding: str
    batches: Iterator[Cells]
    nameless: frozenset[str] = frozenset()
    notices: tuple[Problem, ...] = ()


def limit(path: Path, *, quantity: str, actual: int, maximum: int) -> None:
    """Refuse a file that passes a limit.

    Raises:
        TooLarge: `actual` is above `maximum`.
    """
    if actual > maximum:
        raise TooLarge(file=path.name, quantity=quantity, actual=f"{actual:,}", limit=f"{maximum:,}")


def nameless_columns(names: list[str]) -> frozenset[str]:
    """Return the names that `unique_header` gives to columns without one."""
    return frozenset(f"column_{position}" for position, name in enumerate(names, start=1) if not name)


def unique_header(names: list[str]) -> tuple[list[str], frozenset[str]]:
    """Return the header with `column_7` for a blank name and `name#2` for a repeated one, and the names that repeat."""
    seen: dict[str, int] = {}
    header = []
    for position, name in enumerate(names, start=1):
        base = name or f"column_{position}"
        seen[base] = seen.get(base, 0) + 1
        header.append(base if seen[base] == 1 else f"{base}#{seen[base]}")
    return header, frozenset(name for name, count in seen.items() if count > 1)

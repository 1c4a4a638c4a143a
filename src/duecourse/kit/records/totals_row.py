"""The row of totals (合计) at the end of a file: no account, but a control total that its sender made."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from duecourse.kit.errors import DuecourseError, Problem
from duecourse.kit.money import parse_amount, plain_amount
from duecourse.kit.records.cells import Cells
from duecourse.kit.records.mapping import Mapping
from duecourse.kit.records.names import normal
from duecourse.kit.records.refusals import TotalsRowDisagrees, problem


@dataclass(slots=True)
class TotalsRow:
    """The row, once found, and the sums of the rows above it.

    Attributes:
        mapping: names the words that mark it.
        cells: column → text of the row; empty while none was found.
        sums_minor: column → sum of the amounts that were read from it.
        unread_count: amounts that could not be read.
        currencies: of the rows.
    """

    mapping: Mapping
    cells: dict[str, str] = field(default_factory=dict)
    sums_minor: Counter[str] = field(default_factory=Counter)
    unread_count: int = 0
    currencies: set[str] = field(default_factory=set)

    def without(self, batches: Iterator[Cells]) -> Iterator[Cells]:
        """Give the batches without the file's last row, if that is a row of totals; one that more rows follow is a row like any other."""
        held: Cells | None = None
        for cells in batches:
            last = _last_row(cells)
            if last is None:
                yield cells
                continue
            if held is not None:
                cells = _joined(held, cells)  # noqa: PLW2901 - the held row goes before the batch
                last, held = last + 1, None
            if self._is_marked(cells, last):
                held = dataclasses.replace(_part(cells, last, last + 1), malformed=[])
                cells = _part(cells, 0, last)  # noqa: PLW2901 - and the last one out of it
            yield cells
        if held is not None:
            self.cells = {name: held.table[name][0].as_py().strip() for name in held.table.column_names}

    def add(self, column: str, values: pa.Array, *, unread_count: int) -> None:
        """Add what was read from a column of amounts."""
        self.sums_minor[column] += int(pc.sum(values).as_py() or 0)
        self.unread_count += unread_count

    def add_currencies(self, codes: Iterable[str | None]) -> None:
        """Note the currencies of rows; sums over several of them mean nothing."""
        self.currencies |= {code for code in codes if code}

    def checked(self, path: Path) -> list[Problem]:
        """Return a notice when there is a row of totals.

        Raises:
            TotalsRowDisagrees: an amount in it is not the sum of its column.
        """
        if not self.cells:
            return []
        if len(self.currencies) != 1 or self.mapping.keep:
            return [problem("TotalsRowUnchecked", row=0)]
        code = next(iter(self.currencies))
        agreed, differing = [], []
        for column, total in self.sums_minor.items():
            declared = self._amount(column, code)
            if declared == total:
                agreed.append(column)
            elif declared is not None:
                differing.append(f"{column} is {plain_amount(declared, code)} and the rows have {plain_amount(total, code)}")
        if differing:
            raise TotalsRowDisagrees(file=path.name, differences="; ".join(differing), unreadable=self.unread_count, reason="totals")
        return [problem("TotalsRow", row=0, columns=", ".join(agreed)) if agreed else problem("TotalsRowUnchecked", row=0)]

    def _amount(self, column: str, code: str) -> int | None:
        forms, text = self.mapping, self.cells.get(column, "")
        try:
            return parse_amount(text, currency=code, rounding=forms.rounding, thousands=forms.thousands, decimal=forms.decimal)
        except DuecourseError:
            return None

    def _is_marked(self, cells: Cells, place: int) -> bool:
        words = {normal(word) for word in self.mapping.totals}
        return any(normal(cells.table.column(i)[place].as_py()) in words for i in range(cells.table.num_columns))


def _last_row(cells: Cells) -> int | None:
    """Return the index of the last row with a value, or None when there is none."""
    filled = np.zeros(len(cells.rows), dtype=bool)
    for column in cells.table.columns:
        filled |= np.asarray(pc.not_equal(pc.utf8_trim_whitespace(column), ""))
    places = np.nonzero(filled)[0]
    if not len(places):
        return None
    return int(places[-1])


def _part(cells: Cells, start: int, stop: int) -> Cells:
    """Return some rows of a batch; what is behind the last row with a value is blank and not kept."""
    return Cells(cells.table.slice(start, stop - start), cells.rows[start:stop], cells.misencoded[start:stop], cells.malformed)


def _joined(first: Cells, second: Cells) -> Cells:
    return Cells(
        pa.concat_tables([first.table, second.table]),
        np.concatenate([first.rows, second.rows]),
        np.concatenate([first.misencoded, second.misencoded]),
        [*first.malformed, *second.malformed],
    )

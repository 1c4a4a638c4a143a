"""The header of a file: which row it is, how two or three rows become one, and which field a column's name stands for."""

from __future__ import annotations

import re
from collections.abc import Sequence

from duecourse.kit.records.mapping import Mapping, fold
from duecourse.kit.records.names import SEPARATOR, is_like, normal

HEADER_SEARCH_ROWS = 10
HEADER_DEPTH_MAX = 3
GROUPS = (
    "*客户*", "*借款人*", "*债务*", "*持卡人*", "*主借*", "*本人*", "*个人信息*", "*基本*", "*案件*", "*委案*", "*委托*", "*账户*", "*欠款*", "*金额*", "*贷款*",
    "*借款信息*", "*逾期*", "*还款*", "*产品*", "*合同*", "*联系方式*", "*联系信息*", "*身份*", "*customer*", "*borrower*", "*debtor*", "*account*", "*loan*",
    "*amount*", "*balance*", "*overdue*", "*repayment*",
)  # fmt: skip
"""Group headings under which a column means the debtor or the debt; under any other (担保人, 推荐人) it is not taken for the debtor's."""

_VALUE = re.compile(r"^[-+¥$]?[0-9][0-9,./:-]*$")


class HeaderIndex:
    """Finds the field that a column's name stands for.

    Names of `columns` are compared as they are first; then names of `columns`, `synonyms` and `sums` in their normal form; a column under a
    group heading also by its own name, if every heading is harmless (`GROUPS`) and the whole is not a surplus or ignored column.
    """

    def __init__(self, mapping: Mapping) -> None:
        self._mapping = mapping
        self._exact = {fold(column): name for column, name in mapping.columns.items()}
        self._loose: dict[str, tuple[str, int]] = {}
        unclear = set()
        for column, name in mapping.columns.items():
            if self._loose.setdefault(normal(column), (name, 0))[0] != name:
                unclear.add(normal(column))
        for name, columns in (*mapping.synonyms.items(), *mapping.sums.items()):
            for rank, column in enumerate(columns):
                self._loose.setdefault(normal(column), (name, rank))
        for column in unclear:
            del self._loose[column]

    def field_of(self, column: str) -> str | None:
        """Return the field, or None."""
        found = self.ranked(column)
        return found[0] if found else None

    def ranked(self, column: str) -> tuple[str, int] | None:
        """Return the field and the place of this name in the mapping's order of preference, 0 first, or None."""
        found = self._plain(column)
        if found or SEPARATOR not in column or self._mapping.surplus_code(column) or self._mapping.is_ignored(column):
            return found
        *groups, own = column.split(SEPARATOR)
        return self._plain(own) if all(is_like(group, GROUPS) for group in groups) else None

    def _plain(self, column: str) -> tuple[str, int] | None:
        exact = self._exact.get(fold(column))
        return (exact, 0) if exact else self._loose.get(normal(column))


def join_rows(*rows: Sequence[str]) -> list[str]:
    """Return the names of a header of several rows; a merged group heading, which stands in its first cell only, reaches to the next one.

    A column without a name in the lowest row has the name that stands deepest above it; a new heading ends the ones below it.
    """
    names, groups = [], [""] * (len(rows) - 1)
    for place in range(max(map(len, rows))):
        cells = [row[place] if place < len(row) else "" for row in rows]
        own = max((level for level, cell in enumerate(cells) if cell), default=0)
        for level, cell in enumerate(cells[:-1]):
            if cell:
                groups[level:] = [cell, *[""] * (len(groups) - level - 1)]
        parts = [*(group for group in groups[:own] if group and group != cells[own]), cells[own]]
        names.append(SEPARATOR.join(parts) if cells[own] else "")
    return names


def find_header(rows: Sequence[Sequence[str]], *, mapping: Mapping) -> tuple[list[str], int]:
    """Return the column names, folded, and how many rows there are down to and with the header.

    With `header_rows` of 1 and more it is that row. With 0 it is the row, or the two or three rows, among the first ten whose names the
    mapping knows most fields of; fewer rows win over more, earlier ones over later ones. Where it knows none, it is the first row that is
    as wide as a table and holds no numbers.
    """
    texts = [[fold(cell) for cell in row] for row in rows]
    if mapping.header_rows:
        return texts[mapping.header_rows - 1], mapping.header_rows
    index = HeaderIndex(mapping)
    best, chosen = 0, None
    for depth in range(1, HEADER_DEPTH_MAX + 1):
        for place in range(min(len(texts) - depth + 1, HEADER_SEARCH_ROWS)):
            names = join_rows(*texts[place : place + depth])
            known = len({index.field_of(name) for name in names if name} - {None})
            if known > best:
                best, chosen = known, (names, place + depth)
    return chosen or _likely(texts)


def _likely(texts: list[list[str]]) -> tuple[list[str], int]:
    """Return the first row of words that is at least half as wide as the widest row."""
    widths = [sum(1 for cell in row if cell) for row in texts]
    for place, row in enumerate(texts[:HEADER_SEARCH_ROWS]):
        if widths[place] and 2 * widths[place] >= max(widths) and not any(_VALUE.match(cell) for cell in row):
            return row, place + 1
    first = next((place for place, width in enumerate(widths) if width), 0)
    return (texts[first], first + 1) if texts else ([], 0)

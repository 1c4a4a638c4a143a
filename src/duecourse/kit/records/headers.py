"""The header of a file: which row it is, how two rows become one, and which field a column's name stands for."""

from __future__ import annotations

import re
from collections.abc import Sequence

from duecourse.kit.records.mapping import Mapping, fold
from duecourse.kit.records.names import SEPARATOR, is_like, normal

HEADER_SEARCH_ROWS = 10
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
    group heading also by its own name, if the heading is harmless (`GROUPS`) and the whole is not a surplus or ignored column.
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
        group, _, own = column.rpartition(SEPARATOR)
        return self._plain(own) if is_like(group, GROUPS) else None

    def _plain(self, column: str) -> tuple[str, int] | None:
        exact = self._exact.get(fold(column))
        return (exact, 0) if exact else self._loose.get(normal(column))


def join_rows(upper: Sequence[str], lower: Sequence[str]) -> list[str]:
    """Return the names of a header of two rows; a merged group heading, which stands in its first cell only, reaches to the next one.

    A column without a name of its own has the upper row's name alone.
    """
    width = max(len(upper), len(lower))
    names, group = [], ""
    for place in range(width):
        above, below = (row[place] if place < len(row) else "" for row in (upper, lower))
        group = above or group
        names.append(f"{group}{SEPARATOR}{below}" if group and below and group != below else above or below)
    return names


def find_header(rows: Sequence[Sequence[str]], *, mapping: Mapping) -> tuple[list[str], int]:
    """Return the column names, folded, and how many rows there are down to and with the header.

    With `header_rows` of 1 and more it is that row. With 0 it is the row, or the pair of rows, among the first ten whose names the mapping
    knows most fields of; single rows win over pairs, earlier ones over later ones. Where it knows none, it is the first row that is as wide
    as a table and holds no numbers.
    """
    texts = [[fold(cell) for cell in row] for row in rows]
    if mapping.header_rows:
        return texts[mapping.header_rows - 1], mapping.header_rows
    index = HeaderIndex(mapping)
    best, chosen = 0, None
    for pair in (False, True):
        for place in range(min(len(texts) - pair, HEADER_SEARCH_ROWS)):
            names = join_rows(texts[place], texts[place + 1]) if pair else texts[place]
            known = len({index.field_of(name) for name in names if name} - {None})
            if known > best:
                best, chosen = known, (names, place + 1 + pair)
    return chosen or _likely(texts)


def _likely(texts: list[list[str]]) -> tuple[list[str], int]:
    """Return the first row of words that is at least half as wide as the widest row."""
    widths = [sum(1 for cell in row if cell) for row in texts]
    for place, row in enumerate(texts[:HEADER_SEARCH_ROWS]):
        if widths[place] and 2 * widths[place] >= max(widths) and not any(_VALUE.match(cell) for cell in row):
            return row, place + 1
    first = next((place for place, width in enumerate(widths) if width), 0)
    return (texts[first], first + 1) if texts else ([], 0)

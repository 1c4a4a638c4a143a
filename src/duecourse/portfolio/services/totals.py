"""Control totals: what the sender says the file holds, against what was read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping as AnyMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from duecourse.kit.documents import json_document
from duecourse.kit.errors import DuecourseError
from duecourse.kit.money import exponent, parse_amount, plain_amount
from duecourse.kit.records import Mapping
from duecourse.kit.records.convert import translation
from duecourse.kit.records.headers import HeaderIndex
from duecourse.kit.records.names import normal
from duecourse.portfolio.errors import ControlUnreadable, TotalsDisagree

SIDECAR_SUFFIX = ".control.json"


@dataclass(frozen=True, slots=True)
class ControlTotals:
    """What the sender declares; None and an empty mapping declare nothing.

    Attributes:
        row_count: data rows of the file, blank lines not counted.
        balance_minor: currency → sum of the balances of all rows, in minor units.
    """

    row_count: int | None = None
    balance_minor: AnyMapping[str, int] = field(default_factory=dict)

    @classmethod
    def from_document(cls, document: Any, *, source: str) -> ControlTotals:
        """Read `{"rows": 1000, "balance": {"CNY": "1234567.89"}}`.

        Raises:
            ControlUnreadable: it has another form.
        """
        if not isinstance(document, dict) or set(document) - {"rows", "balance"}:
            raise ControlUnreadable(source=source, reason="it is not an object of rows and balance")
        rows, balance = document.get("rows"), document.get("balance", {})
        if rows is not None and (type(rows) is not int or rows < 0):
            raise ControlUnreadable(source=source, reason="rows is not a whole number")
        if not isinstance(balance, dict) or not all(isinstance(amount, str) for amount in balance.values()):
            raise ControlUnreadable(source=source, reason="balance is not currency → amount in quotes")
        try:
            return cls(rows, {code: parse_amount(text, currency=code, rounding="exact") for code, text in balance.items()})
        except DuecourseError as error:
            raise ControlUnreadable(source=source, reason=error.parts()[0].rstrip(".")) from error

    def record(self) -> dict[str, Any]:
        """Return the totals as stored with the tape."""
        return {"rows": self.row_count, "balance_minor": dict(self.balance_minor)}


def control_beside(path: Path) -> ControlTotals | None:
    """Return the totals of `<file>.control.json`, or None when there is no such file.

    Raises:
        ControlUnreadable: it is there and has another form.
    """
    sidecar = path.with_name(path.name + SIDECAR_SUFFIX)
    try:
        document = json_document(sidecar)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise ControlUnreadable(source=sidecar.name, reason=type(error).__name__) from error
    return ControlTotals.from_document(document, source=sidecar.name)


@dataclass(slots=True)
class FileTotals:
    """What was read: rows and the sum of all balances that can be read, of rows taken in and refused alike."""

    row_count: int = 0
    balance_minor: Counter[str] = field(default_factory=Counter)
    unreadable_count: int = 0

    def add_rows(self, table: pa.Table) -> None:
        """Count rows whose cells were all read."""
        self.row_count += table.num_rows
        sums = table.select(["currency", "balance_minor"]).group_by("currency").aggregate([("balance_minor", "sum")])
        for code, amount in zip(sums["currency"].to_pylist(), sums["balance_minor_sum"].to_pylist(), strict=True):
            self.balance_minor[code] += amount

    def add_rejected(self, rejected: pa.Table, *, mapping: Mapping) -> None:
        """Count rows with a cell that was not read, and their balance where that cell is right."""
        self.row_count += rejected.num_rows
        balances, currencies = _column(rejected, mapping, "balance_minor"), _column(rejected, mapping, "currency")
        for position in range(rejected.num_rows):
            written = (currencies[1][position] if currencies else "") or mapping.currency
            code = translation(written, mapping.values.get("currency", {})) or ""
            try:
                if balances is None:
                    raise ControlUnreadable(source="balance", reason="no column")
                self.balance_minor[code] += _amount(balances, position, code, mapping)
            except (DuecourseError, ValueError):
                self.unreadable_count += 1

    def check(self, control: ControlTotals, *, file: str) -> None:
        """Compare with what the sender declares.

        Raises:
            TotalsDisagree: with both sides of each difference.
        """
        differences = []
        if control.row_count is not None and control.row_count != self.row_count:
            differences.append(f"{control.row_count:,} rows declared, {self.row_count:,} found")
        for code in sorted(set(control.balance_minor) | (set(self.balance_minor) if control.balance_minor else set())):
            declared, found = control.balance_minor.get(code, 0), self.balance_minor.get(code, 0)
            if declared != found:
                differences.append(f"{code} {_shown(declared, code)} declared, {_shown(found, code)} found")
        if differences:
            raise TotalsDisagree(file=file, differences="; ".join(differences), unreadable_count=self.unreadable_count)


def _shown(amount_minor: int, code: str) -> str:
    try:
        return plain_amount(amount_minor, code)
    except DuecourseError:
        return str(amount_minor)


def _column(rejected: pa.Table, mapping: Mapping, name: str) -> tuple[str, list[str]] | None:
    """Return the file's column for a field with its cells."""
    index = HeaderIndex(mapping)
    for column in rejected.column_names:
        if index.field_of(column) == name:
            return column, pc.utf8_trim_whitespace(rejected[column]).to_pylist()
    return None


def _amount(balances: tuple[str, list[str]], position: int, code: str, mapping: Mapping) -> int:
    column, cells = balances
    exponent(code)
    if normal(column) == "balance_minor":
        return int(cells[position])
    return parse_amount(cells[position], currency=code, rounding=mapping.rounding, thousands=mapping.thousands, decimal=mapping.decimal)

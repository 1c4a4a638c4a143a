"""Regulatory asset classes and the state of charge-off: a look-up in dated tables by product, and nothing else.

The class here is the least that days past due alone ask for. A bank may class a debt lower for other reasons; nothing here raises it.
A table that rests on memory or on a weak secondary source is off, and then a debt has the class `unknown`: nothing is guessed.

Source: docs/holds.md, "Classes and charge-off"; the references stand in classification.yaml.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import yaml

from duecourse.kit.errors import InvalidInput

UNKNOWN = "unknown"
CHARGED_OFF = "charged_off"
ANY_PRODUCT = "*"
_WEAK = ("secondary_weak", "memory")
_FILE = Path(__file__).with_suffix(".yaml")


class ClassTableUnknown(InvalidInput):
    """There is no table of this name."""

    what = "There is no table of classes {name}."
    why = "There are: {known}."
    todo = "Choose one of them."
    read = "docs/holds.md"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassTable:
    """One table: from which day past due on a debt has which class.

    Attributes:
        name: stable name.
        products: product classes it speaks of; `*` is every product without an enabled table of its own.
        effective_on: the first day it is in force.
        reference: the text it comes from.
        confidence: verbatim, secondary, secondary_weak or memory.
        is_enabled: off by default where the confidence is weak.
        first_days: class → first day past due, ascending from 0.
    """

    name: str
    products: tuple[str, ...]
    effective_on: date
    reference: str
    confidence: str
    is_enabled: bool
    first_days: tuple[tuple[str, int], ...]

    @property
    def is_weak(self) -> bool:
        """Say whether it rests on memory or on a weak secondary source."""
        return self.confidence in _WEAK


def class_tables() -> tuple[ClassTable, ...]:
    """Return the tables of regulatory classes."""
    return _tables("classes")


def charge_off_tables() -> tuple[ClassTable, ...]:
    """Return the tables that say from when on a charge-off may be reviewed."""
    return _tables("charge_off")


def class_text(code: str) -> tuple[str, str]:
    """Return what a class or a state means, in English and in Chinese."""
    texts = _document()["texts"][code]
    return texts["en"], texts["zh"]


def enabled(tables: Sequence[ClassTable], names: Iterable[str]) -> tuple[ClassTable, ...]:
    """Return the tables with those named switched on, as a creditor may do who has read the text.

    Raises:
        ClassTableUnknown: there is none of that name.
    """
    wanted = set(names)
    for name in sorted(wanted - {table.name for table in tables}):
        raise ClassTableUnknown(name=name, known=", ".join(table.name for table in tables))
    return tuple(replace(table, is_enabled=table.is_enabled or table.name in wanted) for table in tables)


def table_of(product_class: str, *, on: date, tables: Sequence[ClassTable]) -> ClassTable | None:
    """Return the enabled table in force for a product on a day: its own before that of every product, the newest first; None if there is none."""
    in_force = [table for table in tables if table.is_enabled and table.effective_on <= on]
    for wanted in (product_class, ANY_PRODUCT):
        found = [table for table in in_force if wanted in table.products]
        if found:
            return max(found, key=lambda table: table.effective_on)
    return None


def classes(product_class: pa.Array, days_past_due: pa.Array, *, on: date, tables: Sequence[ClassTable] | None = None) -> pa.Array:
    """Return each debt's class on a day.

    Args:
        product_class: string.
        days_past_due: integers from 0 on.
        on: the day whose tables count.
        tables: the tables; by default those that are shipped, weak ones off.

    Returns:
        string array of the same length; `unknown` where no enabled table speaks of the product.

    Guarantees: for one product the class never becomes milder when the days grow.
    """
    chosen = class_tables() if tables is None else tables
    days = np.asarray(pc.cast(days_past_due, pa.int64()))
    products = np.asarray(product_class.to_pylist(), dtype=object)
    found = np.full(len(days), UNKNOWN, dtype=object)
    for product in sorted(set(products.tolist())):
        table = table_of(product, on=on, tables=chosen)
        if table is not None:
            names = np.asarray([name for name, _ in table.first_days], dtype=object)
            firsts = np.asarray([first for _, first in table.first_days], dtype=np.int64)
            mine = products == product
            found[mine] = names[np.searchsorted(firsts, days[mine], side="right") - 1]
    return pa.array(found.tolist(), pa.string())


def charge_off_states(
    product_class: pa.Array,
    days_past_due: pa.Array,
    charged_off_on: pa.Array,
    *,
    on: date,
    tables: Sequence[ClassTable] | None = None,
) -> pa.Array:
    """Return each debt's state of charge-off on a day.

    Args:
        product_class: string.
        days_past_due: integers from 0 on.
        charged_off_on: date32, null where the creditor has not charged it off.
        on: the day.
        tables: as `classes`; the shipped one is off.

    Returns:
        string array: `charged_off` from the creditor's own day on, whatever a table says; else what an enabled table says, or `on_book`.
    """
    states = classes(product_class, days_past_due, on=on, tables=charge_off_tables() if tables is None else tables)
    known = pc.if_else(pc.equal(states, UNKNOWN), "on_book", states)
    is_off = pc.fill_null(pc.less_equal(charged_off_on, pa.scalar(on, pa.date32())), False)
    return pc.if_else(is_off, CHARGED_OFF, known)


@cache
def _document() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    return document


@cache
def _tables(kind: str) -> tuple[ClassTable, ...]:
    return tuple(
        ClassTable(**row | {"products": tuple(row["products"]), "first_days": tuple(row["first_days"].items())})
        for row in _document()[kind]
    )

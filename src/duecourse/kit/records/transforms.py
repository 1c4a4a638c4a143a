"""Small named transforms by which a mapping fills a field that no column holds.

Text transforms (`copy`, `first_of`, `concat`, `lookup`, `row_number`) work on the file's columns and give texts, which are then read
like cells. Typed transforms (`sum`, `difference`, `days_until`) work on fields already read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc


@dataclass(frozen=True, slots=True, kw_only=True)
class Transform:
    """One derived field.

    Attributes:
        name: the transform.
        sources: columns of the file for text transforms, fields of the record for typed ones.
        table: text → text, for `lookup`.
        default: what `lookup` gives for other texts, or None for no value.
        separator: between the parts of `concat`.
        prefix: before the number of `row_number`.
        parameter: the name of the date, given at reading, that `days_until` counts to.
    """

    name: str
    sources: tuple[str, ...] = ()
    table: Mapping[str, str] = field(default_factory=dict)
    default: str | None = None
    separator: str = ""
    prefix: str = ""
    parameter: str = "as_of"

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Transform:
        """Read the YAML form: `transform`, `from` and the other attributes by name; TypeError for unknown ones."""
        rest = {key: value for key, value in document.items() if key not in ("transform", "from", "table")}
        sources = document.get("from", ())
        table = {str(key): str(value) for key, value in document.get("table", {}).items()}
        names = (sources,) if isinstance(sources, str) else tuple(str(source) for source in sources)
        return cls(name=str(document["transform"]), sources=names, table=table, **rest)

    def document(self) -> dict[str, Any]:
        """Return the YAML form, without attributes that have their default."""
        rest = {"default": self.default, "separator": self.separator, "prefix": self.prefix}
        document: dict[str, Any] = {"transform": self.name, "from": list(self.sources)}
        document |= {"table": dict(self.table)} if self.table else {}
        document |= {key: value for key, value in rest.items() if value not in (None, "")}
        return document if self.parameter == "as_of" else document | {"parameter": self.parameter}

    @property
    def is_typed(self) -> bool:
        """Whether it works on fields already read."""
        return self.name in TYPED

    def columns(self) -> tuple[str, ...]:
        """Return the columns of the file that it needs."""
        return () if self.is_typed else self.sources


def lookup(columns: list[pa.Array], transform: Transform, rows: pa.Array) -> pa.Array:
    """Give the table's text for the cell's text."""
    encoded = columns[0].dictionary_encode()
    texts = [transform.table.get(text, transform.default) for text in encoded.dictionary.to_pylist()]
    return pc.take(pa.array(texts, pa.string()), encoded.indices)


def first_of(columns: list[pa.Array], transform: Transform, rows: pa.Array) -> pa.Array:
    """Give the first of the cells that has a value; `copy` is the case of one column."""
    return pc.coalesce(*columns)


def concat(columns: list[pa.Array], transform: Transform, rows: pa.Array) -> pa.Array:
    """Join the cells that have a value."""
    return pc.binary_join_element_wise(*columns, transform.separator, null_handling="skip")


def row_number(columns: list[pa.Array], transform: Transform, rows: pa.Array) -> pa.Array:
    """Number the rows of the file."""
    return pc.binary_join_element_wise(transform.prefix, rows.cast(pa.string()), "")


def sum_of(fields: list[pa.Array], transform: Transform, parameters: Mapping[str, date]) -> pa.Array:
    """Add integer or amount fields; no value counts as zero, and all without value give none."""
    total, seen = pa.scalar(0, pa.int64()), pc.is_valid(fields[0])
    for values in fields:
        total, seen = pc.add_checked(total, pc.fill_null(values, 0)), pc.or_(seen, pc.is_valid(values))
    return pc.if_else(seen, total, pa.scalar(None, pa.int64()))


def difference(fields: list[pa.Array], transform: Transform, parameters: Mapping[str, date]) -> pa.Array:
    """Subtract the other fields from the first."""
    total = fields[0]
    for values in fields[1:]:
        total = pc.subtract_checked(total, pc.fill_null(values, 0))
    return total


def days_until(fields: list[pa.Array], transform: Transform, parameters: Mapping[str, date]) -> pa.Array:
    """Count the days from a date field to the date given at reading, never below zero."""
    days = pc.days_between(fields[0], pa.scalar(parameters[transform.parameter], pa.date32()))
    return pc.max_element_wise(days.cast(pa.int64()), pa.scalar(0, pa.int64()), skip_nulls=False)


TEXTUAL: dict[str, Callable[[list[pa.Array], Transform, pa.Array], pa.Array]] = {
    "copy": first_of,
    "first_of": first_of,
    "concat": concat,
    "lookup": lookup,
    "row_number": row_number,
}
TYPED: dict[str, Callable[[list[pa.Array], Transform, Mapping[str, date]], pa.Array]] = {
    "sum": sum_of,
    "difference": difference,
    "days_until": days_until,
}
TRANSFORMS = frozenset({*TEXTUAL, *TYPED})

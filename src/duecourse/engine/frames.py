"""Typed frames: what every function of the engine takes and gives.

A frame is a `pyarrow.Table` that conforms to a declared `pyarrow.Schema`. Nullable is declared on the field; a column that is not
nullable holds no nulls. Money is int64 in minor units, dates are date32, instants are timestamp('us', 'UTC').
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from duecourse.kit.errors import InvalidInput


class FrameMismatch(InvalidInput):
    """A frame handed to the engine does not have the declared columns."""

    what = "The frame {frame} does not have the declared form: {reasons}."
    why = "The engine's functions take exactly the columns they declare."
    todo = "Compare it with the schema in the function's docstring."


def conform(table: pa.Table, schema: pa.Schema, *, name: str) -> pa.Table:
    """Return `table` with the schema's columns in the schema's order, cast safely; extra columns are dropped.

    Raises:
        FrameMismatch: a column is missing, cannot be cast without loss, or holds nulls where none are declared; all reasons are
            listed at once.
    """
    columns, reasons = [], []
    for wanted in schema:
        if wanted.name not in table.column_names:
            reasons.append(f"no column {wanted.name}")
            continue
        column = table.column(wanted.name)
        try:
            column = column.cast(wanted.type)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            reasons.append(f"{wanted.name} is not {wanted.type}: {error}")
            continue
        if not wanted.nullable and column.null_count:
            reasons.append(f"{wanted.name} has {column.null_count} nulls")
            continue
        columns.append(column)
    if reasons:
        raise FrameMismatch(frame=name, reasons="; ".join(reasons))
    return pa.table(columns, schema=schema)


def empty(schema: pa.Schema) -> pa.Table:
    """Return a frame of no rows."""
    return schema.empty_table()


def from_rows(rows: list[dict[str, Any]], schema: pa.Schema) -> pa.Table:
    """Return a frame of the given rows; a key that is missing becomes null."""
    return pa.Table.from_pylist(rows, schema=schema)


def digest(table: pa.Table, *, keys: list[str]) -> str:
    """Return the SHA-256, in hexadecimal, of the frame's content sorted by `keys`.

    It does not depend on row order, chunking or the Arrow version: the bytes hashed are, column by column in order of name, the
    name, the type, the null mask and the values (numbers little-endian, texts as UTF-8 with lengths).
    """
    ordered = table.sort_by([(key, "ascending") for key in keys])
    sha = hashlib.sha256(f"frame/1 {table.num_rows}".encode())
    for name in sorted(ordered.column_names):
        column = ordered.column(name).combine_chunks()
        sha.update(f"|{name}:{_type_name(column.type)}|".encode())
        sha.update(np.packbits(np.asarray(column.is_null())).tobytes())
        sha.update(_value_bytes(column))
    return sha.hexdigest()


def _type_name(kind: pa.DataType) -> str:
    """Return the type's name; a list's does not tell what its elements are called, which files do not keep."""
    return f"list<{kind.value_type}>" if pa.types.is_list(kind) else str(kind)


def _value_bytes(column: pa.Array) -> bytes:
    if pa.types.is_list(column.type):
        lengths = np.asarray(pc.fill_null(pc.list_value_length(column), 0), dtype="<i8")
        return lengths.tobytes() + _value_bytes(pc.list_flatten(column))
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        texts = [(value or "").encode() for value in column.to_pylist()]
        return np.asarray([len(t) for t in texts], dtype="<i8").tobytes() + b"".join(texts)
    if pa.types.is_boolean(column.type):
        return np.packbits(np.asarray(pc.fill_null(column, False))).tobytes()
    if pa.types.is_floating(column.type):
        return np.asarray(pc.fill_null(column, 0.0), dtype="<f8").tobytes()
    if pa.types.is_date32(column.type):
        column = column.cast(pa.int32())
    return np.asarray(pc.fill_null(column.cast(pa.int64()), 0), dtype="<i8").tobytes()

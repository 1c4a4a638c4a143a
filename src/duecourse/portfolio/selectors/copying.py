"""Rows out of the database as Arrow tables."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import pyarrow as pa
import pyarrow.csv as pacsv
from django.db import connection


def copy_out(query: str, /, parameters: Sequence[object] | Mapping[str, object] = (), *, schema: pa.Schema) -> pa.Table:
    """Return the rows of a query as a table, by COPY and Arrow; unquoted empty cells are null, quoted ones are empty texts."""
    block = io.BytesIO()
    with connection.cursor() as cursor, cursor.cursor.copy(f"COPY ({query}) TO STDOUT (FORMAT csv)", parameters or None) as copy:
        for piece in copy:
            block.write(piece)
    if not block.tell():
        return schema.empty_table()
    convert = pacsv.ConvertOptions(
        column_types=schema,
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
        null_values=[""],
        true_values=["t"],
        false_values=["f"],
    )
    parse = pacsv.ParseOptions(newlines_in_values=True)
    read = pacsv.ReadOptions(column_names=schema.names, use_threads=False)
    return pacsv.read_csv(pa.BufferReader(block.getbuffer()), read_options=read, parse_options=parse, convert_options=convert).cast(schema)

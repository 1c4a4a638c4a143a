"""From queries to frames and dicts, for the selectors of every room."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
from django.db import connection

_JSONB = 3802


def frame(query: str, *, schema: pa.Schema, **parameters: Any) -> pa.Table:
    """Return the rows of a query with named parameters as a frame; its columns come in the schema's order."""
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        columns = list(zip(*cursor.fetchall(), strict=True)) or [[] for _ in schema]
    return pa.table([pa.array(values, field.type) for values, field in zip(columns, schema, strict=True)], schema=schema)


def dicts(query: str, **parameters: Any) -> list[dict[str, Any]]:
    """Return the rows of a query with named parameters as dicts by column name, JSON read."""
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        columns = [(column.name, column.type_code == _JSONB) for column in cursor.description]
        return [
            {
                name: json.loads(value) if is_json and value is not None else value
                for (name, is_json), value in zip(columns, row, strict=True)
            }
            for row in cursor.fetchall()
        ]

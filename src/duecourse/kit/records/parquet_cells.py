"""Parquet files as cells, one row group's slice at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from duecourse.kit.records.cells import Cells, Limits, Source, limit, unique_header
from duecourse.kit.records.mapping import fold
from duecourse.kit.records.refusals import FileRefused

_ROWS_PER_BATCH = 65_536
_BATCH_BYTES_MAX = 512 << 20
"""What the texts of one batch may come to: 8 KiB a row. One long text that a dictionary repeats costs a file next to nothing."""


def open_parquet(path: Path, *, decimal: str, limits: Limits) -> Source:
    """Open a Parquet file of flat columns.

    Raises:
        FileRefused: it is broken or has nested columns.
        TooLarge: a limit is passed.
    """
    try:
        with pq.ParquetFile(path) as plain:
            texts = [field.name for field in plain.schema_arrow if pa.types.is_string(field.type) or pa.types.is_large_string(field.type)]
        file = pq.ParquetFile(path, read_dictionary=texts)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise FileRefused(file=path.name, reason="the Parquet file is broken") from error
    nested = [name for name, kind in zip(file.schema_arrow.names, file.schema_arrow.types, strict=True) if pa.types.is_nested(kind)]
    if nested:
        file.close()
        raise FileRefused(file=path.name, reason=f"the columns {', '.join(nested)} are nested")
    if any(pa.types.is_fixed_size_binary(kind) for kind in file.schema_arrow.types):
        file.close()
        raise FileRefused(file=path.name, reason="the Parquet file is broken")
    limit(path, quantity="the number of rows", actual=file.metadata.num_rows, maximum=limits.rows_max)
    limit(path, quantity="the number of columns", actual=len(file.schema_arrow), maximum=limits.columns_max)
    groups = [file.metadata.row_group(i).total_byte_size for i in range(file.metadata.num_row_groups)]
    limit(path, quantity="the size a row group unpacks to in bytes", actual=max(groups, default=0), maximum=limits.unpacked_bytes_max)
    header, repeated = unique_header([fold(name) for name in file.schema_arrow.names])
    return Source(path, header, repeated, "parquet", _batches(path, file, header=header, decimal=decimal))


def _batches(path: Path, file: pq.ParquetFile, *, header: list[str], decimal: str) -> Iterator[Cells]:
    number = 0
    try:
        for batch in file.iter_batches(batch_size=_ROWS_PER_BATCH):
            unpacked = sum(_unpacked_bytes(column) for column in batch.columns)
            limit(path, quantity="the size a row group unpacks to in bytes", actual=unpacked, maximum=_BATCH_BYTES_MAX)
            table = pa.table([_texts(column, decimal) for column in batch.columns], names=header)
            rows = np.arange(number + 1, number + batch.num_rows + 1, dtype=np.int64)
            number += batch.num_rows
            yield Cells(table, rows, np.zeros(batch.num_rows, dtype=bool))
    except (pa.ArrowException, OSError, ValueError, UnicodeDecodeError) as error:
        raise FileRefused(file=path.name, reason="the Parquet file is broken") from error
    finally:
        file.close()


def _unpacked_bytes(column: pa.Array) -> int:
    """Return what a column comes to once each row has its own text, without making it."""
    if not pa.types.is_dictionary(column.type):
        return int(column.nbytes)
    if not (pa.types.is_string(column.type.value_type) or pa.types.is_large_string(column.type.value_type)):
        return int(column.nbytes)
    lengths = pc.binary_length(column.dictionary).cast(pa.int64())
    return int(pc.sum(lengths.take(column.indices)).as_py() or 0)


def _texts(column: pa.Array, decimal: str) -> pa.Array:
    """Return a column as the texts a CSV file would have; local times that are all midnight are days."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _texts(column.dictionary_decode(), decimal)
    if pa.types.is_timestamp(kind):
        instants = column.cast(pa.timestamp("us", tz="UTC" if kind.tz else None), safe=False)
        days = instants.cast(pa.date32(), safe=False)
        if not kind.tz and pc.all(pc.equal(days.cast(instants.type), instants)).as_py() is not False:
            return pc.fill_null(days.cast(pa.string()), "")
        return pc.fill_null(pc.strftime(instants, format="%Y-%m-%dT%H:%M:%S" + ("Z" if kind.tz else "")), "")
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        raise pa.ArrowInvalid("a column holds bytes")
    texts = pc.fill_null(column.cast(pa.string()), "")
    if decimal != "." and (pa.types.is_floating(kind) or pa.types.is_decimal(kind)):
        texts = pc.replace_substring(texts, ".", decimal)
    validated: pa.Array = texts
    validated.validate(full=True)
    return validated

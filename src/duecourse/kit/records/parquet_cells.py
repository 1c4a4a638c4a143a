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


def open_parquet(path: Path, *, decimal: str, limits: Limits) -> Source:
    """Open a Parquet file of flat columns.

    Raises:
        FileRefused: it is broken or has nested columns.
        TooLarge: a limit is passed.
    """
    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise FileRefused(file=path.name, reason="the Parquet file is broken") from error
    nested = [name for name, kind in zip(file.schema_arrow.names, file.schema_arrow.types, strict=True) if pa.types.is_nested(kind)]
    if nested:
        file.close()
        raise FileRefused(file=path.name, reason=f"the columns {', '.join(nested)} are nested")
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
            table = pa.table([_texts(column, decimal) for column in batch.columns], names=header)
            rows = np.arange(number + 1, number + batch.num_rows + 1, dtype=np.int64)
            number += batch.num_rows
            yield Cells(table, rows, np.zeros(batch.num_rows, dtype=bool))
    except (pa.ArrowException, OSError, ValueError, UnicodeDecodeError) as error:
        raise FileRefused(file=path.name, reason="the Parquet file is broken") from error
    finally:
        file.close()


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

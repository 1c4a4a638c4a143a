"""The staging tables of one intake: temporary, so nobody sees them and nothing is left when the session ends, however it ends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import pyarrow as pa
import pyarrow.csv as pacsv
from django.db import connection

TABLES: dict[str, str] = {
    "staged_row": """
        row_number bigint NOT NULL, number text NOT NULL UNIQUE, account_id bigint NOT NULL, is_new boolean NOT NULL,
        person_id bigint NOT NULL, product_class text NOT NULL, lender_class text NOT NULL, currency text NOT NULL, region text,
        opened_on date, charged_off_on date, credit_limit_minor bigint, collateral_reference text, oldest_due_on date,
        days_past_due integer, principal_minor bigint NOT NULL, interest_minor bigint NOT NULL, fee_minor bigint NOT NULL,
        penalty_minor bigint NOT NULL, balance_minor bigint NOT NULL, instalment_minor bigint, last_paid_on date, last_paid_minor bigint,
        feed_at timestamptz
    """,
    "staged_person": """
        person_id bigint NOT NULL, kind text NOT NULL, zone text, zone_source text NOT NULL, wrapped_key bytea NOT NULL,
        salt bytea NOT NULL, name_sealed bytea, identity_kind text NOT NULL, identity_sealed bytea, identity_index bytea UNIQUE
    """,
    "staged_contact": """
        person_id bigint NOT NULL, kind text NOT NULL, value_sealed bytea NOT NULL, value_index bytea NOT NULL, zone text,
        zone_source text NOT NULL, is_known_person boolean NOT NULL
    """,
}
COLUMNS = {name: tuple(part.split()[0] for part in definition.replace("\n", " ").split(",")) for name, definition in TABLES.items()}
_WRITTEN = pacsv.WriteOptions(include_header=False, quoting_style="needed")


def staging_open() -> None:
    """Make the staging tables of this connection, empty."""
    staging_drop()
    with connection.cursor() as cursor:
        for name, definition in TABLES.items():
            cursor.execute(f"CREATE TEMPORARY TABLE {name} ({definition}) ON COMMIT PRESERVE ROWS")


def staging_drop() -> None:
    """Drop the staging tables of this connection, if there are any."""
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS " + ", ".join(f"pg_temp.{name}" for name in (*TABLES, "staged_work", "staged_case")))


def staging_analyze() -> None:
    """Let the planner know how large the staging tables are."""
    with connection.cursor() as cursor:
        for name in TABLES:
            cursor.execute(f"ANALYZE pg_temp.{name}")


def stage(name: str, /, columns: Sequence[pa.Array | pa.ChunkedArray]) -> None:
    """Add rows to a staging table; the arrays come in the order of its columns, bytes as `hexed` texts."""
    names = COLUMNS[name]
    table = pa.table(list(columns), names=list(names))
    if not table.num_rows:
        return
    block = pa.BufferOutputStream()
    pacsv.write_csv(table, block, _WRITTEN)
    copy_in(f"COPY pg_temp.{name} ({', '.join(names)}) FROM STDIN (FORMAT csv)", block.getvalue())


def copy_columns(name: str, types: Mapping[str, str], /, table: pa.Table) -> None:
    """Put a table into a temporary one of this transaction, its columns of the given SQL types in the given order."""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS pg_temp.{name}")
        cursor.execute(f"CREATE TEMPORARY TABLE {name} ({', '.join(f'{n} {kind}' for n, kind in types.items())}) ON COMMIT DROP")
    if table.num_rows:
        block = pa.BufferOutputStream()
        pacsv.write_csv(table.select(list(types)), block, _WRITTEN)
        copy_in(f"COPY pg_temp.{name} ({', '.join(types)}) FROM STDIN (FORMAT csv)", block.getvalue())


def copy_in(statement: str, /, block: pa.Buffer) -> None:
    """Send one block of CSV through COPY."""
    with connection.cursor() as cursor, cursor.cursor.copy(statement) as copy:
        copy.write(memoryview(block).cast("B"))


def reserve_ids(table: str, *, count: int) -> list[int]:
    """Return fresh ids of a table; those that are not used are lost."""
    if not count:
        return []
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(%s) FROM generate_series(1, %s)", [f"{table}_id_seq", count])
        return [row[0] for row in cursor.fetchall()]


def hexed(values: Iterable[bytes | None]) -> pa.Array:
    """Return bytes as the texts PostgreSQL reads as bytea."""
    return pa.array([None if value is None else "\\x" + value.hex() for value in values], pa.string())

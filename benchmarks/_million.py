"""A house of a million cases, for benchmarks of pages: a simulated bank is played for two months, and then multiplied.

The play makes what a house holds after two months (tapes, ages, placements, permits, payments, books, statements). Its rows are then
copied with their ids moved on, so that copies refer to copies. Copied are the rows that grow with the number of debtors; what a house has
few of (agencies, batches, files, statements, the trail) stays as it is. Secrets are copied as bytes and open for the originals alone.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from duecourse.kit.clock import stopwatch

MOVED = (
    "account_id",
    "attribution_id",
    "case_id",
    "contact_point_id",
    "entry_id",
    "payment_id",
    "permit_id",
    "person_id",
    "placement_id",
    "promise_id",
    "reverses_id",
    "schedule_id",
)
"""Columns that refer to rows which are multiplied."""
ROOTS = {"portfolio_person", "portfolio_account", "portfolio_case", "ledger_entry", "repayment_payment"}
KEPT = {"ledger_idempotencykey", "settlement_statement", "settlement_statementline"}
MADE_UNIQUE = {
    "number": "{} || '-' || k",
    "client_request_id": "{} || '-' || k",
    "external_ref": "{} || '-' || k",
    "source_id": "{} || '-' || k",
    "identity_index": "sha256({} || k::text::bytea)",
}
COLUMNS = """
SELECT c.table_name, array_agg(c.column_name::text ORDER BY c.ordinal_position), array_agg(c.data_type::text ORDER BY c.ordinal_position)
FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE' AND c.is_generated = 'NEVER'
    AND NOT (SELECT relispartition FROM pg_class WHERE oid = format('public.%I', c.table_name)::regclass) GROUP BY 1 ORDER BY 1
"""


@contextmanager
def house(*, case_count: int, played_accounts: int = 20_000) -> Iterator[Path]:
    """Yield the home folder of a house with about `case_count` cases, its database running and Django set up; remove it afterwards.

    With BENCH_HOUSE=FOLDER the house is made there once and left for the next run.
    """
    kept = os.environ.get("BENCH_HOUSE")
    folder = Path(kept or tempfile.mkdtemp(prefix="duecourse-bench-"))
    os.environ |= {"DUECOURSE_HOME": str(folder), "DJANGO_SETTINGS_MODULE": "duecourse.config.settings", "DUECOURSE_POOL": "0"}
    from duecourse.config import boot
    from duecourse.config.environment import current

    try:
        is_new = not (folder / "million").exists()
        if is_new and not (folder / "stride").exists():
            _play(min(played_accounts, case_count))
        boot.ready()
        if is_new:
            times = multiplied(folder, case_count=case_count)
            (folder / "million").write_text(f"{times}\n", encoding="utf-8")
        yield folder
    finally:
        from django.db import connections

        with suppress(Exception):
            connections.close_all()
        if kept:
            boot.cluster(current()).stop()
        else:
            boot.cluster(current()).remove()
            shutil.rmtree(folder, ignore_errors=True)


def _play(account_count: int) -> None:
    import subprocess

    command = [sys.executable, "-m", "duecourse", "demo", "--accounts", str(account_count), "--months", "2", "--no-serve"]
    begun = stopwatch()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    print(f"played two months of {account_count:,} accounts in {stopwatch() - begun:.0f} s")


def multiplied(folder: Path, *, case_count: int) -> int:
    """Copy what grows with the debtors until there are about `case_count` cases, and return how often it is there.

    How far ids are moved is noted in the folder, so that a run that was interrupted goes on with the tables that are not copied yet.
    """
    from duecourse.config import boot
    from duecourse.config.environment import current

    begun, row_count = stopwatch(), 0
    with boot.cluster(current()).connect(database=boot.DATABASE) as administrator:

        def number(query: str) -> int:
            return int(administrator.execute(query).fetchone()[0])

        administrator.execute("SET session_replication_role = replica")
        tables = {
            name: dict(zip(columns, types, strict=True))
            for name, columns, types in administrator.execute(COLUMNS).fetchall()
            if "id" in columns and name not in KEPT and (name in ROOTS or set(columns) & set(MOVED))
        }
        noted = folder / "stride"
        if not noted.exists():
            stride = 1 + max(number(f"SELECT coalesce(max(id), 0) FROM {name}") for name in tables)
            noted.write_text(f"{stride} {number('SELECT count(*) FROM portfolio_case')}", encoding="utf-8")
        stride, there = map(int, noted.read_text(encoding="utf-8").split())
        times = max(1, round(case_count / there))
        for name, columns in tables.items():
            if times > 1 and number(f"SELECT coalesce(max(id), 0) FROM {name}") <= stride:
                row_count += administrator.execute(_copy(name, columns), {"last": times - 1, "stride": stride}).rowcount
                administrator.execute(f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), {stride * (times + 1)})")
        administrator.execute(
            "UPDATE placement_batch SET case_count = case_count * %(n)s, placed_minor = placed_minor * %(n)s", {"n": times}
        )
        administrator.execute("VACUUM ANALYZE")
        administrator.execute("CHECKPOINT")
        size = administrator.execute("SELECT pg_size_pretty(pg_database_size(current_database()))").fetchone()[0]
    print(f"{there * times:,} cases: {row_count:,} rows copied in {stopwatch() - begun:.0f} s, {size}")
    return times


def _copy(table: str, columns: dict[str, str]) -> str:
    """Return the statement that copies a table's rows; numbers move on, texts that are unique get the copy's number."""
    values = []
    for column, kind in columns.items():
        if column in {"id", "row_number"} or column in MOVED or (column == "source_id" and kind == "bigint"):
            values.append(f"t.{column} + k * %(stride)s")
        elif column in MADE_UNIQUE and kind in {"text", "bytea", "character varying"}:
            values.append(MADE_UNIQUE[column].format(f"t.{column}"))
        else:
            values.append(f"t.{column}")
    return f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(values)} FROM {table} t, generate_series(1, %(last)s) k"

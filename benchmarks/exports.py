"""Claim: an export's memory does not grow with its rows: 300,000 rows peak at most 64 MiB above 30,000. Its time is printed beside a bare COPY.

The peer is PostgreSQL's COPY TO of the same rows, which neutralises, marks, seals and records nothing.

    python -m benchmarks.exports [--xlsx]
"""

from __future__ import annotations

import argparse
import resource
import tempfile
from pathlib import Path
from typing import Any

from tests import database

ROWS, FEW = 300_000, 30_000
GROWTH_MAX_MIB = 64
TABLE = f"""
CREATE TEMP TABLE bench AS SELECT g AS number, 'CNY' AS currency, (g * 7919::bigint) % 10000000 AS balance_minor, 'Name ' || g AS label,
    DATE '2026-09-01' + g % 90 AS term_on, g % 180 AS days_past_due, 'M' || (1 + g % 7) AS bucket, 'Aoki' AS agency
FROM generate_series(1, {ROWS}) g
"""
KINDS = {"number": "code", "label": "text", "balance_minor": "money", "term_on": "day", "days_past_due": "count", "bucket": "code",
         "agency": "text"}  # fmt: skip


def main() -> None:
    """Print seconds, the ratio, and whether memory stayed flat."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--xlsx", action="store_true", help="write workbooks instead of CSV")
    file_format = "xlsx" if parser.parse_args().xlsx else "csv"
    database.use_test_environment()
    from duecourse.config import boot

    boot.set_up_django()
    server, name = database.TestServer(), database.database_name("bench")
    server.create(name)
    try:
        with tempfile.TemporaryDirectory() as folder, database.pointed_at(name):
            _measured(Path(folder), file_format)
    finally:
        server.drop(name)
        server.leave()


def _measured(folder: Path, file_format: str) -> None:
    from django.conf import settings
    from django.db import connection, connections

    from duecourse.kit.clock import stopwatch
    from duecourse.kit.crypto import Keyring
    from tests import factories

    settings.DUECOURSE_HOME = folder
    settings.DUECOURSE_KEYRING = Keyring({"bench-1": b"b" * 32}, active_id="bench-1")
    bank = factories.bank()
    with connection.cursor() as cursor:
        cursor.execute(TABLE)
        cursor.execute("CREATE UNIQUE INDEX ON bench (number)")
        cursor.execute("ANALYZE bench")
    peaks, seconds = {}, 0.0
    for row_count in (FEW, ROWS):
        began = stopwatch()
        _export(bank, row_count=row_count, file_format=file_format)
        seconds = stopwatch() - began
        peaks[row_count] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(f"{file_format} {row_count:>7,} rows: {seconds:6.1f} s, peak {peaks[row_count]} MiB")
    began = stopwatch()
    with connection.cursor() as cursor, cursor.copy("COPY (SELECT * FROM bench) TO STDOUT CSV") as copy:
        size_bytes = sum(len(block) for block in copy)
    bare_seconds = stopwatch() - began
    print(
        f"bare COPY TO of {ROWS:,} rows: {bare_seconds:.2f} s, {size_bytes:,} bytes; the export takes {seconds / bare_seconds:.0f} times that"
    )
    grown = peaks[ROWS] - peaks[FEW]
    print(f"ten times the rows: {grown} MiB more (limit {GROWTH_MAX_MIB}): {'kept' if grown <= GROWTH_MAX_MIB else 'BROKEN'}")
    connections.close_all()


def _export(bank: Any, *, row_count: int, file_format: str) -> None:
    from duecourse.doors import exporting
    from duecourse.doors.console.tables import Column, Listing
    from duecourse.ledger.selectors import PageQuery
    from duecourse.parties import services
    from tests import factories

    name = f"bench_{row_count}"
    query = PageQuery(
        select="b.*",
        source="FROM bench b",
        always=f"b.number <= {row_count} AND %(creditor_id)s > 0",
        wheres={},
        orders={"number": "b.number"},
        key="b.number",
    )
    columns = tuple(Column(key, key, kind=kind) for key, kind in KINDS.items())
    Listing(name=name, title=name, query=query, order="number", columns=columns)
    terms = {"listing": name, "query": "", "columns": list(KINDS), "row_count": row_count, "is_personal": True, "purpose": "A benchmark"}
    export = services.export_ask(actor=bank.mei, on=factories.FIRST_DAY, file_format=file_format, **terms)
    services.export_approve(actor=bank.qiu, export_id=export.pk)
    exporting.make(actor=bank.mei, export_id=export.pk)


if __name__ == "__main__":
    main()

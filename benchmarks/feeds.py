"""Aim: a daily feed of a million balances takes no more than three times as long as a bare COPY and UPDATE … FROM of as many rows.

It falls short (docs/feeds.md has the figures).

The peer sends the same file through COPY into a table of its columns and updates one table of accounts (a primary key, a unique number) in
place: no checks, no history, no books, no row-level security, nothing of who sent it. Ours reads and judges every cell, keeps each row as a
dated fact beside all older ones, books what differs by component in double entry, puts the original away sealed, and writes the trail. Both
are one durable transaction in a process of their own. Memory is the highest resident set of the process that takes the feed in, over a tenth of
the rows and over all of them; the database's own is not in it.

`--history N` has N earlier feeds of all accounts taken in before, to see whether it grows slower with what is known.

    python benchmarks/feeds.py --rows 1000000
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from intake import installation

from duecourse.kit.clock import stopwatch

RATIO_MAX = 3.0
MEMORY_RATIO_MAX = 1.5
SMALL_SHARE = 10
HEADER = "account_number,principal,interest,fee,penalty,balance,oldest_due_on,days_past_due"
FEED_AT = datetime(2026, 3, 5, 6, tzinfo=UTC)
SEED = (
    """INSERT INTO portfolio_person (id, creditor_id, kind, zone, zone_source, known_at)
    SELECT {c} * 100000000::bigint + generate_series, {c}, 'individual', 'Asia/Shanghai', 'creditor default', now() FROM generate_series(1, {n})""",
    """INSERT INTO portfolio_account
        (id, creditor_id, number, product_class, lender_class, currency, balance_authority, region, collateral_reference)
    SELECT {c} * 100000000::bigint + n, {c}, 'CL' || lpad((n - 1)::text, 10, '0'), 'consumer_loan', 'consumer_finance', 'CNY', 'core', '330781', ''
    FROM generate_series(1, {n}) n""",
    """INSERT INTO portfolio_obligation (creditor_id, account_id, person_id, role, from_on)
    SELECT {c}, id, id, 'borrower', DATE '2024-01-01' FROM portfolio_account WHERE creditor_id = {c}""",
    """INSERT INTO portfolio_tape (creditor_id, feed_kind, as_of, sha256, mapping_name, mapping_version, state, control_totals, counts,
        quarantined_columns, known_at)
    VALUES ({c}, 'overdue', '2026-03-01', '', '', '', 'published', '{{}}', '{{}}', '[]', '2026-03-01')""",
    """INSERT INTO portfolio_taperow (creditor_id, tape_id, account_id, row_number, feed_at, oldest_due_on, days_past_due, principal_minor,
        interest_minor, fee_minor, penalty_minor, balance_minor)
    SELECT {c}, (SELECT max(id) FROM portfolio_tape WHERE creditor_id = {c}), id, row_number() OVER (ORDER BY id), '2026-03-01', '2026-01-15', 45,
        100000, 2000, 0, 500, 102500 FROM portfolio_account WHERE creditor_id = {c}""",
    """WITH entry AS (INSERT INTO ledger_entry (creditor_id, kind, source_kind, source_id, value_on, booked_on, known_at)
        VALUES ({c}, 'opening', 'tape', 'seed', '2026-03-01', '2026-03-01', now()) RETURNING id)
    INSERT INTO ledger_posting (creditor_id, entry_id, value_on, booked_on, book, amount_minor, currency, account_id, component)
    SELECT {c}, e.id, DATE '2026-03-01', DATE '2026-03-01', 'receivable', part.amount, 'CNY', a.id, part.component
    FROM portfolio_account a, entry e, (VALUES ('principal', 100000), ('interest', 2000), ('penalty', 500)) AS part (component, amount)
    WHERE a.creditor_id = {c}
    UNION ALL SELECT {c}, e.id, DATE '2026-03-01', DATE '2026-03-01', 'opening', -102500 * {n}::bigint, 'CNY', NULL, '' FROM entry e""",
)
PEER_TABLES = (
    """CREATE TABLE bare_account (id bigint PRIMARY KEY, account_number text UNIQUE, principal numeric, interest numeric, fee numeric,
        penalty numeric, balance numeric, oldest_due_on date, days_past_due integer, known_at timestamptz)""",
    """INSERT INTO bare_account SELECT n, 'CL' || lpad((n - 1)::text, 10, '0'), 1000, 20, 0, 5, 1025, '2026-01-15', 45, now()
        FROM generate_series(1, {n}) n""",
    "VACUUM ANALYZE bare_account",
)


def write_feed(path: Path, *, rows: int, day: int = 0) -> None:
    """Write a feed of a day on which interest and penalty accrued on every account, and one in eight paid some principal."""
    with path.open("w", encoding="utf-8") as sink:
        sink.write(HEADER + "\n")
        for n in range(rows):
            principal, interest, penalty = 100_000 - 977 * ((n + day) % 8 == 0), 2_001 + 31 * day + n % 900, 501 + 17 * day + n % 200
            parts = [f"{part // 100}.{part % 100:02d}" for part in (principal, interest, penalty, principal + interest + penalty)]
            sink.write(f"CL{n:010d},{parts[0]},{parts[1]},0.00,{parts[2]},{parts[3]},2026-01-15,{49 + day}\n")


def ours(creditor_id: int, path: Path) -> int:
    """Take the feed in and return the rows."""
    from duecourse.cycle.services.feeds import feed_receive
    from duecourse.parties.access import system

    day = int(path.stem.rpartition("-")[2])
    result = feed_receive(actor=system(creditor_id), kind="update", path=path, feed_at=FEED_AT + timedelta(days=day))
    assert result.counts["applied_count"] == result.counts["row_count"], result.counts
    return int(result.counts["applied_count"])


def bare(connection: Any, _: int, path: Path) -> int:
    """COPY the file and update the accounts."""
    names = ("account_number text", "principal numeric", "interest numeric", "fee numeric", "penalty numeric", "balance numeric")
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE bare_feed ({', '.join(names)}, oldest_due_on date, days_past_due integer)")
        with cursor.copy("COPY bare_feed FROM STDIN (FORMAT csv, HEADER true)") as copy, path.open("rb") as source:
            while part := source.read(1 << 20):
                copy.write(part)
        cursor.execute("ANALYZE bare_feed")
        names = [name.split()[0] for name in HEADER.split(",")[1:]]
        cursor.execute(
            f"UPDATE bare_account a SET {', '.join(f'{name} = f.{name}' for name in names)}, known_at = now() FROM bare_feed f"
            " WHERE f.account_number = a.account_number"
        )
        return int(cursor.rowcount)


def seed(connection: Any, *, creditor_id: int, rows: int) -> None:
    """Make accounts with one tape behind them, as their owner."""
    with connection.transaction():
        connection.execute("SET LOCAL session_replication_role = replica")
        for statement in SEED:
            connection.execute(statement.format(c=creditor_id, n=rows))
    connection.autocommit = True
    for table in ("portfolio_person", "portfolio_account", "portfolio_obligation", "portfolio_taperow", "ledger_posting"):
        connection.execute(f"VACUUM ANALYZE {table}")


def checkpoint() -> None:
    """Write what is dirty to disk, so that nobody pays for what came before."""
    from duecourse.config import boot
    from duecourse.config.environment import current

    with boot.cluster(current()).connect(database=boot.DATABASE) as administrator:
        administrator.execute("CHECKPOINT")


def measured(kind: str, creditor_id: int, path: str, told: Any) -> None:
    """Run one kind in this process and tell (rows, seconds, highest resident set in MiB)."""
    from duecourse.config import boot

    boot.set_up_django()
    begun = stopwatch()
    if kind == "ours":
        rows = ours(creditor_id, Path(path))
    else:
        from duecourse.config.environment import current

        with boot.cluster(current()).connect(database=boot.DATABASE) as connection:
            rows = bare(connection, creditor_id, Path(path))
    told.put((rows, stopwatch() - begun, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))


def apart(kind: str, creditor_id: int, path: Path) -> tuple[int, float, float]:
    """Run one kind in a process of its own."""
    spawn = multiprocessing.get_context("spawn")
    told = spawn.Queue()
    process = spawn.Process(target=measured, args=(kind, creditor_id, str(path), told))
    process.start()
    while process.is_alive() and told.empty():
        process.join(timeout=0.2)
    if told.empty():
        raise SystemExit(f"{kind} failed")
    found: tuple[int, float, float] = told.get()
    process.join()
    return found


def main() -> int:
    """Measure, print, and return 1 if the aim is not met."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--history", type=int, default=0)
    chosen = parser.parse_args()
    with installation() as home:
        from duecourse.config import boot
        from duecourse.config.environment import current
        from duecourse.parties import services

        sizes = (chosen.rows // SMALL_SHARE, chosen.rows)
        creditors = [
            services.creditor_add(
                code=f"bank-{n}", name="Lanxi", zone="Asia/Shanghai", calendar_name="china", currency="CNY", packs=["cn"]
            ).pk
            for n in range(2)
        ]
        with boot.cluster(current()).connect(database=boot.DATABASE) as connection:
            for creditor_id, rows in zip(creditors, sizes, strict=True):
                seed(connection, creditor_id=creditor_id, rows=rows)
            for statement in PEER_TABLES:
                connection.execute(statement.format(n=chosen.rows))
        for day in range(chosen.history):
            path = home / f"history-{day}.csv"
            write_feed(path, rows=chosen.rows, day=day)
            apart("ours", creditors[1], path)
        paths = [home / f"feed{n}-{chosen.history}.csv" for n in range(2)]
        for path, rows in zip(paths, sizes, strict=True):
            write_feed(path, rows=rows, day=chosen.history)
        size = paths[1].stat().st_size / 2**20
        print(
            f"rows: {chosen.rows:,}; file: {size:,.0f} MiB; earlier feeds: {chosen.history}; cores: {os.cpu_count()}; durable commits",
            flush=True,
        )
        seconds, peaks = {}, []
        for kind, turn in (("ours", 0), ("bare", 1), ("ours", 1)):
            checkpoint()
            rows, seconds[kind], peak = apart(kind, creditors[turn], paths[turn])
            assert rows == sizes[turn], f"{kind}: {rows:,} rows"
            peaks += [peak] if kind == "ours" else []
            print(f"{kind:<5} {rows:>10,} rows {rows / seconds[kind]:>9,.0f} rows/s {seconds[kind]:>7.1f} s {peak:>7,.0f} MiB", flush=True)
    ratio, growth = seconds["ours"] / seconds["bare"], peaks[1] / peaks[0]
    print(f"feed : COPY and UPDATE … FROM: {ratio:.2f} x   (at most {RATIO_MAX:.1f})")
    print(f"memory at {SMALL_SHARE} x the rows: {growth:.2f} x   (at most {MEMORY_RATIO_MAX})")
    return int(ratio > RATIO_MAX or growth > MEMORY_RATIO_MAX)


if __name__ == "__main__":
    sys.exit(main())

"""Claim: ageing accounts with pauses costs at most 3 × a bare DuckDB scan of the same Parquet.

The strict ratio: an aggregate that touches every column of the aged rows against one that touches every column of the file. Two
more, with the same sink on both sides: rows streamed out as Arrow, and rows written to Parquet.

    python benchmarks/ageing.py --rows 10000000
"""

import argparse
import os
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import duckdb

from duecourse.engine.ageing import ACCOUNTS, AGED, PAUSES, ageing_sql

LIMIT = 3.0
AS_OF = date(2026, 3, 31)


def generate(connection, folder: Path, *, rows: int) -> tuple[str, str]:
    """Write accounts (nine of ten past due, a fifth with the core system's count) and pauses (3 % of the accounts)."""
    accounts, pauses = f"'{folder / 'accounts.parquet'}'", f"'{folder / 'pauses.parquet'}'"
    connection.execute(f"""COPY (SELECT i AS account_id, i // 2 AS case_id, i // 3 AS person_id,
      (['card', 'cash', 'auto'])[1 + i % 3] AS product_class, 'CNY' AS currency,
      CASE WHEN hash(i) % 10 < 9 THEN DATE '{AS_OF}' - (hash(i * 7) % 400)::INTEGER END AS oldest_due_on,
      CASE WHEN hash(i * 3) % 5 = 0 THEN (hash(i * 5) % 400)::INTEGER END AS reported_days_past_due,
      p + n + f + y AS balance_minor, p AS principal_minor, n AS interest_minor, f AS fee_minor, y AS penalty_minor
      FROM (SELECT i, (hash(i * 11) % 5000000)::BIGINT AS p, (hash(i * 13) % 500000)::BIGINT AS n, (hash(i * 17) % 10000)::BIGINT AS f,
        (hash(i * 19) % 100000)::BIGINT AS y FROM range({rows}) AS t(i))) TO {accounts} (FORMAT parquet)""")
    connection.execute(f"""COPY (SELECT (hash(i) % {rows})::BIGINT AS account_id, start AS from_on,
      CASE WHEN i % 20 > 0 THEN start + (hash(i * 5) % 60)::INTEGER END AS until_on, 'hardship' AS kind
      FROM (SELECT i, DATE '2025-06-01' + (hash(i * 3) % 300)::INTEGER AS start FROM range({rows * 3 // 100}) AS t(i)))
      TO {pauses} (FORMAT parquet)""")
    assert set(PAUSES.names) == {"account_id", "from_on", "until_on", "kind"}
    return accounts, pauses


def touching(schema) -> str:
    """Return an aggregate over every column of a schema."""
    number = ("int16", "int32", "int64")
    return ", ".join(f"{'sum' if str(f.type) in number else 'min'}({f.name})" for f in schema)


def seconds(run, *, repeats: int = 3) -> float:
    """Return the best wall time of several runs."""
    best = None
    for _ in range(repeats):
        started = time.perf_counter()
        run()
        taken = time.perf_counter() - started
        best = taken if best is None else min(best, taken)
    return best


def main() -> int:
    """Print the ratios and return 1 when the strict one passes the limit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000_000)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
        accounts, pauses = generate(connection, Path(folder), rows=rows)
        connection.execute("SET preserve_insertion_order = false")
        aged = ageing_sql(accounts, pauses, as_of=AS_OF, convention="actual")
        bare = f"SELECT * FROM {accounts}"
        out = Path(folder) / "out.parquet"

        def drained(query: str) -> None:
            assert sum(batch.num_rows for batch in connection.sql(query).to_arrow_reader(500_000)) == rows

        sinks = {
            "aggregate of every column": lambda q, s: connection.execute(f"SELECT {touching(s)} FROM ({q})").fetchall(),
            "streamed as Arrow": lambda q, _: drained(q),
            "written to Parquet": lambda q, _: connection.execute(f"COPY ({q}) TO '{out}' (FORMAT parquet)"),
        }
        print(f"ageing: {rows:,} accounts, {rows * 3 // 100:,} pauses, {os.cpu_count()} cores, DuckDB {duckdb.__version__}")
        ratios = {}
        for name, sink in sinks.items():
            scan, ours = seconds(lambda s=sink: s(bare, ACCOUNTS)), seconds(lambda s=sink: s(aged, AGED))
            ratios[name] = ours / scan
            print(f"  {name:<26} scan {scan:6.2f} s   ageing {ours:6.2f} s   ratio {ratios[name]:.2f}")
    strict = ratios["aggregate of every column"]
    print(f"limit {LIMIT:.1f}: {'held' if strict <= LIMIT else 'BROKEN'} (strict ratio {strict:.2f})")
    return 0 if strict <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())

"""Claim: auditing a history costs at most 2 × a DuckDB query of the same window and the same two rules, written by hand for this one log.

Both read the same Parquet file, count connected and unreported calls of the local day strictly before each event, judge contact hours
and calls a day, write the rows in which a rule finds fault to Parquet, and sum them by rule, performer and week. The query knows that
there is one zone and what the values are; the audit looks both up, and writes the rows as CSV too. They take turns; the best of the
rounds counts. Each runs in a process of its own, so that its memory can be told.

    python benchmarks/audit.py --events 10000000
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb

from duecourse.kit.clock import stopwatch
from duecourse.rules.audit import audit
from duecourse.rules.form import Pack
from duecourse.rules.history import Executor, ProcessPool
from duecourse.rules.load import shipped_pack

RATIO_MAX = 2.0
KNOWN_UNTIL = date(2026, 12, 31)
RULES = ("contact_hours", "connected_calls_daily")

GENERATE = """
COPY (SELECT i AS event_id, make_timestamptz(1767196800000000 + (i // ({n} // 90 + 1)) * 86400000000 + 28200000000
    + ((i % ({n} // 90 + 1)) * 50000000000 // ({n} // 90 + 1)) + (hash(i) % 1000000000)::BIGINT) AS "at",
  (hash(i * 3) % ({n} // 20 + 1))::BIGINT AS person_id, (['call', 'call', 'call', 'sms'])[1 + (hash(i * 5) % 4)::INT] AS channel,
  'agency-' || (hash(i * 7) % 12) AS performer, (['agency', 'agency', 'robot', 'in_house'])[1 + (hash(i * 7) % 4)::INT] AS performer_kind,
  'Asia/Shanghai' AS zone, (['connected', 'no_answer', 'busy', 'promise', NULL])[1 + (hash(i * 11) % 5)::INT] AS outcome
FROM range({n}) AS t(i)) TO '{path}' (FORMAT parquet)"""

BY_HAND = """
CREATE TABLE breaches AS
WITH events AS (
  SELECT event_id, "at", person_id, channel, performer, performer_kind, zone, (epoch_us("at") // 60000000 + 480) AS local,
    channel = 'call' AND (outcome IS NULL OR outcome NOT IN ('no_answer', 'busy')) AS is_held FROM read_parquet('{path}')),
counted AS (
  SELECT *, local // 1440 AS day, local % 1440 AS minute, count(*) FILTER (WHERE is_held) OVER (
    PARTITION BY person_id, local // 1440 ORDER BY "at", event_id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS held FROM events)
SELECT *, minute < 480 OR minute >= 1320 AS is_night, channel = 'call' AND held >= 3 AS is_fourth FROM counted
WHERE minute < 480 OR minute >= 1320 OR (channel = 'call' AND held >= 3)"""
SUMS = """
SELECT sum(is_night::INT), sum(is_fourth::INT), count(*) FROM (
  SELECT performer, (day + 3) // 7 AS week, is_night, is_fourth, count(DISTINCT person_id) FROM breaches GROUP BY ALL)"""


def two_rules() -> Pack:
    """Return the pack of China with the two rules alone that the query knows."""
    pack = shipped_pack("cn")
    return replace(pack, rules=tuple(rule for rule in pack.rules if rule.name in RULES))


def by_hand(path: Path, folder: Path) -> dict[str, int]:
    """Run the query and return how many events break each rule."""
    with duckdb.connect() as connection:
        connection.execute(BY_HAND.format(path=path))
        connection.execute(f"COPY breaches TO '{folder / 'breaches.parquet'}' (FORMAT parquet)")
        connection.execute(SUMS).fetchall()
        night, fourth = connection.execute("SELECT sum(is_night::INT)::BIGINT, sum(is_fourth::INT)::BIGINT FROM breaches").fetchone()
    return {"cn.contact_hours": night, "cn.connected_calls_daily": fourth}


def by_audit(path: Path, folder: Path, *, executor: Executor | None = None) -> dict[str, int]:
    """Run the audit and return how many events break each rule."""
    found, problems = audit(path, packs=(two_rules(),), known_until=KNOWN_UNTIL, out=folder, executor=executor)
    assert not problems
    counts: dict[str, int] = {}
    for row in found.violations.to_pylist():
        counts[row["rule_id"]] = counts.get(row["rule_id"], 0) + row["event_count"]
    return counts


def measured(kind: str, path: Path) -> None:
    """Run one side once in this process, and print its seconds, memory and counts."""
    two_rules()
    with tempfile.TemporaryDirectory() as folder:
        begun = stopwatch()
        if kind == "query":
            counts = by_hand(path, Path(folder))
        else:
            counts = by_audit(path, Path(folder), executor=ProcessPool(2) if kind == "pool" else None)
        seconds = stopwatch() - begun
    print(json.dumps({"seconds": seconds, "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, "counts": counts}))


def run(kind: str, path: Path) -> dict:
    """Run one side once in a process of its own."""
    command = [sys.executable, __file__, "--side", kind, "--path", str(path)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main() -> int:
    """Measure, print, and return 1 if the ratio passes its limit."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--side", choices=("query", "audit", "pool"))
    parser.add_argument("--path", type=Path)
    chosen = parser.parse_args()
    if chosen.side:
        measured(chosen.side, chosen.path)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.parquet"
        duckdb.execute(GENERATE.format(n=chosen.events, path=path))
        rounds = [{kind: run(kind, path) for kind in ("query", "audit")} for _ in range(chosen.rounds)]
        pool = run("pool", path)
    best = {kind: min((one[kind] for one in rounds), key=lambda side: side["seconds"]) for kind in ("query", "audit")}
    assert best["query"]["counts"] == best["audit"]["counts"] == pool["counts"]
    print(f"events {chosen.events:,}; breaches {best['audit']['counts']}")
    for kind, side in ({"query by hand": best["query"], "audit": best["audit"], "audit, pool of 2": pool}).items():
        print(f"{kind:<18} {chosen.events / side['seconds']:>12,.0f} events/s {side['seconds']:>8.2f} s {side['memory_mb']:>7,} MB")
    ratio = best["audit"]["seconds"] / best["query"]["seconds"]
    paired = sorted(one["audit"]["seconds"] / one["query"]["seconds"] for one in rounds)
    print(f"ratio audit : query by hand {ratio:.2f} (limit {RATIO_MAX}); of each round {', '.join(f'{one:.2f}' for one in paired)}")
    return int(ratio > RATIO_MAX)


if __name__ == "__main__":
    sys.exit(main())

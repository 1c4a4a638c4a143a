"""Claim: judging contacts in columns costs a small multiple of the bare numpy expression of the same two rules.

Run `python benchmarks/decide.py [ROWS]`. It prints decisions a second of `decide_many`, of `decide` one at a time (allowed and
refused, the latter with all reasons and the next allowed instant), of the resolved closures alone, and of the bare expression; then
the ratio. The limit is a ratio of 5.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa

sys.path.insert(0, str(Path(__file__).parent))
from _packs import chinese_rules

from duecourse.kit.clock import stopwatch
from duecourse.rules.decide import decide, decide_many
from duecourse.rules.facts import FACTS, ContactFacts
from duecourse.rules.resolve import Scope, bind

RATIO_MAX = 5.0
PACK = chinese_rules("contact_hours", "connected_calls_daily")


def contacts(rows: int) -> pa.Table:
    """Return a quarter of contacts at all hours by phone and message; texts dictionary-encoded."""
    rng = np.random.default_rng(20260302)
    start = int(datetime(2026, 3, 1, tzinfo=UTC).timestamp()) * 1_000_000

    def coded(names: list[str]) -> pa.DictionaryArray:
        return pa.DictionaryArray.from_arrays(pa.array(rng.integers(0, len(names), rows), pa.int32()), pa.array(names))

    columns = {
        "person_key": pa.array(rng.integers(1, rows, rows)),
        "channel": coded(["call", "sms"]),
        "at": pa.array(start + rng.integers(0, 90 * 86_400, rows) * 1_000_000, pa.timestamp("us", "UTC")),
        "zone": coded(["Asia/Shanghai"]),
        "call_slots_held_count": pa.array(rng.integers(0, 5, rows), pa.int32()),
        "performer_kind": coded(["agency", "robot", "in_house"]),
        "lender_class": coded(["bank"]),
        "product_class": coded(["card", "cash"]),
        "agreement_key": pa.nulls(rows, pa.int64()),
    }
    return pa.table({name: columns[name] for name in (*FACTS.names, "call_slots_held_count")})


def bare(frame: pa.Table) -> np.ndarray:
    """Return what is allowed, by the two rules written out by hand for China and this day's values."""
    minute = (frame["at"].to_numpy().astype("datetime64[us]").astype(np.int64) // 60_000_000 + 480) % 1440
    held = frame["call_slots_held_count"].to_numpy()
    is_call = frame["channel"].combine_chunks().indices.to_numpy() == 0
    return ~((minute < 480) | (minute >= 1320) | (is_call & (held >= 3)))


def best(work, *, times: int = 5) -> float:
    """Return the shortest of some runs, in seconds."""
    spent = []
    for _ in range(times):
        begun = stopwatch()
        work()
        spent.append(stopwatch() - begun)
    return min(spent)


def one(hour: int, held: int) -> ContactFacts:
    """Return a call on 2 March 2026 at a full hour in Shanghai."""
    at = datetime(2026, 3, 2, tzinfo=UTC) + timedelta(hours=hour - 8)
    return ContactFacts("call", at, "Asia/Shanghai", 1, {"call_slots_held_count": held}, lender_class="bank")


def main(rows: int) -> int:
    """Measure, print, and return 1 if the ratio passes its limit."""
    frame = contacts(rows)
    judged, problems = decide_many(frame, packs=(PACK,))
    assert not problems
    assert (judged["allowed"].to_numpy() == bare(frame)).all()
    bare_s, many_s = best(lambda: bare(frame)), best(lambda: decide_many(frame, packs=(PACK,)))
    clear, refused = one(10, 1), one(23, 3)
    seen = clear.seen(PACK.vocabulary)
    day = clear.local_on
    rules = bind(Scope((PACK,), (), "bank", ""), day)
    count = 20_000
    clear_s = best(lambda: [decide(clear, packs=(PACK,), as_of=day) for _ in range(count)])
    refused_s = best(lambda: [decide(refused, packs=(PACK,), as_of=day) for _ in range(count // 40)])
    built_s = best(lambda: [one(10, 1) for _ in range(count)])
    closure_s = best(lambda: [rule.finds(seen) for _ in range(count) for rule in rules])
    print(f"rows                                   {rows:>12,}")
    print(f"bare numpy expression, decisions/s     {rows / bare_s:>12,.0f}")
    print(f"decide_many, decisions/s               {rows / many_s:>12,.0f}")
    print(f"closures of both rules, decisions/s    {count / closure_s:>12,.0f}")
    print(f"decide, allowed, decisions/s           {count / clear_s:>12,.0f}")
    print(f"decide, refused on two counts, /s      {count // 40 / refused_s:>12,.0f}")
    print(f"building the facts, /s                 {count / built_s:>12,.0f}")
    ratio = many_s / bare_s
    print(f"ratio decide_many : bare numpy         {ratio:>12.2f}   (limit {RATIO_MAX})")
    return int(ratio > RATIO_MAX)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 2_000_000))

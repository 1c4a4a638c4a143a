"""Claim: the gate judges a contact twice as fast as zen-engine's compiled expression, and a hundred times as fast as graphs and policies.

The peers are zen-engine's compiled expression, its decision graph, Cedar and Rego, one contact at a time, on the same facts and the same
three rules: outside 08:00 to 22:00 of the debtor's time; three calls of the day held already; six unanswered attempts at the number today.
Every engine gets its facts in the form it takes, made beforehand. All answer the same thousand contacts alike, which is asserted first;
then this prints decisions a second of each, the best of five rounds that take turns, and the ratios. What each answers: the gate's
function, the expression, Cedar and Rego say whether any rule finds fault; the graph says which. `decide` stands beside them with what it
answers, a verdict ready to be stored.

    python benchmarks/rule_engines.py [COUNT]
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import cedarpy
import regopy
import zen

sys.path.insert(0, str(Path(__file__).parent))
from _packs import chinese_rules

from duecourse.kit.clock import stopwatch
from duecourse.rules.decide import decide
from duecourse.rules.facts import ContactFacts
from duecourse.rules.form import Pack
from duecourse.rules.resolve import Scope, gate_of

RULES = ("contact_hours", "connected_calls_daily", "unanswered_attempts_daily")
ZEN_RATIO_MIN, POLICY_RATIO_MIN = 2.0, 100.0
ROUNDS = 5
EXPRESSION = "minute < 480 or minute >= 1320 or held >= 3 or unanswered >= 6"
GRAPH = {
    "nodes": [
        {"id": "in", "name": "request", "type": "inputNode"},
        {
            "id": "rules",
            "name": "rules",
            "type": "expressionNode",
            "content": {
                "expressions": [
                    {"id": "1", "key": "hours", "value": "minute < 480 or minute >= 1320"},
                    {"id": "2", "key": "calls", "value": "held >= 3"},
                    {"id": "3", "key": "unanswered", "value": "unanswered >= 6"},
                ]
            },
        },
        {"id": "out", "name": "response", "type": "outputNode"},
    ],
    "edges": [
        {"id": "a", "sourceId": "in", "targetId": "rules", "type": "edge"},
        {"id": "b", "sourceId": "rules", "targetId": "out", "type": "edge"},
    ],
}
CEDAR = """
permit (principal, action, resource);
forbid (principal, action, resource) when { context.minute < 480 || context.minute >= 1320 };
forbid (principal, action, resource) when { context.held >= 3 };
forbid (principal, action, resource) when { context.unanswered >= 6 };
"""
REGO = """
package gate

default found := false

found if input.minute < 480
found if input.minute >= 1320
found if input.held >= 3
found if input.unanswered >= 6
"""


def contacts(count: int) -> list[ContactFacts]:
    """Return calls of March 2026 at all hours, about half of them clear."""
    drawn = random.Random(20260302)
    start = datetime(2026, 3, 1, tzinfo=UTC)
    one = ContactFacts("call", start, "Asia/Shanghai", 1, lender_class="bank")
    return [
        replace(
            one,
            at=start + timedelta(minutes=drawn.randrange(30 * 1440)),
            known={"call_slots_held_count": drawn.randrange(4), "unanswered_attempts_count": drawn.randrange(8)},
        )
        for _ in range(count)
    ]


def engines(facts: list[ContactFacts], *, pack: Pack) -> dict[str, tuple[Callable[[Any], bool], list[Any]]]:
    """Return, per engine, a function from its own form of the facts to whether a rule finds fault, and the facts in that form."""
    plain = [
        {
            "minute": one.local_minute,
            "held": one.known["call_slots_held_count"],
            "unanswered": one.known["unanswered_attempts_count"],
        }
        for one in facts
    ]
    gate = gate_of(Scope((pack,), (), "bank", ""), facts[0].local_on, "call")
    expression = zen.compile_expression(EXPRESSION)
    graph = zen.ZenEngine().create_decision(json.dumps(GRAPH))
    policies, entities = cedarpy.PolicySet.from_str(CEDAR), cedarpy.Entities.from_json_str("[]")
    interpreter = regopy.Interpreter()
    interpreter.add_module("gate.rego", REGO)
    bundle = interpreter.build("x = data.gate.found")

    def by_decide(one: ContactFacts) -> bool:
        verdict = decide(one, packs=(pack,), as_of=one.local_on)
        return bool(verdict.reasons or verdict.warnings)

    def by_graph(row: dict[str, int]) -> bool:
        return any(graph.evaluate(row)["result"].values())

    def by_cedar(request: dict[str, Any]) -> bool:
        return not cedarpy.is_authorized(request, policies, entities).allowed

    def by_rego(row: dict[str, int]) -> bool:
        interpreter.set_input(row)
        answer = interpreter.query_bundle(bundle)
        return answer.binding("x").json() == "true"

    asked = {"principal": 'User::"a"', "action": 'Action::"call"', "resource": 'Debtor::"d"'}
    return {
        "gate": (gate.finds_any, [one.seen(gate.vocabulary) for one in facts]),
        "decide": (by_decide, facts),
        "zen-engine, compiled expression": (expression.evaluate, plain),
        "zen-engine, graph": (by_graph, plain),
        "Cedar": (by_cedar, [asked | {"context": row} for row in plain]),
        "Rego": (by_rego, plain),
    }


def speed(decide_one: Callable[[Any], bool], rows: list[Any], *, seconds: float) -> float:
    """Return decisions a second over about so many seconds."""
    begun, count = stopwatch(), 0
    while stopwatch() - begun < seconds:
        for row in rows:
            decide_one(row)
        count += len(rows)
    return count / (stopwatch() - begun)


def main(count: int) -> int:
    """Measure, print, and return 1 if a ratio misses its aim."""
    found = engines(contacts(count), pack=chinese_rules(*RULES))
    answers = {name: [bool(decide_one(row)) for row in rows] for name, (decide_one, rows) in found.items()}
    assert all(told == answers["gate"] for told in answers.values())
    best = dict.fromkeys(found, 0.0)
    for _ in range(ROUNDS):
        for name, (decide_one, rows) in found.items():
            best[name] = max(
                best[name], speed(decide_one, rows[:100] if name in ("zen-engine, graph", "Cedar", "Rego") else rows, seconds=0.3)
            )
    fault_count = sum(answers["gate"])
    sys.stdout.write(f"contacts {count:,}, with fault {fault_count:,}; decisions a second, one at a time; gate : each\n")
    for name, per_second in best.items():
        sys.stdout.write(f"{name:34} {per_second:>12,.0f}  {best['gate'] / per_second:>10,.1f}\n")
    aims = {name: ZEN_RATIO_MIN if "expression" in name else POLICY_RATIO_MIN for name in found if name not in ("gate", "decide")}
    missed = [name for name, least in aims.items() if best["gate"] / best[name] < least]
    sys.stdout.write(f"aims: {ZEN_RATIO_MIN:g} and {POLICY_RATIO_MIN:g}; missed: {', '.join(missed) or 'none'}\n")
    return bool(missed)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000))

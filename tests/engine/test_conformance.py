"""Vectors about servicing: run by the engine's functions, strictly read, and what is not ours is said to be so."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest

from duecourse.engine.conformance import KINDS, ServicingSuite
from duecourse.rules.conformance.run import LineUnreadable, Status, run_lines

VECTORS = Path(__file__).parents[3] / "shared/cases/servicing_vectors.jsonl"
RANGES = [{"name": "R1", "min": 1, "max": 30}, {"name": "R31", "min": 31, "max": None}]
LOAN = {
    "as_of": "2026-03-12",
    "grace_days": 3,
    "installments": [
        {"n": 1, "due_date": "2026-02-01", "due": 250.5, "paid": 0},
        {"n": 2, "due_date": "2026-03-12", "due": 250, "paid": 0},
    ],
    "pauses": [{"start": "2026-02-10", "end": "2026-02-20"}],
    "pause_active": False,
    "eod_run_on_as_of": True,
    "ranges": RANGES,
    "loan_status": "active",
}
AGED = {
    "past_due_days": 39,
    "delinquent_days": 26,
    "delinquent_date": "2026-02-04",
    "delinquent_amount": 250.5,
    "classification_recorded": "R1",
}
ORDER = ["penalty", "fee", "interest", "principal"]
PAYMENT = {
    "strategy": {"due_order": ORDER, "in_advance_order": ORDER},
    "timing": "late",
    "installment": {"from_date": "2026-01-01", "due_date": "2026-02-01", "principal": 3, "interest": 2, "fee": 2, "penalty": 4.25},
    "payment": {"date": "2026-02-02", "amount": 7},
    "charges": [],
}
MET = {"allocation": {"principal": 0, "interest": 0.75, "fee": 2, "penalty": 4.25}, "unallocated": 0}
TERM = {"entrust_start": "2026-01-01", "entrust_end": "2026-03-31", "payment_date": "2026-03-31"}
GOOD = [
    ("delinquency_days", LOAN, AGED),
    ("installment_delinquency_buckets", LOAN, {"amount_by_range": {"R1": 250.5}}),
    ("allocation_single_installment", PAYMENT, MET),
    ("commission_eligibility", TERM, {"commissionable": True}),
]


def judged(kind, inputs, expected, **more):
    """Return the one result of a vector."""
    return run_lines(
        [json.dumps({"id": "v", "kind": kind, "inputs": inputs, "expected": expected, **more})], suites=(ServicingSuite(),)
    ).results[0]


@pytest.mark.parametrize(("kind", "inputs", "expected"), GOOD, ids=[kind for kind, _, _ in GOOD])
def test_kinds_pass_and_fail(kind, inputs, expected):
    """What the engine says passes; the same with another number fails."""
    result = judged(kind, inputs, expected)
    assert (result.status, result.why) == (Status.passed, "")
    key, value = next(iter(expected.items()))
    turned = expected | {key: {"R1": 1} if isinstance(value, dict) else (not value if isinstance(value, bool) else value + 1)}
    assert judged(kind, inputs, turned).status is Status.failed
    assert {kind for kind, _, _ in GOOD} == KINDS.keys()


@pytest.mark.parametrize(("kind", "inputs", "expected"), GOOD, ids=[kind for kind, _, _ in GOOD])
def test_what_is_strange_is_unsupported(kind, inputs, expected):
    """A strange key at any depth, a strange value, a strange fact expected or nothing expected is unsupported."""
    assert judged(kind, inputs | {"moon": 1}, expected).status is Status.unsupported
    assert judged(kind, inputs, expected, moon=1).status is Status.unsupported
    assert judged(kind, inputs, expected | {"moon": 1}).status is Status.unsupported
    assert judged(kind, inputs, {}).status is Status.unsupported
    for key, value in inputs.items():
        if isinstance(value, str | dict):
            assert judged(kind, inputs | {key: "xyzzy"}, expected).status is Status.unsupported, key
        if isinstance(value, dict):
            assert judged(kind, inputs | {key: value | {"moon": 1}}, expected).status is Status.unsupported, key
        if isinstance(value, list) and value:
            rows = copy.deepcopy(value)
            rows[0]["moon"] = 1
            assert judged(kind, inputs | {key: rows}, expected).status is Status.unsupported, key


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"pause_active": True}, "does not agree with the pauses"),
        ({"ranges": RANGES[:1]}, "last range"),
        ({"ranges": [RANGES[0], RANGES[1] | {"min": 33}]}, "follow on"),
        ({"grace_days": -1}, "grace_days"),
        ({"eod_run_on_as_of": False}, "classification_recorded"),
        ({"installments": [{"n": 1, "due_date": "2026-02-01", "due": 1, "paid": 2}]}, "beyond"),
        ({"installments": [{"n": 1, "due_date": "2026-02-01", "due": 0.001, "paid": 0}]}, "two decimals"),
    ],
)
def test_other_conventions_are_unsupported(change, why):
    """Inputs that contradict themselves, or rest on another system's record, are unsupported with the reason."""
    result = judged("delinquency_days", LOAN | change, AGED)
    assert result.status is Status.unsupported
    assert why in result.why


def test_an_unknown_kind_is_unsupported_and_a_bad_line_stops():
    """A kind without a function is unsupported; a line of another shape is an error with its number."""
    assert judged("tea_leaves", {}, {"luck": 1}).why == "the engine has no function of its own for tea_leaves"
    with pytest.raises(LineUnreadable, match="Line 1 "):
        run_lines(['{"id": "v", "kind": 3, "inputs": {}, "expected": {}}'], suites=(ServicingSuite(),))


def test_the_outside_vectors_pass():
    """No vector of the file of others fails; the kinds we have functions for pass."""
    if not VECTORS.exists():
        pytest.skip(f"THE OUTSIDE VECTORS WERE NOT RUN: there is no {VECTORS.name} beside the tree")
    report = run_lines(VECTORS.read_text("utf-8").splitlines(), suites=(ServicingSuite(),))
    assert [(result.id, result.why) for result in report.of(Status.failed)] == []
    assert {result.scopes[0] for result in report.of(Status.passed)} == KINDS.keys()

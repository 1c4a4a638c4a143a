"""One suite that every step of the engine passes: rows kept, declared types, determinism, empty frame, shuffled input, input untouched.

To add a step, add one line to STEPS: its name, a call from frames to a frame, the frames it reads as (schema, rows), and the schema of
its result; `keys` order the result uniquely, and `keeps` names the frame whose rows it keeps one to one, if it does.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import pyarrow as pa
import pytest

from duecourse.engine import ageing, allocation, commission, evaluation, imputation, scores, segments
from duecourse.engine.frames import FrameMismatch, digest, empty, from_rows


@dataclass(frozen=True)
class Step:
    """One step of the engine.

    Attributes:
        name: the step's name.
        call: takes the frames by name and gives one frame.
        frames: the frames by name, as (schema, rows).
        result: the declared schema of the result.
        keys: columns that order the result without ties.
        keeps: the frame whose rows come out one to one, or ''.
        result_if_empty: rows that come out of empty frames.
    """

    name: str
    call: Callable[..., pa.Table]
    frames: dict[str, tuple[pa.Schema, list[dict]]]
    result: pa.Schema
    keys: list[str]
    keeps: str = ""
    result_if_empty: int = 0


AS_OF = date(2026, 3, 31)
ACCOUNT_ROWS = [
    {
        "account_id": n, "case_id": n // 2, "person_id": n // 3, "product_class": "card", "currency": ("CNY", "USD")[n % 2],
        "oldest_due_on": None if n % 5 == 0 else date(2025, 6 + n % 6, 1 + n), "reported_days_past_due": 40 if n % 7 == 0 else None,
        "balance_minor": n, "principal_minor": n, "interest_minor": 0, "fee_minor": 0, "penalty_minor": 0,
    }
    for n in range(25)
]  # fmt: skip
PAUSE_ROWS = [{"account_id": n, "from_on": date(2025, 7, n + 1), "until_on": date(2025, 12, 1), "kind": "dispute"} for n in range(20)]
AGED_ROWS = ageing.age(
    from_rows(ACCOUNT_ROWS, ageing.ACCOUNTS), from_rows(PAUSE_ROWS, ageing.PAUSES), as_of=AS_OF, convention="actual"
).to_pylist()
CASE_ROWS = [
    {
        "case_id": n,
        "product_class": "card",
        "currency": "CNY",
        "bucket": f"M{n % 4}",
        "balance_minor": n * 99,
        "region": None,
        "hand": n % 5,
    }
    for n in range(30)
]
SCORE_ROWS = [{"case_id": n, "segment_key": "abc"[n % 3], "bucket_number": n % 9, "balance_minor": n * 1001} for n in range(30)]
HISTORY_ROWS = [
    {"segment_key": key, "placed_minor": 9000, "recovered_minor": 900 * n, "case_count": 90, "paid_case_count": 9 * n}
    for n, key in enumerate("abd")
]
BALANCE_ROWS = [
    {"group_id": n // 8, "account_id": n // 4, "instalment_number": 1, "component": imputation.COMPONENTS[n % 4], "due_on": AS_OF,
     "amount_minor": n * 10, "secured_minor": 0, "burden_bp": 0}
    for n in range(40)
]  # fmt: skip
RECEIPT_ROWS = [{"payment_id": n, "group_id": n % 6, "paid_on": AS_OF, "amount_minor": 7 + 31 * n} for n in range(18)]
PAID_ROWS = [
    {"payment_id": n, "reverses_payment_id": n - 10 if n > 15 else None, "placement_id": n % 3, "measure_key": "m", "product_class": "card",
     "days_past_due": 45, "hand": 1, "currency": "CNY", "amount_minor": 1000 + n if n <= 15 else -n}
    for n in range(20)
]  # fmt: skip
ALLOCATION_ROWS = [
    {"case_id": n, "person_id": n // 2, "segment_key": "abc"[n % 3], "product_class": "card", "region": (None, "north")[n % 2],
     "currency": "CNY", "balance_minor": 1000 + 7 * n, "expected_recovered_minor": 90 + n, "hand": 1}
    for n in range(60)
]  # fmt: skip
AGENCY_ROWS = [
    {"agency_id": k, "contract_id": 10 + k, "kind": "external", "capacity_count": 25, "capacity_minor": None, "share_min_bp": 0,
     "share_cap_bp": 10_000, "regions": None if k else ["north"], "products": ["card"], "multiplier_bp": 9_000 + 1_000 * k,
     "fee_rate_bp": 2_000, "complaint_cost_minor": 1}
    for k in range(3)
]  # fmt: skip
OUTCOME_ROWS = [
    {"case_id": n, "person_id": n // 2, "agency_id": n // 2 % 3, "contract_id": 10 + n // 2 % 3, "batch_id": n % 4, "segment_key": "ab"[n % 2],
     "currency": "CNY", "placed_minor": 1000 + n, "recovered_minor": 55 * (n % 7), "in_slice": n % 5 == 0, "draw_share": 0.25}
    for n in range(90)
]  # fmt: skip
FEE_ROWS = [{"product_class": "*", "age_band_from_days": 1, "tier_from_bp": 0, "hand_from": 1, "rate_bp": 1450}]

STEPS = [
    Step("age", lambda accounts, pauses: ageing.age(accounts, pauses, as_of=AS_OF, convention="actual"),
         {"accounts": (ageing.ACCOUNTS, ACCOUNT_ROWS), "pauses": (ageing.PAUSES, PAUSE_ROWS)}, ageing.AGED, ["account_id"], "accounts"),
    Step("roll_rates", ageing.roll_rates, {"before": (ageing.AGED, AGED_ROWS), "after": (ageing.AGED, AGED_ROWS[5:])},
         ageing.ROLL_RATES, ["currency", "from_bucket", "to_bucket"]),
    Step("segment", lambda snapshots: segments.segment(snapshots, balance_edges_minor=(500, 1000)),
         {"snapshots": (segments.CASES, CASE_ROWS)}, segments.SEGMENTED, ["case_id"], "snapshots"),
    Step("expected_recovery", scores.expected_recovery,
         {"cases": (scores.CASES, SCORE_ROWS), "history": (scores.HISTORY, HISTORY_ROWS)}, scores.EXPECTED, ["case_id"], "cases"),
    Step("impute_many", lambda receipts, balances: imputation.impute_many(receipts, balances)[0],
         {"receipts": (imputation.RECEIPTS, RECEIPT_ROWS), "balances": (imputation.BALANCES, BALANCE_ROWS)},
         imputation.PARTS, ["payment_id", "account_id", "instalment_number", "component"]),
    Step("impute_many remainders", lambda receipts, balances: imputation.impute_many(receipts, balances)[1],
         {"receipts": (imputation.RECEIPTS, RECEIPT_ROWS), "balances": (imputation.BALANCES, BALANCE_ROWS)},
         imputation.REMAINDERS, ["payment_id"], "receipts"),
    Step("commission", lambda paid, fees, rates: commission.commission(paid, fees, rates, rounding="half_up")[0],
         {"paid": (commission.ATTRIBUTED, PAID_ROWS), "fees": (commission.FEE_LINES, FEE_ROWS),
          "rates": (commission.MEASURED, [{"measure_key": "m", "achieved_bp": 1200}])},
         commission.COMMISSION_LINES, ["line_key"], "paid"),
    Step("allocate", lambda cases, agencies: allocation.allocate(
            cases, agencies, policy=allocation.AllocationPolicy("CNY"), secret=b"0123456789abcdef").rows,
         {"cases": (allocation.CASES, ALLOCATION_ROWS), "agencies": (allocation.AGENCIES, AGENCY_ROWS)},
         allocation.ROWS, ["case_id"], "cases"),
    Step("evaluate", evaluation.evaluate, {"outcomes": (evaluation.OUTCOMES, OUTCOME_ROWS)},
         evaluation.SCORECARD, ["agency_id", "contract_id", "measure", "evidence"]),
    Step("recovery_rates", lambda outcomes: evaluation.recovery_rates(outcomes, by_batch=True),
         {"outcomes": (evaluation.OUTCOMES, OUTCOME_ROWS)}, evaluation.RATES, ["contract_id", "batch_id", "currency"]),
]  # fmt: skip

EACH = pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)


def frames_of(step, *, shuffled_by=None):
    """Return the step's frames, in their order or shuffled by a seed."""
    frames = {}
    for name, (schema, rows) in step.frames.items():
        order = list(rows)
        if shuffled_by is not None:
            random.Random(shuffled_by).shuffle(order)
        frames[name] = from_rows(order, schema)
    return frames


@EACH
def test_types_are_the_declared_ones_and_rows_are_kept(step):
    """The result has exactly the declared schema, unique keys, and as many rows as the frame it keeps."""
    result = step.call(**frames_of(step))
    assert result.schema.equals(step.result)
    result.validate(full=True)
    assert all(not result.column(field.name).null_count for field in step.result if not field.nullable)
    assert result.num_rows > 0
    assert len({tuple(row[key] for key in step.keys) for row in result.select(step.keys).to_pylist()}) == result.num_rows
    if step.keeps:
        assert result.num_rows == len(step.frames[step.keeps][1])


@EACH
def test_the_same_frames_give_the_same_bytes(step):
    """Run twice, the result has the same digest and the same order of rows."""
    one, two = step.call(**frames_of(step)), step.call(**frames_of(step))
    assert digest(one, keys=step.keys) == digest(two, keys=step.keys)
    assert one.equals(two)


@EACH
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_order_of_rows_does_not_matter(step, seed):
    """Shuffled frames give a result with the same digest."""
    assert digest(step.call(**frames_of(step, shuffled_by=seed)), keys=step.keys) == digest(step.call(**frames_of(step)), keys=step.keys)


@EACH
def test_empty_frames_give_an_empty_frame(step):
    """No rows in, none out, with the declared schema."""
    result = step.call(**{name: empty(schema) for name, (schema, _) in step.frames.items()})
    assert result.num_rows == step.result_if_empty
    assert result.schema.equals(step.result)


@EACH
def test_the_input_is_not_changed(step):
    """The frames handed in are equal to fresh ones afterwards, also when they come in several chunks."""
    frames = frames_of(step)
    chunked = {name: pa.concat_tables([table.slice(0, 2), table.slice(2)]) for name, table in frames.items()}
    result = step.call(**chunked)
    assert all(chunked[name].equals(frames[name]) for name in frames)
    assert digest(result, keys=step.keys) == digest(step.call(**frames), keys=step.keys)


@EACH
def test_a_missing_column_is_named(step):
    """A frame without one of its columns is refused, and the refusal names the column."""
    frames = frames_of(step)
    name = next(iter(frames))
    column = step.keys[0] if step.keys[0] in frames[name].column_names else frames[name].column_names[0]
    frames[name] = frames[name].drop_columns(column)
    with pytest.raises(FrameMismatch, match=column):
        step.call(**frames)

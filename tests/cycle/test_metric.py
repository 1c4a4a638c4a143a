"""A month is measured by the version of the metric that was frozen with its inputs, for ever."""

from __future__ import annotations

import pytest

from duecourse.cycle.services.compute import METRIC_VERSION, measured
from duecourse.cycle.services.frozen import Frames
from duecourse.engine.evaluation import EvaluationPolicy, evaluate
from tests.engine.test_evaluation import outcome, outcomes


@pytest.fixture
def lucky():
    """Outcomes whose random slice pays twice what the other cases do."""
    rows = []
    for case_id in range(400):
        in_slice = case_id % 4 == 0
        place = {"agency_id": 1 + case_id // 4 % 2, "contract_id": 1 + case_id // 4 % 2}
        drawn = {"in_slice": in_slice, "draw_share": 0.5 if in_slice else 0.0}
        rows.append(outcome(case_id, recovered_minor=2_000 if in_slice else 1_000, **place, **drawn))
    return outcomes(*rows)


def scorecards(table, **parameters):
    """Return the scorecards of frozen inputs with these parameters."""
    frames = {"outcomes": table, "batch_outcomes": table}
    return measured(
        Frames(frames=frames, keys={"outcomes": ["case_id"], "batch_outcomes": ["case_id", "batch_id"]}, parameters=parameters)
    )[0]


def test_earlier_months_are_replayed_as_they_were(lucky):
    """Inputs frozen without a version, as the first metric froze them, give the first metric's scorecards, with all agencies above 1."""
    found = scorecards(lucky, month="2026-09")
    assert found.equals(evaluate(lucky, policy=EvaluationPolicy(is_slice_own_mean=False)))
    assert all(row["ratio"] > 1.5 for row in found.to_pylist() if (row["evidence"], row["measure"]) == ("randomised", "money"))


def test_new_months_compare_the_slice_with_itself(lucky):
    """Inputs of today's version give ratios of 1 to two equal agencies of a lucky slice."""
    found = scorecards(lucky, month="2026-10", metric_version=METRIC_VERSION)
    assert found.equals(evaluate(lucky))
    ratios = [row["ratio"] for row in found.to_pylist() if (row["evidence"], row["measure"]) == ("randomised", "money")]
    assert ratios == [pytest.approx(1.0), pytest.approx(1.0)]

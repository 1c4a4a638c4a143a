"""Evaluation, tested against worlds whose truth is known.

Propositions:
1. Contractual rates are exact integers, rounded down, and ignore what is not attributed.
2. Intervals of nominal 90 % cover the truth in 80 to 97 % of 240 cases, for payers and for money.
3. The shrunk effect is nearer to the truth than the raw ratio.
4. The random slice sees through unobserved difficulty; all cases together do not.
5. A lucky slice lifts nobody: its agencies are compared with each other.
6. What was learned, fed into the next allocation, earns more than equal shares.
"""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from duecourse.engine.allocation import AllocationPolicy, allocate, equal_split
from duecourse.engine.evaluation import (
    EXPECTATIONS,
    FLOORS,
    OUTCOMES,
    SCORECARD,
    EvaluationPolicy,
    effects,
    evaluate,
    recovery_rates,
    segment_effects,
    segment_expectations,
    shrink,
)
from duecourse.engine.evaluation.schemas import EvaluationInputWrong
from duecourse.engine.frames import from_rows
from tests.engine.allocation_worlds import SECRET, agencies, agency, mixed_cases

SEGMENTS = 10


def outcome(case_id, **changes):
    """Return one row of OUTCOMES."""
    row = {
        "case_id": case_id, "person_id": case_id, "agency_id": 1, "contract_id": 11, "batch_id": 5, "segment_key": "m1", "currency": "CNY",
        "placed_minor": 10_000, "recovered_minor": 0, "in_slice": False, "draw_share": 0.0,
    }  # fmt: skip
    return row | changes


def outcomes(*rows):
    """Return OUTCOMES."""
    return from_rows(list(rows), OUTCOMES)


def world(seed, *, agency_count=12, per_agency=800, spread=0.15, hidden=0.0, slice_share=0.1):
    """Return OUTCOMES and the true effect of each agency relative to what the pooled segments expect.

    Agencies get different mixes of segments; with `hidden`, agency k also gets cases whose difficulty the segments do not show.
    """
    chance = np.random.default_rng(seed)
    skill = np.exp(chance.normal(0, spread, agency_count))
    size = agency_count * per_agency
    segment = chance.integers(0, SEGMENTS, size)
    preferred = chance.dirichlet(np.ones(agency_count) * 3, SEGMENTS).cumsum(axis=1)
    difficulty = chance.normal(0, 1, size)
    taken = (preferred[segment] < chance.random(size)[:, None]).sum(axis=1).clip(0, agency_count - 1)
    if hidden:
        taken = np.argsort(np.argsort(difficulty + chance.normal(0, 0.5, size))) * agency_count // size
    in_slice = chance.random(size) < slice_share
    taken[in_slice] = chance.integers(0, agency_count, in_slice.sum())
    ease = np.linspace(0.08, 0.45, SEGMENTS)[segment] * np.exp(hidden * difficulty)
    paid = chance.random(size) < np.minimum(ease * skill[taken], 1)
    balance = np.rint(chance.lognormal(13, 1, size)).astype(np.int64)
    fraction = np.where(chance.random(size) < 0.4, 1.0, chance.beta(1, 4, size))
    pooled = np.bincount(segment, ease * skill[taken]) / np.bincount(segment)
    hoped = np.bincount(taken, pooled[segment], minlength=agency_count)
    truth = np.bincount(taken, ease * skill[taken], minlength=agency_count) / hoped
    table = pa.table(
        {
            "case_id": np.arange(size), "person_id": np.arange(size), "agency_id": taken + 1, "contract_id": taken + 101,
            "batch_id": np.ones(size, dtype=np.int64), "segment_key": [f"s{i}" for i in segment], "currency": ["CNY"] * size,
            "placed_minor": balance, "recovered_minor": np.where(paid, np.rint(balance * fraction), 0).astype(np.int64),
            "in_slice": in_slice, "draw_share": np.where(in_slice, 1 / agency_count, 0.0),
        }
    ).cast(OUTCOMES)  # fmt: skip
    return table, truth, skill


def rows_of(card, *, measure, evidence="adjusted"):
    """Return the rows of a scorecard for one measure and evidence, by agency."""
    return [row for row in card.to_pylist() if (row["measure"], row["evidence"]) == (measure, evidence)]


@pytest.fixture(scope="module")
def worlds():
    """Return 20 worlds of 12 agencies with their scorecards and truths."""
    made = [world(seed) for seed in range(20)]
    return [(evaluate(table), truth) for table, truth, _ in made]


def test_the_contractual_rate_is_worked_by_hand():
    """3,333 of 30,000 is 1,111 bp; 1,999 of 30,000 is 666.33, so 666 bp; minus 1 of 30,000 is -0.33, so -1 bp; nothing placed, no rate."""
    rows = (
        [outcome(i, batch_id=1) for i in range(3)]
        + [outcome(10 + i, batch_id=2) for i in range(3)]
        + [outcome(20 + i, batch_id=3) for i in range(3)]
    )
    rows[0]["recovered_minor"], rows[3]["recovered_minor"], rows[6]["recovered_minor"] = 3_333, 1_999, -1
    rows.append(outcome(30, batch_id=4, placed_minor=0))
    assert recovery_rates(outcomes(*rows), by_batch=True).column("rate_bp").to_pylist() == [1_111, 666, -1, None]
    whole = recovery_rates(outcomes(*rows)).to_pylist()
    assert whole == [
        {
            "contract_id": 11,
            "batch_id": None,
            "currency": "CNY",
            "case_count": 10,
            "placed_minor": 90_000,
            "recovered_minor": 5_331,
            "rate_bp": 592,
        }
    ]


@given(st.lists(st.tuples(st.integers(0, 10**17), st.integers(-(10**12), 10**17)), min_size=1, max_size=20))
def test_the_contractual_rate_has_no_rounding_error(amounts):
    """Also at sums where floating point would be wrong, rate · placed ≤ 10,000 · recovered < (rate + 1) · placed."""
    rows = [outcome(i, placed_minor=placed, recovered_minor=recovered) for i, (placed, recovered) in enumerate(amounts)]
    found = recovery_rates(outcomes(*rows)).to_pylist()[0]
    placed, recovered = sum(a for a, _ in amounts), sum(b for _, b in amounts)
    if placed:
        assert found["rate_bp"] * placed <= 10_000 * recovered < (found["rate_bp"] + 1) * placed
    else:
        assert found["rate_bp"] is None


def test_two_currencies_have_two_rates_and_a_repeated_case_is_refused():
    """Contractual rates never add currencies; a case cannot count twice in a batch."""
    table = outcomes(outcome(1, recovered_minor=100), outcome(2, currency="USD"))
    assert recovery_rates(table).column("rate_bp").to_pylist() == [100, 0]
    with pytest.raises(EvaluationInputWrong, match="stands twice"):
        recovery_rates(outcomes(outcome(1), outcome(1)))


def test_expected_sums_to_observed_and_is_blind_to_the_agency():
    """Pooled segment rates expect in sum what was observed; two agencies' equal cases are expected alike."""
    table, _, _ = world(3, per_agency=200)
    hoped = segment_expectations(table)
    paid = sum(amount > 0 for amount in table.column("recovered_minor").to_pylist())
    assert sum(hoped.column("payer_share").to_pylist()) == pytest.approx(paid)
    pair = outcomes(outcome(1, recovered_minor=4_000), outcome(2, agency_id=2, contract_id=12))
    assert segment_expectations(pair).column("payer_share").to_pylist() == [0.5, 0.5]
    assert segment_expectations(pair).column("recovered_minor").to_pylist() == [2_000, 2_000]


@pytest.mark.parametrize("measure", ["payers", "money"])
def test_intervals_cover_the_truth(worlds, measure):
    """Proposition 2, over 20 worlds of 12 agencies."""
    inside = [
        row["effect_low"] <= truth[row["agency_id"] - 1] <= row["effect_high"]
        for card, truth in worlds
        for row in rows_of(card, measure=measure)
    ]
    assert len(inside) == 240
    assert 0.80 <= np.mean(inside) <= 0.97


@pytest.mark.parametrize("measure", ["payers", "money"])
def test_shrinking_brings_nearer_to_the_truth(worlds, measure):
    """Proposition 3: root mean square error, shrunk against raw."""
    pairs = [
        (row["effect_mean"], row["ratio"], truth[row["agency_id"] - 1]) for card, truth in worlds for row in rows_of(card, measure=measure)
    ]
    shrunk, raw, true = np.asarray(pairs).T
    assert np.sqrt(((shrunk - true) ** 2).mean()) < np.sqrt(((raw - true) ** 2).mean())


def test_identical_agencies_are_shrunk_together():
    """When all agencies are the same, the effects spread less than half as much as the raw ratios, and nobody is surely the best."""
    found = [rows_of(evaluate(world(seed, spread=0.0)[0]), measure="payers") for seed in range(5)]
    shrunk = np.std([row["effect_mean"] for rows in found for row in rows])
    raw = np.std([row["ratio"] for rows in found for row in rows])
    assert shrunk < raw / 2
    assert max(row["best_share"] for rows in found for row in rows if row["can_rank"]) < 0.5


def test_adjusting_orders_agencies_better_than_raw_rates():
    """Under a mix that differs by agency, Kendall's τ with the truth is higher for O/E than for raw shares of payers."""
    ours, raw = [], []
    for seed in range(10):
        table, _, skill = world(seed)
        frame = rows_of(evaluate(table), measure="payers")
        ours.append(stats.kendalltau([row["effect_mean"] for row in frame], skill).statistic)
        raw.append(stats.kendalltau([row["observed"] / row["case_count"] for row in frame], skill).statistic)
    assert np.mean(ours) > np.mean(raw) + 0.1
    assert np.mean(ours) > 0.65


def test_only_the_random_slice_sees_through_hidden_difficulty():
    """Proposition 4: with cases steered by what no segment shows, all cases mislead and the slice orders the agencies rightly."""
    table, _, skill = world(11, agency_count=6, per_agency=6_000, hidden=0.8, spread=0.3, slice_share=0.2)
    card = evaluate(table)
    slice_only, everything = (rows_of(card, measure="payers", evidence=evidence) for evidence in ("randomised", "adjusted"))
    assert all(row["can_rank"] for row in slice_only)
    assert stats.kendalltau([row["effect_mean"] for row in slice_only], skill).statistic > 0.7
    assert stats.kendalltau([row["effect_mean"] for row in everything], skill).statistic < 0.5
    chosen = effects(card, measure="payers").column("effect_bp").to_pylist()
    assert chosen == [round(10_000 * row["effect_mean"]) for row in slice_only]


def test_the_slice_is_weighted_by_the_draw():
    """An agency drawn with 1/2 in one segment and 1/4 in another counts the second twice: O = 1 + 0 of weights 2/3 and 4/3."""
    rows = [outcome(1, in_slice=True, draw_share=0.5, recovered_minor=10), outcome(2, in_slice=True, draw_share=0.25)]
    rows += [outcome(10 + i, agency_id=2, contract_id=12, in_slice=True, draw_share=0.5, recovered_minor=i) for i in range(4)]
    first = rows_of(evaluate(outcomes(*rows)), measure="payers", evidence="randomised")[0]
    assert first["observed"] == pytest.approx(2 / 3)
    assert first["effective_count"] == pytest.approx((2 / 3 + 4 / 3) ** 2 / (4 / 9 + 16 / 9))


@pytest.mark.parametrize("luck", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("measure", ["payers", "money"])
def test_luck_of_the_slice_lifts_no_agency(luck, measure):
    """Proposition 5: equal agencies whose slice pays half, as much or twice what all cases pay have ratios around 1, and they average to 1."""
    chance = np.random.default_rng(7)
    rows = []
    for case_id in range(24_000):
        in_slice = case_id % 3 == 0
        ease = (0.1 if case_id % 2 else 0.2) * (luck if in_slice else 1.0)
        place = {"agency_id": 1 + case_id // 6 % 4, "contract_id": 1 + case_id // 6 % 4, "segment_key": f"s{case_id % 2}"}
        drawn = {"in_slice": in_slice, "draw_share": 0.25 if in_slice else 0.0}
        rows.append(outcome(case_id, recovered_minor=5_000 if chance.random() < ease else 0, **place, **drawn))
    table = outcomes(*rows)
    own = rows_of(evaluate(table), measure=measure, evidence="randomised")
    assert all(row["can_rank"] and 0.8 < row["ratio"] < 1.2 and row["effect_low"] < 1 < row["effect_high"] for row in own)
    assert sum(row["observed"] for row in own) == pytest.approx(sum(row["expected"] for row in own))
    before = rows_of(evaluate(table, policy=EvaluationPolicy(is_slice_own_mean=False)), measure=measure, evidence="randomised")
    shared = sum(row["ratio"] for row in before) / len(before)
    assert (luck < 1) == (shared < 0.85)
    assert (luck > 1) == (shared > 1.15)
    everything = rows_of(evaluate(table, policy=EvaluationPolicy(is_slice_own_mean=False)), measure=measure)
    assert rows_of(evaluate(table), measure=measure) == everything


def test_slice_in_which_nobody_paid_stays_below_expectation():
    """With money outside the slice and none in it there is nothing to scale by: each agency has recovered 0 of what was expected."""
    rows = [outcome(i, agency_id=1 + i % 2, contract_id=1 + i % 2, in_slice=i < 20, draw_share=0.5) for i in range(40)]
    rows = [row | {"recovered_minor": 0 if row["in_slice"] else 100} for row in rows]
    found = rows_of(evaluate(outcomes(*rows)), measure="money", evidence="randomised")
    assert [(row["observed"], row["ratio"]) for row in found] == [(0.0, 0.0), (0.0, 0.0)]


@pytest.mark.parametrize(
    ("rows", "why_not"),
    [
        ([outcome(i, recovered_minor=i % 2) for i in range(700)], "only_one_agency"),
        ([outcome(i, agency_id=1 + i % 2, contract_id=1 + i % 2, recovered_minor=i % 3) for i in range(1_000)], "too_few_cases"),
        ([outcome(i, agency_id=1 + i % 2, contract_id=1 + i % 2) for i in range(1_400)], "no_expectation"),
    ],
)
def test_it_says_when_it_cannot_rank(rows, why_not):
    """With one agency, fewer than 600 effective cases, or nothing expected, probabilities are withheld and the reason is named."""
    for row in rows_of(evaluate(outcomes(*rows)), measure="payers"):
        assert (row["can_rank"], row["why_not"], row["best_share"], row["top_three_share"]) == (False, why_not, None, None)


def test_there_is_no_rank_column():
    """A scorecard holds probabilities and intervals; no column is a rank."""
    assert [name for name in SCORECARD.names if "rank" in name] == ["can_rank"]


def test_probabilities_of_order_are_probabilities(worlds):
    """Over the agencies the chance to be best sums to 1 and to be among three to 3; the larger effect has the larger chance."""
    card, _ = worlds[0]
    policy = EvaluationPolicy(rank_count_min=1)
    assert any(row["can_rank"] for row in rows_of(card, measure="payers"))
    found = rows_of(evaluate(world(0)[0], policy=policy), measure="payers")
    assert sum(row["best_share"] for row in found) == pytest.approx(1, abs=0.02)
    assert sum(row["top_three_share"] for row in found) == pytest.approx(3, abs=0.03)
    best = max(found, key=lambda row: row["effect_mean"])
    assert best["best_share"] == max(row["best_share"] for row in found)


def test_order_probabilities_agree_with_simulation():
    """Numerical integration of P(best) and P(top 3) agrees with 200,000 draws from the same posterior."""
    posterior = shrink(np.asarray([30.0, 45.0, 60.0, 52.0, 5.0]), np.asarray([40.0, 50.0, 50.0, 48.0, 6.0]), spread_prior=0.3)
    chance = np.random.default_rng(1)
    at = chance.choice(len(posterior.weights), 200_000, p=posterior.weights)
    place = (-chance.gamma(posterior.shapes[at], 1 / posterior.rates[at])).argsort(axis=1).argsort(axis=1)
    assert posterior.among_best(1) == pytest.approx((place == 0).mean(axis=0), abs=0.01)
    assert posterior.among_best(3) == pytest.approx((place < 3).mean(axis=0), abs=0.01)


def test_the_posterior_has_its_known_limits():
    """Without exposure an agency is the mean; with very much, its own ratio; the quantiles enclose what they say."""
    posterior = shrink(np.asarray([0.0, 2e6, 9e5]), np.asarray([0.0, 1e6, 1e6]), spread_prior=0.3, mean=1.0)
    assert posterior.mean() == pytest.approx([1.0, 2.0, 0.9], abs=0.01)
    assert posterior.below(posterior.quantile(0.05)) == pytest.approx(0.05, abs=1e-6)


def test_the_floor_is_compared_at_the_common_mix():
    """A floor far below the common rate is surely kept, one far above surely missed; payers have no floor."""
    table, _, _ = world(2, agency_count=3)
    floors = from_rows([{"contract_id": 101, "floor_rate_bp": 100}, {"contract_id": 102, "floor_rate_bp": 9_000}], FLOORS)
    card = evaluate(table, floors=floors)
    assert [row["below_floor_share"] for row in rows_of(card, measure="money")] == [
        pytest.approx(0, abs=0.01),
        pytest.approx(1, abs=0.01),
        None,
    ]
    assert {row["below_floor_share"] for row in rows_of(card, measure="payers")} == {None}


def test_a_single_huge_payment_is_winsorised():
    """One payment of a thousand times the usual moves the ratio by less than a tenth; the amounts stay exact."""
    rows = [outcome(i, agency_id=1 + i % 2, contract_id=1 + i % 2, recovered_minor=100 + i % 7) for i in range(2_000)]
    before = rows_of(evaluate(outcomes(*rows)), measure="money")[0]
    rows[0]["recovered_minor"] = 200_000
    after = rows_of(evaluate(outcomes(*rows)), measure="money")[0]
    assert abs(after["ratio"] - before["ratio"]) < 0.1
    assert after["recovered_minor"] == before["recovered_minor"] + 199_900


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ([outcome(1), outcome(1)], "two outcomes"),
        ([outcome(1), outcome(2, currency="USD")], "two currencies"),
        ([outcome(1, placed_minor=-1)], "placed_minor is negative"),
        ([outcome(1, in_slice=True)], "draw_share"),
    ],
)
def test_contradictions_are_refused(rows, found):
    """Two outcomes, two currencies, negative placements and impossible draws are refused with the reason."""
    with pytest.raises(EvaluationInputWrong, match=found):
        evaluate(outcomes(*rows))


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        ([], "no expectation"),
        ([(1, 0.5, 1.0), (1, 0.5, 1.0)], "two expectations"),
        ([(1, 1.5, 1.0)], "not a probability"),
        ([(1, 0.5, -1.0)], "negative"),
    ],
)
def test_wrong_expectations_are_refused(expected, found):
    """Expectations from a model must cover each case once and be possible."""
    frame = from_rows([dict(zip(EXPECTATIONS.names, row, strict=True)) for row in expected], EXPECTATIONS)
    with pytest.raises(EvaluationInputWrong, match=found):
        evaluate(outcomes(outcome(1)), frame)


def recovered(tape, allocation, skill, *, seed, affinity=None):
    """Return OUTCOMES of an allocation in a world where agency k multiplies the probability to pay in full by skill[k]."""
    chance = np.random.default_rng(seed)
    rows, facts = [], {row["case_id"]: row for row in tape.to_pylist()}
    luck = chance.random(tape.num_rows)
    for row in allocation.rows.to_pylist():
        if row["agency_id"] is not None:
            fact = facts[row["case_id"]]
            ease = fact["expected_recovered_minor"] / max(fact["balance_minor"], 1) * skill[row["agency_id"] - 1]
            ease *= (affinity or {}).get((row["agency_id"], fact["segment_key"]), 1.0)
            rows.append(
                outcome(
                    row["case_id"], person_id=row["person_id"], agency_id=row["agency_id"], contract_id=row["contract_id"],
                    segment_key=fact["segment_key"], placed_minor=row["balance_minor"], in_slice=row["in_slice"], draw_share=row["draw_share"],
                    recovered_minor=row["balance_minor"] if luck[row["case_id"]] < ease else 0,
                )
            )  # fmt: skip
    return outcomes(*rows)


def test_what_was_learned_earns_more_than_equal_shares():
    """Proposition 5: one month of equal shares, then the next month by what it taught; expected recovery rises by more than 3 %."""
    skill = [0.6, 0.8, 1.0, 1.2, 1.4, 1.0]
    firms = agencies(*(agency(k, capacity_count=4_000) for k in range(1, 7)))
    first, second = mixed_cases(12_000, seed=21), mixed_cases(12_000, seed=22)
    policy = AllocationPolicy("CNY")
    taught = effects(evaluate(recovered(first, equal_split(first, firms, policy=policy, secret=SECRET), skill, seed=1)))

    def earned(allocation):
        hoped = dict(zip(second.column("case_id").to_pylist(), second.column("expected_recovered_minor").to_pylist(), strict=True))
        return sum(hoped[row["case_id"]] * skill[row["agency_id"] - 1] for row in allocation.rows.to_pylist() if row["agency_id"])

    learned = allocate(second, firms, policy=policy, secret=SECRET, effects=taught)
    assert earned(learned) > 1.03 * earned(equal_split(second, firms, policy=policy, secret=SECRET))


def test_segment_effects_find_the_specialist():
    """An agency twice as good in one segment gets an effect well above 1 there and near 1 elsewhere."""
    tape, firms = mixed_cases(20_000, seed=31, segments=3), agencies(*map(agency, range(1, 4)))
    split = equal_split(tape, firms, policy=AllocationPolicy("CNY"), secret=SECRET)
    table = recovered(tape, split, [1.0] * 3, seed=2, affinity={(2, "s1"): 2.5})
    found = {
        (row["agency_id"], row["segment_key"]): row["effect_bp"] for row in segment_effects(table, effects(evaluate(table))).to_pylist()
    }
    assert max(found, key=found.get) == (2, "s1")
    assert found[2, "s1"] > 11_500

"""Commission.

1. A schedule without problems has exactly one rate for every placement it covers; gaps and overlaps are named to the unit.
2. A line is basis × rate × multiplier, rounded once; Σ lines = total.
3. A claw-back takes back at the original rate, refers to its line, and in full takes back exactly what was paid.
4. What has no rate is a problem, never zero.
"""

from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from duecourse.engine.commission import (
    ADJUSTMENTS,
    ATTRIBUTED,
    COMMISSION_LINES,
    FEE_LINES,
    MEASURED,
    Coverage,
    MeasureRepeated,
    RateAbsent,
    RateAmbiguous,
    check_schedule,
    commission,
    earns_fee,
    rate_for,
    totals,
)
from duecourse.engine.frames import from_rows

GOLDEN = yaml.safe_load((Path(__file__).parents[1] / "golden/servicing/commission.yaml").read_text(encoding="utf-8"))


def fee(rate_bp, *, days=(1, None), tier=(0, None), hand=(1, None), product="*"):
    """Return a row of FEE_LINES."""
    return {
        "product_class": product, "age_band_from_days": days[0], "age_band_to_days": days[1], "tier_from_bp": tier[0],
        "tier_to_bp": tier[1], "hand_from": hand[0], "hand_to": hand[1], "rate_bp": rate_bp,
    }  # fmt: skip


def schedule(*rows):
    """Return FEE_LINES."""
    return from_rows(list(rows), FEE_LINES)


def paid(payment_id, minor, *, reverses=None, key="batch", product="card", days=45, hand=1, currency="CNY"):
    """Return a row of ATTRIBUTED."""
    return {
        "payment_id": payment_id, "reverses_payment_id": reverses, "placement_id": 7, "measure_key": key, "product_class": product,
        "days_past_due": days, "hand": hand, "currency": currency, "amount_minor": minor,
    }  # fmt: skip


def settle(rows, fees, *, achieved=0, rounding="half_up", multiplier=None, **more):
    """Run a month in which the group `batch` achieved a rate."""
    measured = from_rows([{"measure_key": "batch", "achieved_bp": achieved}], MEASURED)
    adjustments = from_rows([{"measure_key": "batch", "multiplier_bp": multiplier}], ADJUSTMENTS) if multiplier is not None else None
    return commission(from_rows(list(rows), ATTRIBUTED), fees, measured, rounding=rounding, adjustments=adjustments, **more)


FLAT = schedule(fee(1500))


def places(problems):
    """Return code and place of schedule problems."""
    names = ("product_class", "days", "hands", "recovery_bp")
    return [(p.code, *(p.parameters[name] for name in names)) for p in problems]


def test_a_full_grid_has_no_problem():
    """Bands that meet edge to edge on every axis, with a class of its own beside the star, cover everything."""
    own = [fee(r, days=d, tier=t, product="auto") for r, d in ((800, (1, 91)), (900, (91, None))) for t in ((0, 3000), (3000, None))]
    assert check_schedule(schedule(fee(1500, hand=(1, 2)), fee(2500, hand=(2, None)), *own)) == []


def test_a_gap_is_named_to_the_unit():
    """A missing stretch of one tier, in one band and hand, is reported once and exactly."""
    lines = schedule(
        fee(500, days=(1, 61)),
        fee(700, days=(61, None), tier=(0, 1500)),
        fee(900, days=(61, None), tier=(3000, None)),
        fee(800, days=(61, None), tier=(1500, 3000), hand=(2, None)),
    )
    assert places(check_schedule(lines)) == [("RateGap", "*", "≥ 61", "1", "1500–2999")]


def test_an_overlap_names_both_lines_and_the_place():
    """Two lines that share a day, a hand and a tier are reported with their rows."""
    (problem,) = check_schedule(schedule(fee(500, days=(1, 61)), fee(900, days=(60, None)), fee(1, product="auto")))
    assert places([problem]) == [("RatesOverlap", "*", "60", "≥ 1", "≥ 0")]
    assert problem.parameters["rows"] == "1, 2"
    assert problem.row == 2
    assert "The lines 1, 2 overlap for *, days past due 60" in problem.message()


def test_what_the_contract_covers_decides_what_is_a_gap():
    """A schedule for day 31 to 90 and the first hand is whole for a contract of that extent, and not for the whole world."""
    lines = schedule(fee(500, days=(31, 91), hand=(1, 2)))
    assert check_schedule(lines, coverage=Coverage(days=(31, 91), hands=(1, 2))) == []
    assert {place[2:4] for place in places(check_schedule(lines))} == {("1–30", "≥ 1"), ("≥ 31", "≥ 2"), ("≥ 91", "1")}


def test_a_class_of_the_contract_without_a_rate_is_a_gap():
    """A product class that neither has lines nor is served by the star is a gap; with the star it is served."""
    wanted = Coverage(product_classes=("auto",))
    assert places(check_schedule(schedule(fee(1, product="card")), coverage=wanted)) == [("RateGap", "auto", "≥ 1", "≥ 1", "≥ 0")]
    assert check_schedule(schedule(fee(1)), coverage=wanted) == []
    assert places(check_schedule(schedule())) == [("RateGap", "*", "≥ 1", "≥ 1", "≥ 0")]


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (fee(1, days=(31, 31)), "IntervalEmpty"),
        (fee(1, tier=(3000, 1500)), "IntervalEmpty"),
        (fee(1, hand=(-1, 2)), "IntervalEmpty"),
        (fee(-1), "RateImpossible"),
        (fee(10_001), "RateImpossible"),
    ],
)
def test_a_bad_row_is_named_before_the_grid(row, code):
    """An interval that holds nothing and a rate that is no share are problems of their row."""
    assert [(p.row, p.code) for p in check_schedule(schedule(fee(1), row))] == [(2, code)]


EDGE = st.integers(1, 6)
LINE = st.tuples(EDGE, st.none() | EDGE, EDGE, st.none() | EDGE, st.integers(0, 5), st.none() | st.integers(1, 6)).filter(
    lambda t: (t[1] or 9) > t[0] and (t[3] or 9) > t[2] and (t[5] or 9) > t[4]
)


@settings(deadline=None, max_examples=60)
@given(lines=st.lists(LINE, min_size=1, max_size=5))
def test_no_problem_means_exactly_one_rate_everywhere(lines):
    """The check finds nothing exactly when every point of a fine grid has one rate, and its boxes cover exactly the bad points."""
    fees = schedule(*(fee(100, days=line[0:2], hand=line[2:4], tier=line[4:6]) for line in lines))
    bad = 0
    for days in range(1, 8):
        for hand in range(1, 8):
            for achieved in range(8):
                try:
                    rate_for(fees, product_class="card", days_past_due=days, hand=hand, achieved_bp=achieved)
                except (RateAbsent, RateAmbiguous):
                    bad += 1
    assert bad == sum(volume(problem) for problem in check_schedule(fees))


def volume(problem):
    """Return how many points of the fine grid (1–7, 1–7, 0–7) the box of a problem holds."""
    size = 1
    for name in ("days", "hands", "recovery_bp"):
        text = problem.parameters[name]
        if text.startswith("≥"):
            size *= 8 - int(text[2:])
        elif "–" in text:
            low, high = text.split("–")
            size *= int(high) - int(low) + 1
    return size


@pytest.mark.parametrize("case", GOLDEN["sections"]["cases"], ids=lambda case: case["id"])
def test_sections_agree_with_outside_vectors(case):
    """Sections pay what a published suite says inside their bounds; outside, a missing rate is refused."""
    fees = schedule(*(fee(rate, tier=(low, high)) for low, high, rate in case["tiers"]))
    lines, problems = settle([paid(1, case["basis_minor"])], fees, achieved=case["at"])
    found = lines.column("commission_minor").to_pylist()
    if case["commission_minor"] is None:
        assert (found, [problem.code for problem in problems]) == ([], ["RateAbsent"])
        assert any(problem.code == "RateGap" for problem in check_schedule(fees))
    else:
        assert found == [case["commission_minor"]]


@pytest.mark.parametrize("case", GOLDEN["term"]["cases"], ids=lambda case: case["id"])
def test_only_money_received_within_the_term_earns(case):
    """Both ends of the term count and the day after does not, unless there is a tail."""
    term = {"placed_on": case["placed_on"], "ends_on": case["ends_on"]}
    assert earns_fee(case["received_on"], **term) is case["earns"]
    assert earns_fee(date(2025, 1, 1), **term)
    assert earns_fee(date(2025, 3, 31), **term)
    assert not earns_fee(date(2024, 12, 31), **term)
    assert earns_fee(date(2025, 4, 3), **term, tail_days=3)
    assert not earns_fee(date(2025, 4, 4), **term, tail_days=3)


@pytest.mark.parametrize("case", GOLDEN["ladder"]["cases"], ids=lambda case: f"{case['mode']}-{case['achieved_bp']}")
def test_a_recovery_ladder_whole_and_marginal(case):
    """A tier begins at its lower bound; marginal, each tier's rate holds for the recovery inside it."""
    fees = schedule(*(fee(rate, tier=(low, high)) for low, high, rate in GOLDEN["ladder"]["tiers"]))
    assert check_schedule(fees) == []
    lines, _ = settle([paid(1, 10_000_000)], fees, achieved=case["achieved_bp"], tier_mode=case["mode"])
    assert lines.column("commission_minor").to_pylist() == [case["commission_minor"]]


@pytest.mark.parametrize(
    ("minor", "rounding", "expected"),
    [(10, "half_up", 2), (10, "half_even", 2), (10, "down", 1), (30, "half_up", 5), (30, "half_even", 4), (30, "down", 4)],
)
def test_one_rounding_with_a_name(minor, rounding, expected):
    """15 % of 10 is 1.5 and of 30 is 4.5: the named rounding decides, once per line."""
    lines, _ = settle([paid(1, minor)], FLAT, rounding=rounding)
    assert lines.column("commission_minor").to_pylist() == [expected]
    assert lines.column("rounding").to_pylist() == [rounding]


def test_the_compliance_multiplier_is_inside_the_one_rounding():
    """15 % × 90 % of 1,010 is 136.35: 136; rounding twice would give 152, then 137."""
    lines, _ = settle([paid(1, 1010)], FLAT, multiplier=9000)
    assert lines.column("commission_minor").to_pylist() == [136]
    assert lines.column("multiplier_bp").to_pylist() == [9000]


def test_a_claw_back_next_month_uses_the_original_rate_and_refers_to_its_line():
    """A reversal after settlement takes back what was paid, although the schedule and the achieved rate have changed since."""
    first, _ = settle([paid(1, 9_999), paid(2, 500)], FLAT)
    second, problems = settle([paid(3, -9_999, reverses=1)], schedule(fee(9000)), achieved=5000, settled=first, rounding="down")
    (line,) = second.to_pylist()
    assert not problems
    assert (line["kind"], line["original_line_key"], line["commission_minor"]) == ("clawback", "commission:1", -1500)
    assert (line["rate_bp"], line["rounding"], line["basis_minor"]) == (1500, "half_up", -9_999)


def test_a_reversal_in_the_same_month_leaves_nothing():
    """A payment and its reversal in one month are two lines that sum to zero."""
    lines, _ = settle([paid(2, -333, reverses=1), paid(1, 333)], FLAT)
    assert lines.column("kind").to_pylist() == ["commission", "reversal"]
    assert totals(lines).to_pylist() == [{"currency": "CNY", "basis_minor": 0, "commission_minor": 0}]


@settings(deadline=None)
@given(
    cuts=st.lists(st.integers(1, 400), min_size=1, max_size=6),
    months=st.booleans(),
    rounding=st.sampled_from(["half_up", "half_even", "down"]),
)
def test_a_payment_taken_back_in_parts_leaves_nothing(cuts, months, rounding):
    """However a payment is taken back, in one month or month by month, the commission left is that on the basis left, at last zero."""
    lines, _ = settle([paid(0, sum(cuts))], FLAT, rounding=rounding)
    back = [paid(n, -cut, reverses=0) for n, cut in enumerate(cuts, start=1)]
    for batch in [[row] for row in back] if months else [back]:
        more, problems = settle(batch, FLAT, settled=lines, rounding=rounding)
        assert not problems
        lines = pa.concat_tables([lines, more])
    assert totals(lines).to_pylist() == [{"currency": "CNY", "basis_minor": 0, "commission_minor": 0}]


@pytest.mark.parametrize(
    ("rows", "code", "at"),
    [
        ([paid(1, 0)], "PaymentNotPositive", 1),
        ([paid(1, 5), paid(1, 5)], "SettledTwice", 2),
        ([paid(1, 5, key="other")], "RateNotMeasured", 1),
        ([paid(1, 5, product="auto")], "RateAbsent", 1),
        ([paid(2, -5, reverses=1)], "OriginalAbsent", 1),
        ([paid(1, 5), paid(2, -6, reverses=1)], "ReversalOutOfRange", 2),
        ([paid(1, 5), paid(2, 1, reverses=1)], "ReversalOutOfRange", 2),
        ([paid(1, 5), paid(2, -5, reverses=1, currency="USD")], "CurrencyMismatch", 2),
    ],
)
def test_what_cannot_be_computed_is_a_problem_with_its_row(rows, code, at):
    """Each impossible row becomes a problem that names it, and the other rows keep their lines."""
    lines, problems = settle([*rows, paid(99, 1000)], schedule(fee(1500, product="card")))
    assert [(problem.code, problem.row) for problem in problems] == [(code, at)]
    assert problems[0].message()
    assert 150 in lines.column("commission_minor").to_pylist()


def test_a_payment_settled_before_is_not_settled_again():
    """The same payment in a later month is a problem, not a second fee."""
    first, _ = settle([paid(1, 100)], FLAT)
    lines, problems = settle([paid(1, 100)], FLAT, settled=first)
    assert (lines.num_rows, [problem.code for problem in problems]) == (0, ["SettledTwice"])


def test_an_overlap_is_never_chosen_from():
    """Where two lines hold, the rate is ambiguous in either mode; a group measured twice is refused."""
    fees = schedule(fee(100), fee(200, tier=(1000, None)))
    for mode in ("whole", "marginal"):
        with pytest.raises(RateAmbiguous):
            rate_for(fees, product_class="card", days_past_due=1, hand=1, achieved_bp=1500, tier_mode=mode)
    with pytest.raises(RateAbsent):
        rate_for(schedule(fee(1, tier=(500, None))), product_class="x", days_past_due=1, hand=1, achieved_bp=900, tier_mode="marginal")
    twice = from_rows([{"measure_key": "batch", "achieved_bp": 1}] * 2, MEASURED)
    with pytest.raises(MeasureRepeated):
        commission(from_rows([], ATTRIBUTED), FLAT, twice, rounding="half_up")


@settings(deadline=None)
@given(amounts=st.lists(st.integers(1, 10**12), max_size=20), achieved=st.integers(0, 9000), mode=st.sampled_from(["whole", "marginal"]))
def test_the_lines_sum_to_the_total_and_each_is_within_half_a_unit(amounts, achieved, mode):
    """Σ lines = total per currency; each line differs from the exact product by at most half a minor unit."""
    fees = schedule(*(fee(rate, tier=(low, high)) for low, high, rate in GOLDEN["ladder"]["tiers"]))
    rows = [paid(n, minor, currency="CNY" if n % 2 else "USD") for n, minor in enumerate(amounts)]
    lines, problems = settle(rows, fees, achieved=achieved, tier_mode=mode)
    assert not problems
    assert lines.schema == COMMISSION_LINES
    for line in lines.to_pylist():
        exact, unit = line["basis_minor"] * line["rate_numerator"], line["rate_denominator"]
        assert 2 * abs(line["commission_minor"] * unit - exact) <= unit
    by_currency = {row["currency"]: row["commission_minor"] for row in totals(lines).to_pylist()}
    for currency, total in by_currency.items():
        assert total == sum(line["commission_minor"] for line in lines.to_pylist() if line["currency"] == currency)

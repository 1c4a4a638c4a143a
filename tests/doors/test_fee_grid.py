"""The grid of fees: what people type is what the engine gets, and back."""

from __future__ import annotations

import pytest
from django.utils import translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from duecourse.doors.console import fee_grid
from duecourse.doors.console.fee_grid import Unreadable, line_of, pasted, read, row_of


@pytest.fixture(autouse=True, scope="module")
def _in_english():
    """Speak English in this module."""
    with translation.override("en"):
        yield


ROW = {"product": "", "age": "", "tier": "", "hand": "", "rate": "12"}
AGES = {
    "1–90": (1, 91),
    "1-90": (1, 91),
    "91+": (91, None),
    "91以上": (91, None),
    "30": (30, 31),
    "": (1, None),
    "全部": (1, None),
    "M1": (1, 31),
    "m2-m3": (31, 91),
    "Ｍ２～Ｍ３": (31, 91),
    "M4+": (91, None),
    "M7": (181, None),
    "M7+": (181, None),
}
TIERS = {"0–5": (0, 500), "5+": (500, None), "2.5 - 7.25": (250, 725), "5%以上": (500, None), "": (0, None), "０－５": (0, 500)}
HANDS = {"1": (1, 2), "2–3": (2, 4), "2+": (2, None), "": (1, None)}
RATES = {"12": 1200, "12.5": 1250, "12.34": 1234, "0": 0, "12.50%": 1250, "１２": 1200}


@pytest.mark.parametrize(("text", "span"), AGES.items())
def test_ages_are_read_as_people_write_them(text, span):
    """Days with both ends, buckets by name, full-width signs and Chinese words give the same half-open spans."""
    line = line_of(ROW | {"age": text})
    assert (line["age_band_from_days"], line["age_band_to_days"]) == span


@pytest.mark.parametrize(("text", "span"), TIERS.items())
def test_recovery_is_read_in_percent(text, span):
    """Recovery is from up to below, in percent with at most two decimals."""
    line = line_of(ROW | {"tier": text})
    assert (line["tier_from_bp"], line["tier_to_bp"]) == span


@pytest.mark.parametrize(("text", "span"), HANDS.items())
def test_hands_are_counted_with_both_ends(text, span):
    """The second and third hand are 2–3."""
    line = line_of(ROW | {"hand": text})
    assert (line["hand_from"], line["hand_to"]) == span


@pytest.mark.parametrize(("text", "rate_bp"), RATES.items())
def test_rates_are_basis_points(text, rate_bp):
    """A percentage with two decimals is a whole number of basis points; no binary fraction is between."""
    assert line_of(ROW | {"rate": text})["rate_bp"] == rate_bp


@pytest.mark.parametrize(
    "cells",
    [{"rate": ""}, {"rate": "12.345"}, {"rate": "-1"}, {"rate": "=1+1"}, {"age": "young"}, {"age": "1-2-3"}, {"age": "M9"}, {"age": "M0"},
     {"age": "9" * 30}, {"tier": "5"}, {"tier": "a-b"}, {"hand": "first"}, {"hand": "²"}],
)  # fmt: skip
def test_unreadable_cells_say_what_to_write(cells):
    """What cannot be read is refused with an example; nothing is guessed."""
    with pytest.raises(Unreadable, match="Write"):
        line_of(ROW | cells)


BOUNDS = st.integers(1, 400)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    age=st.tuples(BOUNDS, st.none() | BOUNDS),
    tier=st.tuples(st.integers(0, 9000), st.none() | st.integers(1, 900)),
    hand=st.tuples(st.integers(1, 9), st.none() | st.integers(1, 9)),
    rate_bp=st.integers(0, 10_000),
    product=st.sampled_from(["*", "card", "现金贷"]),
)
def test_every_line_comes_back_as_it_was(age, tier, hand, rate_bp, product):
    """A line written as texts and read again is the same line."""
    ends = [None if width is None else start + width for start, width in (age, tier, hand)]
    line = {
        "product_class": product,
        "age_band_from_days": age[0],
        "age_band_to_days": ends[0],
        "tier_from_bp": tier[0],
        "tier_to_bp": ends[1],
        "hand_from": hand[0],
        "hand_to": ends[2],
        "rate_bp": rate_bp,
    }
    assert line_of(row_of(line)) == line


def test_gaps_and_overlaps_stand_at_their_lines():
    """A gap belongs to the whole, an overlap to the later line; with neither every placement has one rate."""
    whole = [ROW | {"age": "M1", "rate": "8"}, ROW | {"age": "M2+", "rate": "12"}]
    assert read(whole).is_whole
    gap = read([whole[0], whole[1] | {"age": "M3+"}])
    assert list(gap.faults) == [0]
    assert "31–60" in gap.faults[0][0]
    overlap = read([whole[0] | {"age": "1-40"}, whole[1]])
    assert list(overlap.faults) == [2]
    assert not read([]).is_whole


def test_products_of_the_contract_are_covered():
    """A schedule for cards alone leaves the contract's other product without a rate."""
    rows = [ROW | {"product": "card"}, ROW | {"product": ""}]
    assert read(rows, products=("card", "cash")).is_whole
    assert not read([ROW | {"product": "card"}], products=("card", "cash")).is_whole


def test_pasted_rows_come_from_a_spreadsheet():
    """Cells are separated by tabs, a line of headings and empty lines are passed over, missing cells are empty."""
    text = "产品\t账龄\t回款率\t手别\t费率\n\ncard\tM1\t0–5\t1\t12.00%\r\n\tM2+\t\t\t15\n"
    assert pasted(text) == [
        {"product": "card", "age": "M1", "tier": "0–5", "hand": "1", "rate": "12.00%"},
        {"product": "", "age": "M2+", "tier": "", "hand": "", "rate": "15"},
    ]
    assert len(pasted("x\t1\t\t\t1\n" * 900)) <= fee_grid.ROWS_MAX + 1


def test_example_is_computed_by_the_engine():
    """¥1,000.00 on an M3 card case in the 2nd hand at 12 % recovery earns ¥150.00 where that tier pays 15 %; marginal tiers pay less."""
    lines = [line_of(ROW | {"tier": "0–10", "rate": "10"}), line_of(ROW | {"tier": "10+", "rate": "15"})]
    payment = {"amount_minor": 100_000, "currency": "CNY", "product_class": "card", "days_past_due": 61, "hand": 2}
    whole = fee_grid.example(lines, payment=payment, achieved_bp=1200, rounding="half_up", tier_mode="whole")
    assert (whole.commission_minor, whole.rate_bp) == (15_000, 1500)
    marginal = fee_grid.example(lines, payment=payment, achieved_bp=1200, rounding="half_up", tier_mode="marginal")
    assert marginal.commission_minor == 10_833
    none = fee_grid.example(lines[:1], payment=payment, achieved_bp=1200, rounding="half_up", tier_mode="whole")
    assert none.commission_minor is None
    assert "card" in none.problem

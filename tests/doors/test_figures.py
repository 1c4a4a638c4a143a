"""Figures and words: places of intervals, bars and matrices; names of laws and counts."""

from __future__ import annotations

import ast
import inspect

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duecourse.cycle import steps
from duecourse.doors import figures, words

RATIOS = st.floats(0.01, 9.0)


def card(ratio: float | None, low: float | None, high: float | None) -> dict[str, float | None]:
    """Return the part of a scorecard that is drawn."""
    return {"ratio": ratio, "ratio_low": low, "ratio_high": high}


@given(st.lists(st.tuples(RATIOS, RATIOS, RATIOS).map(sorted), max_size=8))
def test_intervals_lie_on_the_axis_in_order(rows):
    """Low, estimate and high stand in this order inside the plot, whatever the ratios are, and one is always on the axis."""
    cards = [card(ratio, low, high) for low, ratio, high in rows]
    axis = figures.axis_of(cards)
    assert figures.PLOT_LEFT <= axis.reference <= figures.PLOT_RIGHT
    for row in cards:
        plot = figures.interval_of(row, axis)
        assert figures.PLOT_LEFT <= plot.low <= plot.x <= plot.high <= figures.PLOT_RIGHT
        assert plot.is_cut == (row["ratio_high"] > axis.high)
        assert len(figures.interval_text(row, axis)) == figures.TEXT_WIDTH


def test_interval_as_text():
    """The line shows both ends, the estimate, and where one lies."""
    axis = figures.Axis(0.0, 2.0)
    assert figures.interval_text(card(1.5, 1.25, 1.75), axis, width=9) == "    ┊├●┤ "
    assert figures.interval_text(card(1.25, 0.5, 1.75), axis, width=9) == "  ├─┼●─┤ "
    assert figures.scale_text(axis, width=9) == "0\u00a0\u00a0\u00a01\u00a0\u00a0\u00a02"


def test_scorecard_without_a_ratio_has_no_plot():
    """What could not be estimated is not drawn."""
    axis = figures.axis_of([card(None, None, None)])
    assert figures.interval_of(card(None, None, None), axis) is None
    assert figures.interval_text(card(None, None, None), axis).strip() == "┊"


@pytest.mark.parametrize(("amounts", "lengths"), [([], []), ([0, 0], [0, 0]), ([200, 100, 1, 0], [100, 50, 1, 0])])
def test_bars(amounts, lengths):
    """The largest amount fills the bar, and what is above zero shows."""
    assert figures.bar_lengths(amounts) == lengths


def test_matrix_orders_buckets_by_number():
    """M10 stands after M2, cured and closed after all buckets, and an absent pair is empty."""
    pairs = [("M10", "cured", 1, 1.0), ("M2", "M10", 3, 0.75), ("M2", "M2", 1, 0.25), ("new", "M1", 5, 1.0)]
    names = ("from_bucket", "to_bucket", "account_count", "count_share")
    columns, rows = figures.matrix_of([dict(zip(names, pair, strict=True)) for pair in pairs])
    assert columns == ["M1", "M2", "M10", "cured"]
    assert [row.bucket for row in rows] == ["M2", "M10", "new"]
    assert rows[0].account_count == 4
    assert rows[0].cells == [None, (0.25, 3), (0.75, 7), None]


def test_every_law_and_step_of_the_month_has_words():
    """Each law that `cycle/steps.py` states, and each step, is named in `words`, so that the report can speak Chinese of it."""
    tree = ast.parse(inspect.getsource(steps))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Law"]
    named = {_text(node.args[0]) for node in calls}
    assert len(named) > 20
    assert not named - {*words.LAWS_OF_COUNTS, *words.LAWS_OF_MONEY}
    assert {step.name for step in steps.STEPS} == set(words.STEPS)


def test_counts_are_shown_in_reading_order():
    """However the books return them, counts stand in the order of the story; what has no word comes last, ids not at all."""
    counts = {"unheard_of": 1, "accepted_count": 9, "row_count": 10, "tape_id": 4, "next_commitment": "ab"}
    assert words.counts_shown(counts) == [("row_count", 10), ("accepted_count", 9), ("unheard_of", 1)]


def _text(node: ast.expr) -> str:
    """Return a law's name without the currency that stands before it."""
    parts = node.values if isinstance(node, ast.JoinedStr) else [node]
    return "".join(str(part.value) for part in parts if isinstance(part, ast.Constant)).strip()

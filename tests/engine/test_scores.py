"""Expected recovery.

1. The same cases come back, each with a share between 0 and 10,000 basis points and the money that follows from it.
2. Without history every row says that it rests on the declared prior; with history none does.
3. A small segment leans on the book, a large one speaks for itself.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duecourse.engine.frames import from_rows
from duecourse.engine.scores import CASES, HISTORY, PRIOR_BY_BUCKET, HistoryImpossible, expected_recovery


def cases(*rows):
    """Return CASES from (segment, bucket, balance)."""
    names = ("case_id", "segment_key", "bucket_number", "balance_minor")
    return from_rows([dict(zip(names, (n, *row), strict=True)) for n, row in enumerate(rows)], CASES)


def history(*rows):
    """Return HISTORY from (segment, placed, recovered, cases, payers)."""
    return from_rows([dict(zip(HISTORY.names, row, strict=True)) for row in rows], HISTORY)


def test_without_history_the_declared_prior_is_used_and_named():
    """Each bucket takes its declared rate, buckets beyond the last the last one, and money rounds a half up."""
    rows = expected_recovery(cases(("a", 2, 1000), ("b", 7, 1001), ("b", 99, 10_000), ("c", 0, -5)), history()).to_pylist()
    assert [(r["expected_recovery_bp"], r["expected_recovery_minor"], r["basis"]) for r in rows] == [
        (2250, 225, "prior"), (420, 42, "prior"), (420, 420, "prior"), (9000, 0, "prior"),
    ]  # fmt: skip


def test_the_prior_falls_with_age_and_says_what_it_rests_on():
    """Older is never expected to pay more, and each value carries a source and a confidence below `verified`."""
    rates = [prior.recovery_bp for prior in PRIOR_BY_BUCKET]
    assert rates == sorted(rates, reverse=True)
    assert [prior.bucket_number for prior in PRIOR_BY_BUCKET] == list(range(8))
    assert all(prior.source and prior.confidence in {"secondary", "assumed"} for prior in PRIOR_BY_BUCKET)


def test_a_small_segment_leans_on_the_book_and_a_large_one_does_not():
    """Of two segments in which nobody or everybody paid, the one with 5 cases moves to the book, the one with 50,000 hardly."""
    past = history(
        ("book", 10**9, 2 * 10**8, 100_000, 30_000),
        ("small", 50_000, 0, 5, 0),
        ("large", 5 * 10**8, 10**7, 50_000, 2_500),
    )
    frame = expected_recovery(cases(("small", 1, 1), ("large", 1, 1), ("book", 1, 1), ("new", 1, 1)), past)
    small, large, book, new = frame.column("expected_recovery_bp").to_pylist()
    assert frame.column("basis").to_pylist() == ["segment", "segment", "segment", "global"]
    assert frame.column("segment_case_count").to_pylist() == [5, 50_000, 100_000, 0]
    assert abs(large - 200) <= 20
    assert abs(book - 2000) <= 20
    assert 200 < small < 2000
    assert new == pytest.approx((2 * 10**8 + 10**7) / (10**9 + 5 * 10**8 + 50_000) * 10**4, abs=1)


def test_months_of_one_segment_are_added_up():
    """Two rows of a segment count as their sum."""
    one = expected_recovery(cases(("a", 1, 100)), history(("a", 200, 50, 20, 8), ("b", 900, 10, 30, 3)))
    two = expected_recovery(cases(("a", 1, 100)), history(("a", 150, 20, 12, 5), ("b", 900, 10, 30, 3), ("a", 50, 30, 8, 3)))
    assert one == two


@pytest.mark.parametrize("row", [("a", 100, -1, 5, 1), ("a", 100, 1, 5, 6), ("a", -1, 0, 5, 0)])
def test_history_that_contradicts_itself_is_refused(row):
    """More payers than cases and negative sums are refused with the segment's name."""
    with pytest.raises(HistoryImpossible, match="example a"):
        expected_recovery(cases(), history(row))


ROW = st.tuples(st.sampled_from("abc"), st.integers(0, 10**9), st.integers(0, 10**9), st.integers(0, 1000), st.integers(0, 1000)).map(
    lambda row: (*row[:4], min(row[3:]))
)
CASE = st.tuples(st.sampled_from("abcd"), st.integers(0, 12), st.integers(-10, 10**15))


@settings(deadline=None)
@given(rows=st.lists(CASE, max_size=12), past=st.lists(ROW, max_size=6))
def test_every_case_gets_a_share_and_its_money(rows, past):
    """Any history gives every case a share within bounds and the money of that share, a half up."""
    frame = expected_recovery(cases(*rows), history(*past)).to_pylist()
    assert [row["case_id"] for row in frame] == list(range(len(rows)))
    for (_, _, balance), row in zip(rows, frame, strict=True):
        assert 0 <= row["expected_recovery_bp"] <= 10_000
        assert row["expected_recovery_minor"] == (max(balance, 0) * row["expected_recovery_bp"] + 5000) // 10_000


def test_shrinkage_predicts_better_than_raw_rates_and_than_the_book():
    """On drawn segments of 20 cases with different true rates, the squared error of the shrunk rates beats both extremes."""
    draw = np.random.default_rng(7)
    truth = draw.beta(6, 14, 400)
    paid = draw.binomial(20, truth)
    past = history(*((f"s{n}", 20_000, int(p) * 1000, 20, int(p)) for n, p in enumerate(paid)))
    frame = expected_recovery(cases(*((f"s{n}", 1, 1) for n in range(400))), past)
    shrunk = frame.column("expected_recovery_bp").to_numpy() / 10_000
    error = {"shrunk": shrunk, "raw": paid / 20, "book": np.full(400, paid.mean() / 20)}
    error = {name: ((values - truth) ** 2).mean() for name, values in error.items()}
    assert error["shrunk"] < 0.8 * error["raw"]
    assert error["shrunk"] < error["book"]

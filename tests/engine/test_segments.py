"""Segments: the same cases, one cell each, and keys that depend on the case alone."""

import pytest

from duecourse.engine.frames import from_rows
from duecourse.engine.segments import CASES, EdgesUnordered, segment

EDGES = (500_000, 2_000_000)


def case(case_id, **more):
    """Return a row of CASES."""
    usual = {"product_class": "card", "currency": "CNY", "bucket": "M2", "balance_minor": 100, "region": "310000", "hand": 1}
    return usual | {"case_id": case_id} | more


def keys(*rows, **more):
    """Return segment keys in the order of case_id."""
    return segment(from_rows(list(rows), CASES), balance_edges_minor=EDGES, **more).column("segment_key").to_pylist()


@pytest.mark.parametrize(
    ("minor", "band"),
    [(0, "<500000"), (499_999, "<500000"), (500_000, "500000-1999999"), (1_999_999, "500000-1999999"), (2_000_000, ">=2000000")],
)
def test_balance_bands_begin_at_their_edge(minor, band):
    """Each band holds its lower edge and not its upper one."""
    assert keys(case(1, balance_minor=minor)) == [f"card|CNY|M2|{band}|310000|hand 1"]


def test_regions_and_hands_are_banded():
    """A region falls into its band, an unnamed one into `other`, none into `unknown`; hands from the last on are one band."""
    bands = {"310000": "east", "320000": "east"}
    rows = [case(1), case(2, region="320000", hand=2), case(3, region="540000", hand=3), case(4, region=None, hand=9)]
    assert [key.split("|")[4:] for key in keys(*rows, region_bands=bands)] == [
        ["east", "hand 1"], ["east", "hand 2"], ["other", "hand 3+"], ["unknown", "hand 3+"],
    ]  # fmt: skip


def test_numbers_are_dense_and_known_keys_keep_theirs():
    """Within a frame numbers run from 0; keys that had a number keep it and new ones follow."""
    rows = [case(1, bucket="M3"), case(2), case(3)]
    frame = from_rows(rows, CASES)
    assert segment(frame, balance_edges_minor=EDGES).column("segment_number").to_pylist() == [1, 0, 0]
    known = ["gone", keys(case(1, bucket="M3"))[0]]
    assert segment(frame, balance_edges_minor=EDGES, known=known).column("segment_number").to_pylist() == [1, 2, 2]


def test_edges_that_do_not_ascend_are_refused():
    """Bands are never guessed from disordered edges; no edges make one band."""
    for edges in ((0,), (5, 5), (9, 3)):
        with pytest.raises(EdgesUnordered):
            segment(from_rows([case(1)], CASES), balance_edges_minor=edges)
    assert segment(from_rows([case(1)], CASES), balance_edges_minor=()).column("segment_key").to_pylist() == [
        "card|CNY|M2|any|310000|hand 1"
    ]

"""Frozen inputs: one file, the same for the same content, and the same content again."""

from __future__ import annotations

import pyarrow as pa

from duecourse.cycle.services.frozen import Frames, freeze, thaw

CASES = pa.table({"case_id": [1, 2, 3], "segment_key": ["a", None, "b"], "codes": pa.array([["x"], [], None], pa.list_(pa.string()))})


def _frames(cases: pa.Table) -> Frames:
    return Frames(frames={"cases": cases}, keys={"cases": ["case_id"]}, parameters={"as_of": "2026-09-01"})


def test_rows_in_another_order_are_the_same_file() -> None:
    """A query that returns its rows in another order freezes to the same bytes and the same hash."""
    turned = CASES.take([2, 0, 1])
    assert freeze(_frames(turned)) == freeze(_frames(CASES))
    assert _frames(turned).hash() == _frames(CASES).hash()


def test_what_is_thawed_is_what_was_frozen() -> None:
    """Frames, keys and parameters come back, with the same hash."""
    thawed = thaw(freeze(_frames(CASES)))
    assert thawed.hash() == _frames(CASES).hash()
    assert (thawed.keys, thawed.parameters) == (_frames(CASES).keys, _frames(CASES).parameters)


def test_a_changed_value_is_another_hash() -> None:
    """One value of one row shows."""
    changed = CASES.set_column(1, "segment_key", pa.array(["a", "", "b"]))
    assert _frames(changed).hash() != _frames(CASES).hash()

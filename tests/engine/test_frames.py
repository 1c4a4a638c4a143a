"""Typed frames: their form is enforced, and their digest is one of content alone."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from duecourse.engine.frames import FrameMismatch, conform, digest

FRAME = pa.table(
    {
        "id": pa.array([2, 1, 3], pa.int64()),
        "name": pa.array(["乙", None, "c"], pa.string()),
        "on": pa.array([date(2026, 9, 1), None, date(2026, 9, 2)], pa.date32()),
        "is_open": pa.array([True, False, None], pa.bool_()),
        "share": pa.array([0.5, 0.25, None], pa.float64()),
        "codes": pa.array([["a", "b"], [], None], pa.list_(pa.string())),
    }
)
PINNED = "c49ce1f6b938bff95e77122457dac58c6801d8ddccd1465cc9de4f6795121ca9"


def test_the_digest_is_pinned() -> None:
    """The bytes that are hashed do not change from one version to the next."""
    assert digest(FRAME, keys=["id"]) == PINNED


def test_the_digest_outlives_a_file(tmp_path) -> None:
    """Written to Parquet and read back, a frame is the same content."""
    pq.write_table(FRAME, tmp_path / "frame.parquet")
    assert digest(pq.read_table(tmp_path / "frame.parquet"), keys=["id"]) == digest(FRAME, keys=["id"])


def test_the_digest_does_not_see_order_or_chunks() -> None:
    """Rows in another order, columns in another order and other chunks are the same content."""
    turned = pa.concat_tables([FRAME.slice(2), FRAME.slice(0, 2)]).select(list(reversed(FRAME.column_names)))
    assert digest(turned, keys=["id"]) == digest(FRAME, keys=["id"])


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("name", ["乙", "", "c"]),
        ("on", [date(2026, 9, 1), date(1970, 1, 1), date(2026, 9, 2)]),
        ("is_open", [True, False, False]),
        ("share", [0.5, 0.25, 0.0]),
        ("codes", [["a"], ["b"], None]),
    ],
)
def test_the_digest_sees_every_change(column: str, values: list) -> None:
    """A null is not an empty value, and an element does not wander between lists."""
    index = FRAME.column_names.index(column)
    changed = FRAME.set_column(index, column, pa.array(values, FRAME.schema.field(column).type))
    assert digest(changed, keys=["id"]) != digest(FRAME, keys=["id"])


def test_all_faults_of_a_frame_are_named_at_once() -> None:
    """A missing column, a null and a value that does not fit stand in one error."""
    wanted = pa.schema([pa.field("id", pa.int8(), nullable=False), pa.field("name", pa.string(), nullable=False), ("gone", pa.int64())])
    with pytest.raises(FrameMismatch) as caught:
        conform(FRAME.set_column(0, "id", pa.array([1, 2, 300])), wanted, name="people")
    assert all(part in str(caught.value) for part in ("no column gone", "name has 1 nulls", "id is not int8"))

"""Canonical bytes and hashes, pinned by golden vectors."""

import hashlib
import json
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duecourse.kit import ids
from duecourse.kit.masking import Masked
from duecourse.kit.records import FileAbsent

TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4),
    max_leaves=12,
)


def test_golden_vector() -> None:
    """These bytes must never change: audit chains and repeat keys stand on them."""
    value = {
        "z": [1, -2, True, None],
        "a": '张三\n"\u2028/',
        "at": datetime(2026, 5, 1, 20, 0, 0, 5, tzinfo=timezone(timedelta(hours=8))),
        "on": date(2026, 5, 1),
        "id": UUID(int=1),
        "Z": {"b": (), "": 0},
    }
    expected = (
        '{"Z":{"":0,"b":[]},"a":"张三\\n\\"\u2028/","at":"2026-05-01T12:00:00.000005Z",'
        '"id":"00000000-0000-0000-0000-000000000001","on":"2026-05-01","z":[1,-2,true,null]}'
    )
    assert ids.canonical_bytes(value) == expected.encode()
    assert ids.content_hash(value) == "cc0da527d79e5abfab9e3e7032dff1b441c3514f1fcbaec10557b273b60e653d"


@given(TREES)
def test_order_does_not_matter_and_json_reads_it_back(value: object) -> None:
    """Canonical bytes are JSON of the same content, whatever the order the keys came in."""
    encoded = ids.canonical_bytes(value)
    assert json.loads(encoded) == value
    if isinstance(value, dict):
        assert ids.canonical_bytes(dict(reversed(value.items()))) == encoded


@pytest.mark.parametrize("value", [1.0, {1: 2}, b"x", {"a": [0.5]}, object(), Masked("x"), datetime(2026, 1, 1), "\ud800", {1, 2}])  # noqa: DTZ001
def test_values_without_one_form_are_refused(value: object) -> None:
    """Floats, bytes, naive instants, masked values and the like have no canonical form."""
    with pytest.raises(ids.NotCanonical):
        ids.canonical_bytes(value)


def test_a_value_that_holds_itself_is_refused() -> None:
    """A cycle ends in an error, not in a crash."""
    value: list[object] = []
    value.append(value)
    with pytest.raises(ids.NotCanonical):
        ids.canonical_bytes(value)


def test_years_before_1000_keep_four_digits() -> None:
    """An instant of the year 1 has the same length as any other."""
    assert ids.canonical_bytes(datetime(1, 1, 1, tzinfo=UTC)) == b'"0001-01-01T00:00:00.000000Z"'


def test_file_hash_streams(tmp_path: Path) -> None:
    """The hash of a file of several blocks is the hash of its bytes."""
    content = bytes(range(256)) * 10_000
    (tmp_path / "f").write_bytes(content)
    assert ids.file_sha256(tmp_path / "f") == hashlib.sha256(content).hexdigest()
    with pytest.raises(FileAbsent, match=r"absent\.csv cannot be opened: No such file"):
        ids.file_sha256(tmp_path / "absent.csv")

"""Saved mappings: found by name, never shadowing, never changing, never outside their folder."""

from __future__ import annotations

import dataclasses

import pytest

from duecourse.kit.records import MappingExists, MappingInvalid, UnknownMapping, find_mapping, save_mapping
from duecourse.kit.records.saved import next_version
from tests.kit.records.tapes import NATIVE, SENDER, TAPE


@pytest.fixture
def folders(tmp_path):
    """A folder of shipped mappings with one in it, and one for saved mappings that is not there yet."""
    shipped = tmp_path / "shipped"
    shipped.mkdir()
    (shipped / "native.yaml").write_text(dataclasses.replace(NATIVE, name="native").to_yaml(), encoding="utf-8")
    return shipped, tmp_path / "home" / "mappings"


def test_the_latest_version_is_found_by_name_and_each_by_its_number(folders):
    """A name gives the highest version, compared as a number; `name.version` gives that one."""
    shipped, saved = folders
    for version in (2026090101, 2026100101, 9):
        save_mapping(dataclasses.replace(SENDER, version=version), folder=saved, shipped=shipped, spec=TAPE)
    assert find_mapping("sender", folder=shipped, saved=saved, spec=TAPE).version == 2026100101
    assert find_mapping("sender.9", folder=shipped, saved=saved, spec=TAPE).version == 9
    assert saved.stat().st_mode & 0o077 == 0
    with pytest.raises(UnknownMapping, match="native, sender"):
        find_mapping("sender.8", folder=shipped, saved=saved, spec=TAPE)


def test_a_version_never_changes_and_shipped_names_are_taken(folders):
    """Saving the same again does nothing; other content or a shipped name is refused."""
    shipped, saved = folders
    path = save_mapping(SENDER, folder=saved, shipped=shipped, spec=TAPE)
    assert save_mapping(SENDER, folder=saved, shipped=shipped, spec=TAPE) == path
    for other in (dataclasses.replace(SENDER, currency="USD"), dataclasses.replace(SENDER, name="native")):
        with pytest.raises(MappingExists):
            save_mapping(other, folder=saved, shipped=shipped, spec=TAPE)


@pytest.mark.parametrize("name", ["../x", "a/b", "A", "委案", "", "x.y", "x" * 65, "a\0b"])
def test_names_stay_in_the_folder(folders, name):
    """No name leads out of the folder, neither when saving nor when finding."""
    shipped, saved = folders
    with pytest.raises(MappingInvalid):
        save_mapping(dataclasses.replace(SENDER, name=name), folder=saved, shipped=shipped, spec=TAPE)
    with pytest.raises(UnknownMapping):
        find_mapping(name, folder=shipped, saved=saved, spec=TAPE)


def test_versions_are_days_with_a_running_number(folders):
    """The first of a day ends in 01, the next one in 02; earlier days do not count."""
    shipped, saved = folders
    assert next_version("sender", folder=saved, day="20261121") == 2026112101
    for version in (2026112001, 2026112101):
        save_mapping(dataclasses.replace(SENDER, version=version), folder=saved, shipped=shipped, spec=TAPE)
    assert next_version("sender", folder=saved, day="20261121") == 2026112102
    assert next_version("other", folder=saved, day="20261121") == 2026112101

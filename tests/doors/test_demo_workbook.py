"""The workbook that the demo leaves for the next month: a hand-over file of made-up debtors that the shipped mapping reads."""

from __future__ import annotations

from datetime import date

import pyarrow.compute as pc
import pytest

from duecourse.doors.commands.demo.workbook import HEADERS, tape_workbook
from duecourse.engine.simulate import World, WorldSettings
from duecourse.kit.records import read
from duecourse.portfolio.services.specs import OVERDUE_TAPE, tape_mapping

AS_OF = date(2026, 11, 1)


@pytest.fixture(scope="module")
def world():
    """A world of 120 accounts on the day of its first tape."""
    return World(WorldSettings(7, account_count=120, months=1, start_on=AS_OF))


@pytest.fixture(scope="module")
def chunks(world, tmp_path_factory):
    """What the shipped mapping reads from the workbook."""
    path = tape_workbook(world, folder=tmp_path_factory.mktemp("home") / "demo")
    assert path.name == "委案-2026-11.xlsx"
    return list(read(path, spec=OVERDUE_TAPE, mapping=tape_mapping("weian"), parameters={"as_of": AS_OF}))


def test_three_rows_come_back_and_the_rest_is_the_tape(world, chunks):
    """Every debt of the world is read to the last minor unit, newcomers follow, and each faulty row names its column."""
    tape = world.tape(AS_OF)
    read_in = {row["account_number"]: row for chunk in chunks for row in chunk.table.to_pylist()}
    for row in tape.to_pylist():
        assert all(
            read_in[row["account_number"]][name] == row[name] for name in ("balance_minor", "principal_minor", "days_past_due", "phone")
        )
    assert 10 <= len(read_in) - tape.num_rows <= 12
    faults = [problem for chunk in chunks for problem in chunk.problems if problem.row]
    assert sum(chunk.quarantined.get(HEADERS["contact"], 0) for chunk in chunks) == len(read_in)
    assert [problem.column for problem in faults] == [HEADERS[name] for name in ("balance_minor", "days_past_due", "account_number")]


def test_newcomers_are_nobody_the_world_knows(world, chunks):
    """Identity numbers, telephones and account numbers of the newcomers are their own."""
    known = world.tape(AS_OF)
    for name in ("account_number", "id_number", "phone"):
        every = [value for chunk in chunks for value in chunk.table[name].to_pylist()]
        new = [
            value
            for value, number in zip(every, (n for c in chunks for n in c.table["account_number"].to_pylist()), strict=True)
            if "N2611" in number
        ]
        assert new
        assert not set(new) & set(known[name].to_pylist())
    assert pc.all(pc.starts_with(known["phone"], "154")).as_py()


def test_what_is_there_stays(world, tmp_path):
    """A file that somebody works with is not written again."""
    path = tape_workbook(world, folder=tmp_path)
    path.write_bytes(b"mine")
    assert tape_workbook(world, folder=tmp_path) == path
    assert path.read_bytes() == b"mine"

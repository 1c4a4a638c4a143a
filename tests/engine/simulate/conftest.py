"""Plays simulated months: a fair lottery places, and a plain gate permits what the law's hours and a daily count allow."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from duecourse.engine.simulate import PLACEMENTS, Decisions, Events, World, WorldSettings

_CALLS_A_DAY = 3


@dataclass(frozen=True)
class Played:
    """A world that was played, its first tape, its events and how many calls were wanted."""

    world: World
    first_tape: pa.Table
    last_tape: pa.Table
    events: list[Events]
    wanted_count: int
    placements: pa.Table

    def all(self, frame):
        """Join one frame of all days."""
        return pa.concat_tables([getattr(day, frame) for day in self.events])


def lottery(tape, *, world, seed=0):
    """Place every account of the tape with a performer drawn by chance, accounts of one person apart or together alike."""
    codes = world.agencies()["agency_code"].to_pylist()
    drawn = np.random.default_rng(seed).integers(len(codes), size=tape.num_rows)
    columns = [
        tape["account_number"],
        pa.array(np.array(codes)[drawn]),
        pa.array([world.present] * tape.num_rows),
        pa.nulls(tape.num_rows, pa.date32()),
    ]
    return pa.table(columns, schema=PLACEMENTS)


def permitted(calls):
    """Keep calls between 08:00 and 22:00, at most three an account a day."""
    calls = calls.filter(pc.and_(pc.greater_equal(calls["minute"], 480), pc.less(calls["minute"], 1320)))
    seen, keep = {}, []
    for number in calls["account_number"].to_pylist():
        seen[number] = seen.get(number, 0) + 1
        keep.append(seen[number] <= _CALLS_A_DAY)
    return calls.filter(pa.array(keep, pa.bool_()))


def play(*, days=30, seed=7, account_count=4000, months=1, with_calls=True, behaviour=None, **settings):
    """Draw a world, place its first tape by lottery and play `days` days."""
    world = World(WorldSettings(seed, account_count=account_count, months=months, **settings), behaviour=behaviour)
    first = world.tape(world.present)
    placements, events, wanted_count = lottery(first, world=world), [], 0
    for _ in range(days):
        day = world.present
        calls = world.wanted_calls(day, placements)
        wanted_count += calls.num_rows
        events.append(world.step(day, Decisions(placements, permitted(calls) if with_calls else None)))
    assert events[-1].day + timedelta(days=1) == world.present
    return Played(world, first, world.tape(world.present), events, wanted_count, placements)


@pytest.fixture(scope="session")
def played():
    """Give `play`, each combination of arguments played once."""
    memory = {}

    def once(**arguments):
        key = tuple(sorted(arguments.items()))
        if key not in memory:
            memory[key] = play(**arguments)
        return memory[key]

    return once

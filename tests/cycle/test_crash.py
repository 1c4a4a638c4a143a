"""A step that is cut off at any moment, and pressed again, leaves what an undisturbed step leaves.

Cut off by an error at a statement, by a real kill -9, and by two people who press at once.
"""

from __future__ import annotations

import subprocess
import sys
import textwrap
from functools import cache

import pytest
from django.db import connection

from tests import database
from tests.cycle.months import STEP_NAMES, Counter, PulledOut, differences, press, state

ATOMIC = tuple(name for name in STEP_NAMES if name not in {"intake", "hand_over"})
NEW_IDS = {"intake", "hand_over"}
"""Steps whose outputs name rows they make; after a failed try these have other numbers."""


@pytest.fixture(scope="session")
def undisturbed(keeper):
    """Return a function that gives what a step leaves when nothing happens: its outputs' hash, the state, and its count of statements."""

    @cache
    def run(name):
        with keeper.restored(name) as moment:
            counter = Counter()
            with connection.execute_wrapper(counter):
                step_run = press(moment)
            return step_run.outputs_hash, state(keeper.server, moment.database), counter.count

    return run


def cuts(count):
    """Return the statements at which to cut: the first, some on the way, and the last."""
    return sorted({1, count // 4, count // 2, 3 * count // 4, count - 1, count} - {0})


def assert_same(keeper, moment, step_run, expected):
    """Assert that what is there is what an undisturbed step leaves."""
    outputs_hash, wanted, _ = expected
    assert differences(state(keeper.server, moment.database), wanted) == {}
    if moment.step not in NEW_IDS:
        assert step_run.outputs_hash == outputs_hash


def cut_off(moment, number):
    """Press, and be cut off at a statement."""
    with connection.execute_wrapper(Counter(number)), pytest.raises(PulledOut):
        press(moment)


@pytest.mark.parametrize("name", STEP_NAMES)
def test_repeating_the_undisturbed_step_changes_nothing(keeper, undisturbed, name):
    """The step does something, the same inputs do nothing twice, and two copies of one month come out alike."""
    with keeper.restored(name) as moment:
        before = state(keeper.server, moment.database)
        first = press(moment)
        assert differences(state(keeper.server, moment.database), before)
        second = press(moment)
        assert first.pk == second.pk
        assert_same(keeper, moment, second, undisturbed(name))


@pytest.mark.parametrize("name", ATOMIC)
def test_fault_in_an_atomic_step_leaves_nothing(keeper, undisturbed, name):
    """After a fault at any statement the house is as before; the step then gives what it would have given."""
    expected = undisturbed(name)
    with keeper.restored(name) as moment:
        before = state(keeper.server, moment.database)
        for number in cuts(expected[2]):
            cut_off(moment, number)
            assert differences(state(keeper.server, moment.database), before) == {}, number
        assert_same(keeper, moment, press(moment), expected)


@pytest.mark.parametrize("name", sorted(NEW_IDS))
@pytest.mark.parametrize("place", range(6))
def test_fault_in_a_step_that_commits_on_its_way_is_mended_by_the_same_step(keeper, undisturbed, name, place):
    """Whatever was committed before the fault is taken up, not done twice."""
    expected = undisturbed(name)
    with keeper.restored(name) as moment:
        cut_off(moment, cuts(expected[2])[place])
        assert_same(keeper, moment, press(moment), expected)


PROGRAM = textwrap.dedent("""
    import os, signal, sys
    from pathlib import Path
    from pickle import loads
    from tests import database
    database.use_test_environment()
    from duecourse.config import boot
    boot.set_up_django()
    moment, cut_at = loads(bytes.fromhex(sys.argv[1])), int(sys.argv[2])
    database.point_at(moment.database)
    from django.db import connection
    from tests.cycle import months

    def kill(execute, sql, params, many, context, counted=[]):
        counted.append(sql)
        if len(counted) == cut_at:
            os.kill(os.getpid(), signal.SIGKILL)
        return execute(sql, params, many, context)

    with months.at_home(moment.home), connection.execute_wrapper(kill):
        months.press(moment)
""")


@pytest.mark.parametrize("name", STEP_NAMES)
def test_killed_step_is_mended_by_the_same_step(keeper, undisturbed, name):
    """After a real kill -9 inside the step the same step gives the same month."""
    from pickle import dumps

    expected = undisturbed(name)
    with keeper.restored(name) as moment:
        arguments = [dumps(moment).hex(), str(2 * expected[2] // 3)]
        ended = subprocess.run(
            [sys.executable, "-c", PROGRAM, *arguments], cwd=database.ROOT, check=False, capture_output=True, text=True, timeout=120
        )
        assert ended.returncode == -9, ended.stderr
        assert_same(keeper, moment, press(moment), expected)


@pytest.mark.parametrize("name", STEP_NAMES)
def test_two_presses_at_once_are_one_step(keeper, undisturbed, name):
    """Two people press the same button at the same moment: both get the one result, or one is told to wait."""
    from duecourse.portfolio.errors import IntakeBusy

    with keeper.restored(name) as moment:
        own = database.CommittedDatabase(keeper.server, moment.database)
        results = own.parallel(lambda _: press(moment), count=2)
        waiting = [result for result in results if isinstance(result, IntakeBusy)]
        assert len(waiting) < 2, results
        done = [result for result in results if result not in waiting]
        assert len({getattr(result, "pk", result) for result in done}) == 1, results
        assert_same(keeper, moment, press(moment) if waiting else done[0], undisturbed(name))

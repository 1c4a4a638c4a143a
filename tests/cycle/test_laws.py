"""A law that does not hold takes the step back: its rows, its record and its place in the trail."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pytest

from duecourse.cycle import steps
from duecourse.cycle.errors import LawBroken
from duecourse.cycle.services import drafts
from tests.cycle.months import differences, press, state


def losing_a_row(function, number=None):
    """Return the function with the last row of its frame, or of one of its frames, lost."""

    def call(*args, **kwargs):
        found = function(*args, **kwargs)
        if number is None:
            return found.slice(0, found.num_rows - 1)
        return tuple(part.slice(0, part.num_rows - 1) if place == number else part for place, part in enumerate(found))

    return call


def over_capacity(function):
    """Return the allocation with every capacity said to be none."""

    def call(*args, **kwargs):
        found = function(*args, **kwargs)
        place = found.loads.schema.get_field_index("cap_count")
        caps = pa.array([0] * found.loads.num_rows, found.loads.schema.field(place).type)
        return replace(found, loads=found.loads.set_column(place, found.loads.schema.field(place), caps))

    return call


def one_more(function, name=None):
    """Return the function with one more than it found, or one more under a name of each row."""

    def call(*args, **kwargs):
        found = function(*args, **kwargs)
        return found + 1 if name is None else [row | {name: row[name] + 1} for row in found]

    return call


def called_too_often(function):
    """Return the function as if one debtor had been reached nine times in a day."""
    return lambda **wanted: (9, 9)


def nothing_done(function):
    """Return a function that does nothing."""
    return lambda **wanted: None


FAULTS = {
    "snapshot": (steps, "aged", losing_a_row, "accounts in = snapshots"),
    "score": (steps, "scored", losing_a_row, "cases in = cases scored"),
    "allocate": (drafts, "allocated", over_capacity, "agencies over capacity"),
    "contact": (steps.contacts, "most_slots", called_too_often, "over the limit"),
    "repay": (steps.money, "money_window", lambda f: one_more(f, "received_minor"), "received = imputed . suspense"),
    "measure": (steps, "measured", lambda f: losing_a_row(f, 1), "denominators = balances frozen"),
    "settle": (steps, "commissioned", lambda f: losing_a_row(f, 0), "attributed payments = lines"),
    "close": (steps.settled, "booked_total", one_more, "statements = movement in the books"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_broken_law_takes_the_step_back(keeper, monkeypatch, name):
    """A row lost, a fen too much or a limit passed: the message has both sides, and the house is as before."""
    place, attribute, fault, words = FAULTS[name]
    with keeper.restored(name) as moment:
        before = state(keeper.server, moment.database)
        monkeypatch.setattr(place, attribute, fault(getattr(place, attribute)))
        with pytest.raises(LawBroken, match=words):
            press(moment)
        monkeypatch.undo()
        assert differences(state(keeper.server, moment.database), before) == {}
        assert press(moment).state == "checked"


def test_tape_that_does_not_add_up_is_not_taken_as_done(keeper, monkeypatch):
    """The tape is there, for its service commits; the step is not checked, and no case is closed and no placement ended for it."""
    from duecourse.cycle.models import StepRun
    from duecourse.parties.access import acting
    from duecourse.portfolio.models import Case

    def closed_count(moment):
        with acting(moment.actor):
            return Case.objects.filter(closed_on__isnull=False).count()

    with keeper.restored("intake") as moment:
        closed_before = closed_count(moment)
        monkeypatch.setattr(steps.books, "receivable_balances", losing_a_row(steps.books.receivable_balances))
        with pytest.raises(LawBroken, match="balance of the tape"):
            press(moment)
        monkeypatch.undo()
        with acting(moment.actor):
            assert StepRun.objects.get(step="intake", period=moment.as_of.isoformat()).state == "applied"
        assert closed_count(moment) == closed_before
        assert press(moment).counts["closed_case_count"] > 0


def test_package_that_is_missing_is_noticed_and_made_up_for(keeper, monkeypatch):
    """Placements without their package break the law; the next press makes the packages and nothing twice."""
    with keeper.restored("hand_over") as moment:
        monkeypatch.setattr(steps.placing, "batch_hand_over", nothing_done(steps.placing.batch_hand_over))
        with pytest.raises(LawBroken, match="rows of the packages"):
            press(moment)
        monkeypatch.undo()
        assert press(moment).state == "checked"

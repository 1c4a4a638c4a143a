"""The simulated world keeps its promises.

1. Equal settings and decisions give equal events; the order of rows does not matter.
2. Nothing happens to an account that is not in the world yet, and no call is answered that was not made.
3. Money is conserved: payments never exceed what is owed, references are unique, a reversal names an earlier payment.
4. What one debtor experiences does not depend on the calls to another.
5. Decisions that do not fit are refused and leave the world where it was.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from duecourse.engine.simulate import (
    CALLS,
    PLACEMENTS,
    Behaviour,
    Decisions,
    UnusableDecision,
    World,
    WorldOutOfStep,
    WorldSettings,
)

FRAMES = ("call_outcomes", "promises", "payments", "reversals", "complaints", "disputes")


@pytest.fixture(scope="module")
def june(played):
    """One mixed world, played over 45 days of two months, with many reversals."""
    return played(months=2, days=45, account_count=5000, behaviour=Behaviour(reversal_share=0.05))


@pytest.fixture
def small():
    """A fresh world of 300 accounts, all of them placed with the first agency."""
    world = World(WorldSettings(5, account_count=300, months=2, calls_per_case_month=30.0))
    tape = world.tape(world.present)
    columns = [tape["account_number"], pa.array(["A01"] * 300), pa.array([world.present] * 300), pa.nulls(300, pa.date32())]
    return world, pa.table(columns, schema=PLACEMENTS)


def test_the_same_seed_gives_the_same_world(played, june):
    """Two worlds of equal settings, played alike, have equal digests on every day; another seed differs on the first."""
    again = played(months=2, days=46, account_count=5000, behaviour=Behaviour(reversal_share=0.05))
    other = played(months=2, days=1, account_count=5000, behaviour=Behaviour(reversal_share=0.05), seed=8)
    assert [day.digest() for day in june.events] == [day.digest() for day in again.events[:45]]
    assert other.events[0].digest() != june.events[0].digest()


def test_the_order_of_rows_does_not_matter(small):
    """Shuffled placements and calls give the same events."""
    world, placements = small
    twin = World(world.settings)
    calls = world.wanted_calls(world.present, placements)
    order = np.random.default_rng(0).permutation
    shuffled = Decisions(placements.take(pa.array(order(placements.num_rows))), calls.take(pa.array(order(calls.num_rows))))
    assert world.step(world.present, Decisions(placements, calls)).digest() == twin.step(twin.present, shuffled).digest()


def test_asking_for_wishes_changes_nothing(small):
    """Wanted calls are the same each time they are asked for, and a world that was never asked plays the same day."""
    world, placements = small
    twin = World(world.settings)
    assert world.wanted_calls(world.present, placements).equals(world.wanted_calls(world.present, placements))
    assert world.step(world.present, Decisions(placements)).digest() == twin.step(twin.present, Decisions(placements)).digest()


def test_events_name_only_accounts_of_the_tapes(june):
    """Before the second tape, nothing happens to an account that is not on the first; a newcomer's first event is in its month."""
    known = set(june.first_tape["account_number"].to_pylist())
    later = set()
    for day in june.events:
        named = {number for frame in FRAMES for number in getattr(day, frame)["account_number"].to_pylist()}
        if day.day.month == 6:
            assert named <= known
        later |= named - known
    assert later


def test_payments_never_exceed_what_is_owed(june):
    """Walking day by day from the first tape, no account falls below zero, and each amount is positive."""
    owed = dict(zip(june.first_tape["account_number"].to_pylist(), june.first_tape["balance_minor"].to_pylist(), strict=True))
    for day in june.events[:30]:
        for row in day.payments.to_pylist():
            assert row["amount_minor"] > 0
            owed[row["account_number"]] -= row["amount_minor"]
            assert owed[row["account_number"]] >= 0
        for row in day.reversals.to_pylist():
            owed[row["account_number"]] += row["amount_minor"]
    settled = {number for number, amount in owed.items() if amount == 0}
    assert settled
    assert not any(row["account_number"] in settled for row in june.events[30].payments.to_pylist())


def test_payments_are_booked_on_the_day_they_are_told(june):
    """A payment is told on its booking day, which is the day it was paid or the next, under a reference that is never used twice."""
    references = june.all("payments")["external_ref"].to_pylist()
    assert len(set(references)) == len(references) > 500
    lags = Counter()
    for day in june.events:
        for row in day.payments.to_pylist():
            assert row["booked_on"] == day.day
            lags[(row["booked_on"] - row["paid_on"]).days] += 1
    assert set(lags) == {0, 1}
    assert 0.2 < lags[1] / sum(lags.values()) < 0.4


def test_a_reversal_takes_back_an_earlier_payment_whole(june):
    """Each reversal names a payment booked two to nine days before, of the same account and amount, at most once."""
    payments = {row["external_ref"]: row for row in june.all("payments").to_pylist()}
    reversals = june.all("reversals").to_pylist()
    assert len(reversals) > 20
    assert len({row["reversed_external_ref"] for row in reversals}) == len(reversals)
    for row in reversals:
        payment = payments[row["reversed_external_ref"]]
        assert (payment["account_number"], payment["amount_minor"]) == (row["account_number"], row["amount_minor"])
        assert timedelta(days=2) <= row["reversed_on"] - payment["booked_on"] <= timedelta(days=9)


def test_every_call_made_is_answered_once_and_no_other(small):
    """The outcomes are those of the permitted calls, one each; without permits nobody answers, promises or complains."""
    world, placements = small
    calls = world.wanted_calls(world.present, placements)
    events = world.step(world.present, Decisions(placements, calls))
    assert sorted(events.call_outcomes["request_id"].to_pylist()) == sorted(calls["request_id"].to_pylist())
    connected = pc.not_equal(events.call_outcomes["outcome"], "no_answer")
    assert connected.equals(events.call_outcomes["is_connected"])
    silent = world.step(world.present, Decisions(placements))
    assert [getattr(silent, frame).num_rows for frame in ("call_outcomes", "promises", "complaints", "disputes")] == [0, 0, 0, 0]


def test_promises_come_from_calls_and_fall_due_within_a_week(june):
    """A promise is made in a call with that outcome, for at most the balance, due one to seven days later."""
    outcomes = {row["request_id"]: row["outcome"] for row in june.all("call_outcomes").to_pylist()}
    promises = june.all("promises").to_pylist()
    assert len(promises) == sum(outcome == "promise" for outcome in outcomes.values()) > 100
    for row in promises:
        assert outcomes[row["request_id"]] == "promise"
        assert 1 <= (row["due_on"] - row["made_on"]).days <= 7
        assert row["amount_minor"] > 0


def test_one_debtors_day_does_not_depend_on_calls_to_another(small):
    """Leaving out the calls to half the accounts changes nothing that happens to the other half, that day."""
    world, placements = small
    twin = World(world.settings)
    calls = world.wanted_calls(world.present, placements)
    kept = sorted(set(calls["account_number"].to_pylist()))[::2]
    half = calls.filter(pc.is_in(calls["account_number"], pa.array(kept)))
    whole, partial = world.step(world.present, Decisions(placements, calls)), twin.step(twin.present, Decisions(placements, half))
    for frame in ("call_outcomes", "promises", "complaints", "disputes"):
        left, right = getattr(whole, frame), getattr(partial, frame)
        assert left.filter(pc.is_in(left["account_number"], pa.array(kept))).equals(right)


def test_placements_hold_from_their_first_day_up_to_their_last(small):
    """An agency wants nothing before `from_on`, and nothing from `until_on` on; the next holder does."""
    world, placements = small
    tomorrow = world.present + timedelta(days=1)
    first = placements.set_column(3, PLACEMENTS.field("until_on"), pa.array([tomorrow] * 300))
    second = placements.set_column(1, PLACEMENTS.field("agency_code"), pa.array(["A02"] * 300))
    second = second.set_column(2, PLACEMENTS.field("from_on"), pa.array([tomorrow] * 300))
    both = pa.concat_tables([first, second])
    assert set(world.wanted_calls(world.present, both)["performer_code"].to_pylist()) == {"A01"}
    world.step(world.present, Decisions(both))
    assert set(world.wanted_calls(world.present)["performer_code"].to_pylist()) == {"A02"}


def test_a_later_hand_collects_less():
    """In one world with equal draws, moving every account to a new hand each day lowers the number of payments."""
    world, again = (World(WorldSettings(5, account_count=3000, months=1, preset="placebo")) for _ in range(2))
    numbers = world.tape(world.present)["account_number"]
    counts = [0, 0]
    for n in range(20):
        day = world.present
        for which, since in ((0, world.present - timedelta(days=n)), (1, world.present)):
            columns = [numbers, pa.array(["A01"] * 3000), pa.array([since] * 3000), pa.nulls(3000, pa.date32())]
            events = (world, again)[which].step(day, Decisions(pa.table(columns, schema=PLACEMENTS)))
            counts[which] += events.payments.num_rows
    assert counts[1] < 0.7 * counts[0]


def call(**changed):
    """Return a frame of one call."""
    row = {"request_id": "r1", "account_number": "CC0000000001", "performer_code": "A01", "minute": 600} | changed
    return pa.Table.from_pylist([row], schema=CALLS)


@pytest.mark.parametrize("changed", [{"account_number": "XX1"}, {"performer_code": "A99"}, {"minute": 1440}, {"minute": -1}])
def test_calls_that_do_not_fit_are_refused(small, changed):
    """A call to a stranger, by a stranger, or at no minute of the day is refused, and the world has not moved."""
    world, placements = small
    twin = World(world.settings)
    if "account_number" not in changed:
        changed = changed | {"account_number": placements["account_number"][0].as_py()}
    with pytest.raises(UnusableDecision, match="calls"):
        world.step(world.present, Decisions(placements, call(**changed)))
    assert world.step(world.present, Decisions()).digest() == twin.step(twin.present, Decisions()).digest()


def test_one_request_is_one_call(small):
    """A request id that stands twice is refused."""
    world, placements = small
    twice = pa.concat_tables([call(account_number=placements["account_number"][0].as_py())] * 2)
    with pytest.raises(UnusableDecision, match="given twice"):
        world.step(world.present, Decisions(placements, twice))


def test_a_newcomer_cannot_be_called_before_its_tape(small):
    """An account of next month's tape is not in the world yet."""
    world, placements = small
    joined = set(placements["account_number"].to_pylist())
    later = next(number for number in world._accounts.numbers.to_pylist() if number not in joined)
    with pytest.raises(UnusableDecision, match="not been on a tape"):
        world.step(world.present, Decisions(placements, call(account_number=later)))


def test_an_account_has_one_holder_a_day(small):
    """Two open placements of one account are refused, as are placements of strangers."""
    world, placements = small
    with pytest.raises(UnusableDecision, match="two holders"):
        world.step(world.present, Decisions(pa.concat_tables([placements, placements.slice(0, 1)])))
    stranger = placements.slice(0, 1).set_column(0, PLACEMENTS.field(0), pa.array(["XX1"]))
    with pytest.raises(UnusableDecision, match="not in the world"):
        world.wanted_calls(world.present, stranger)


def test_days_are_played_one_after_another(small):
    """Yesterday and tomorrow are refused, for a step and for wishes."""
    world, placements = small
    for day in (world.present - timedelta(days=1), world.present + timedelta(days=1)):
        with pytest.raises(WorldOutOfStep):
            world.step(day, Decisions(placements))
        with pytest.raises(WorldOutOfStep):
            world.wanted_calls(day, placements)

"""The monthly tapes of the simulated world: columns, sums, people with several accounts, survivors and newcomers."""

from __future__ import annotations

from collections import Counter
from datetime import date

import numpy as np
import pyarrow.compute as pc
import pytest

from duecourse.engine.simulate import TAPE, World, WorldOutOfStep, WorldSettings, WorldUnimaginable


def by_account(frame, column):
    """Sum a column per account."""
    sums = Counter()
    for number, value in zip(frame["account_number"].to_pylist(), frame[column].to_pylist(), strict=True):
        sums[number] += value
    return sums


@pytest.fixture(scope="module")
def two_months(played):
    """One mixed world, played over June up to the tape of the first of July."""
    return played(months=2, days=30, account_count=5000)


def test_the_first_tape_has_the_declared_form_and_size(two_months):
    """It has the native columns, no surplus personal column, and as many accounts as asked for, each once."""
    tape = two_months.first_tape
    assert tape.schema == TAPE
    assert len(set(tape["account_number"].to_pylist())) == tape.num_rows == 5000


@pytest.mark.parametrize("which", ["first_tape", "last_tape"])
def test_components_sum_to_the_balance(two_months, which):
    """Principal, interest, fee and penalty are never negative and sum to the balance, which is positive."""
    tape = getattr(two_months, which)
    parts = [np.asarray(tape[f"{name}_minor"]) for name in ("principal", "interest", "fee", "penalty")]
    assert all((part >= 0).all() for part in parts)
    assert (sum(parts) == np.asarray(tape["balance_minor"])).all()
    assert (sum(parts) > 0).all()


def test_days_past_due_are_counted_from_the_oldest_due_date(two_months):
    """Days past due are the days from the oldest due date to the tape's day, at least one."""
    for tape, as_of in ((two_months.first_tape, date(2026, 6, 1)), (two_months.last_tape, date(2026, 7, 1))):
        days = [(as_of - due).days for due in tape["oldest_due_on"].to_pylist()]
        assert days == tape["days_past_due"].to_pylist()
        assert min(days) >= 1


def test_about_six_percent_of_people_hold_several_accounts(two_months):
    """Between 4 and 8 % of people have two or three accounts, and one person has one name, phone and region."""
    tape = two_months.first_tape
    held = Counter(tape["id_number"].to_pylist())
    several = sum(count > 1 for count in held.values()) / len(held)
    assert 0.03 < several < 0.08
    assert max(held.values()) <= 3
    people = {tuple(row.values()) for row in tape.select(["id_number", "person_name", "phone", "region", "birth_on"]).to_pylist()}
    assert len(people) == len(held)


def test_the_next_tape_holds_survivors_and_newcomers(two_months):
    """A month later the survivors are 30 days older, those who paid all are gone, and the preset's newcomers have joined in M1."""
    first = dict(zip(two_months.first_tape["account_number"].to_pylist(), two_months.first_tape["days_past_due"].to_pylist(), strict=True))
    last = dict(zip(two_months.last_tape["account_number"].to_pylist(), two_months.last_tape["days_past_due"].to_pylist(), strict=True))
    survivors = first.keys() & last.keys()
    newcomers = last.keys() - first.keys()
    assert all(last[number] == first[number] + 30 for number in survivors)
    assert len(newcomers) == 1250
    assert all(1 <= last[number] <= 30 for number in newcomers)
    assert 0.5 < len(survivors) / len(first) < 0.95


def test_balances_move_by_payments_reversals_and_interest_alone(two_months):
    """New balance − old balance − interest of the month + payments − reversals is zero for every survivor, to the fen."""
    old = by_account(two_months.first_tape, "balance_minor")
    new = by_account(two_months.last_tape, "balance_minor")
    paid = by_account(two_months.all("payments"), "amount_minor")
    reversed_ = by_account(two_months.all("reversals"), "amount_minor")
    products = dict(zip(two_months.last_tape["account_number"].to_pylist(), two_months.last_tape["product_class"].to_pylist(), strict=True))
    ages = by_account(two_months.last_tape, "days_past_due")
    principal = by_account(two_months.last_tape, "principal_minor")
    rates = {"credit_card": 50, "consumer_loan": 55, "auto_loan": 30, "micro_loan": 60}
    for number in old.keys() & new.keys():
        interest = (principal[number] * rates[products[number]] * 30 + 50_000) // 100_000 if ages[number] <= 180 else 0
        assert new[number] == old[number] - paid[number] + reversed_[number] + interest


def test_cards_have_a_limit_and_loans_have_none(two_months):
    """A credit limit stands on cards alone and is not below the principal drawn at the start."""
    tape = two_months.first_tape
    is_card = pc.equal(tape["product_class"], "credit_card")
    assert pc.all(pc.equal(is_card, pc.is_valid(tape["credit_limit_minor"]))).as_py()
    cards = tape.filter(is_card)
    assert pc.all(pc.greater_equal(cards["credit_limit_minor"], cards["principal_minor"])).as_py()


def test_the_surplus_personal_column_comes_only_when_asked_for():
    """With `with_employer` the tape ends in `employer`, and nothing else about the world changes."""
    plain = World(WorldSettings(1, account_count=50, months=1))
    surplus = World(WorldSettings(1, account_count=50, months=1, with_employer=True))
    tape = surplus.tape(surplus.present)
    assert tape.column_names == [*TAPE.names, "employer"]
    assert tape.drop_columns(["employer"]).equals(plain.tape(plain.present))


def test_a_tape_of_another_day_is_refused():
    """A tape is the state of the present day's opening; another day is refused with both dates named."""
    world = World(WorldSettings(1, account_count=10, months=1))
    with pytest.raises(WorldOutOfStep, match=r"2026-06-01.*2026-06-02"):
        world.tape(date(2026, 6, 2))


@pytest.mark.parametrize(
    "broken",
    [
        {"seed": -1},
        {"account_count": 0},
        {"months": 0},
        {"agency_count": 0, "in_house": False},
        {"preset": "paradise"},
        {"agency_count": 100},
    ],
)
def test_impossible_settings_are_refused(broken):
    """A world without accounts, months or performers, or with an unknown preset, is refused when its settings are written down."""
    arguments = {"seed": 1, "account_count": 10, "months": 1} | broken
    with pytest.raises(WorldUnimaginable):
        WorldSettings(arguments.pop("seed"), **arguments)


@pytest.mark.parametrize("agency_count", [0, 1, 12])
def test_any_number_of_agencies_has_room_for_the_tape(agency_count):
    """The performers together have room for a quarter more than the first tape, whatever their number, each under its own code."""
    market = World(WorldSettings(1, account_count=1000, months=1, agency_count=agency_count)).agencies()
    assert market.num_rows == agency_count + 1
    assert len(set(market["agency_code"].to_pylist())) == agency_count + 1
    assert 1250 <= pc.sum(market["capacity_case_count"]).as_py() <= 1270

"""The moments the simulated world is held to, with generous bounds, and the truth that evaluation must be able to find."""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np
import pyarrow.compute as pc
import pytest

from duecourse.engine.simulate import SEGMENTS, Behaviour, Decisions, World, WorldSettings

SIZE = 8000


def money_rate(played_world):
    """Return the money of the month over the balance of the first tape."""
    paid, reversed_ = (pc.sum(played_world.all(frame)["amount_minor"]).as_py() or 0 for frame in ("payments", "reversals"))
    return (paid - reversed_) / pc.sum(played_world.first_tape["balance_minor"]).as_py()


def payer_rates(played_world):
    """Return the share of each performer's accounts that paid anything."""
    held = dict(zip(played_world.placements["account_number"].to_pylist(), played_world.placements["agency_code"].to_pylist(), strict=True))
    paid = Counter(held[number] for number in set(played_world.all("payments")["account_number"].to_pylist()))
    placed = Counter(held.values())
    return {code: paid[code] / placed[code] for code in sorted(placed)}


@pytest.mark.parametrize(
    ("preset", "low", "high"),
    [("m1_cards", 0.30, 0.60), ("m2_m3_cfc", 0.07, 0.25), ("m4plus_writeoff", 0.005, 0.03), ("mixed", 0.12, 0.35)],
)
def test_monthly_recovery_falls_with_age(played, preset, low, high):
    """Recovered money over placed money in 30 days lies in the range named for the preset."""
    assert low <= money_rate(played(preset=preset, account_count=SIZE)) <= high


@pytest.mark.parametrize("preset", ["m1_cards", "m2_m3_cfc", "m4plus_writeoff", "mixed"])
def test_complaints_are_rare(played, preset):
    """Under a gate, complaints come from at most half a percent of cases a month, and disputes from at most one percent."""
    month = played(preset=preset, account_count=SIZE)
    assert month.all("complaints").num_rows <= 0.005 * SIZE
    assert month.all("disputes").num_rows <= 0.01 * SIZE


def test_about_half_of_promises_are_kept(played):
    """Between 40 and 65 % of promises are met in full by their day."""
    month = played(preset="mixed", account_count=SIZE)
    paid = defaultdict(list)
    for row in month.all("payments").to_pylist():
        paid[row["account_number"]].append((row["paid_on"], row["amount_minor"]))
    due = [row for row in month.all("promises").to_pylist() if row["due_on"] < month.events[-1].day]
    kept = [
        any(row["made_on"] <= day <= row["due_on"] and amount >= row["amount_minor"] for day, amount in paid[row["account_number"]])
        for row in due
    ]
    assert len(due) > 200
    assert 0.40 <= np.mean(kept) <= 0.65


def test_every_kind_of_answer_occurs(played):
    """Calls meet silence most often, and each other outcome at least once; a tenth to a third of answered ones end in a promise."""
    outcomes = Counter(played(preset="mixed", account_count=SIZE).all("call_outcomes")["outcome"].to_pylist())
    assert set(outcomes) == {"no_answer", "wrong_party", "dispute", "promise", "refused", "connected"}
    assert outcomes.most_common(1)[0][0] == "no_answer"
    assert 0.1 < outcomes["promise"] / (outcomes.total() - outcomes["no_answer"]) < 1 / 3


def test_wishes_stay_within_their_budget_and_test_the_gate(played):
    """At the default rate 20,000 accounts would yield at most 15,000 wishes a month; some are at night, some the fourth of a day."""
    month = played(preset="mixed", account_count=SIZE)
    assert 0.4 < month.wanted_count / SIZE < 0.75
    world = World(WorldSettings(7, account_count=SIZE, months=1))
    night, fourth = 0, 0
    for _ in range(5):
        calls = world.wanted_calls(world.present, month.placements)
        minutes = np.asarray(calls["minute"])
        night += int(((minutes < 480) | (minutes >= 1320)).sum())
        fourth += sum(count > 3 for count in Counter(calls["account_number"].to_pylist()).values())
        world.step(world.present, Decisions(month.placements))
    assert night > 5
    assert fourth > 3


def test_talks_bring_money(played):
    """The same world with its calls collects more than without them, by less than a quarter: a modest effect, as in field results."""
    with_calls, without = (money_rate(played(preset="mixed", account_count=SIZE, with_calls=w)) for w in (True, False))
    assert 1.0 < with_calls / without < 1.25


def test_people_pay_on_payday(played):
    """The days around the 10th and the 15th bring clearly more payments than the days before them."""
    days = Counter(day.day for day in played(preset="mixed", account_count=SIZE).all("payments")["paid_on"].to_pylist())
    assert days[10] + days[11] + days[15] + days[16] > 1.15 * (days[6] + days[7] + days[8] + days[9])


def test_the_truth_can_be_found_under_a_lottery(played):
    """When a lottery places the accounts, payer rates follow the true skills closely."""
    month = played(preset="m1_cards", account_count=SIZE, seed=1)
    truth = {row["agency_code"]: row["log_effect"] for row in month.world.truth().to_pylist() if row["segment"] == "M1"}
    rates = payer_rates(month)
    assert np.corrcoef([truth[code] for code in rates], list(rates.values()))[0, 1] > 0.8


def test_the_placebo_world_has_equal_agencies(played):
    """All effects are 0, harshness is 1 and fees are equal; what differs between the agencies' payer rates is chance."""
    month = played(preset="placebo", account_count=SIZE)
    truth = month.world.truth()
    assert set(truth["log_effect"].to_pylist()) == {0.0}
    assert set(truth["harshness"].to_pylist()) == {1.0}
    external = month.world.agencies().filter(pc.equal(month.world.agencies()["kind"], "external"))
    assert len(set(external["fee_bp"].to_pylist())) == 1
    rates = np.array(list(payer_rates(month).values()))
    per_agency = SIZE / len(rates)
    expected_sd = np.sqrt(rates.mean() * (1 - rates.mean()) / per_agency)
    assert rates.std(ddof=1) < 2 * expected_sd


def test_the_truth_covers_every_performer_and_segment():
    """There is one row per performer and segment, the parts sum to the effect, skills average 0 and the own team's are 0."""
    truth = World(WorldSettings(3, account_count=100, months=1, agency_count=5)).truth().to_pylist()
    assert len({(row["agency_code"], row["segment"]) for row in truth}) == len(truth) == 6 * len(SEGMENTS)
    assert all(row["log_effect"] == row["log_skill"] + row["log_segment_skill"] for row in truth)
    assert sum(row["log_skill"] for row in truth) == pytest.approx(0.0, abs=1e-9)
    assert all(row["log_effect"] == 0.0 for row in truth if row["agency_code"] == "INHOUSE")


def test_behaviour_can_be_swept(played):
    """A world whose people never pay of their own accord nor keep a promise collects nothing."""
    stony = Behaviour(never_pay_share=(1.0,) * 6, never_payer_kept=0.0)
    assert money_rate(played(account_count=500, days=5, behaviour=stony)) == 0.0

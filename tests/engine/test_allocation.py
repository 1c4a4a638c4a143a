"""Allocation.

Propositions shown by Hypothesis:
1. Every case has exactly one row, with a known reason and a propensity between 0 and 1.
2. The eligible cases of a debtor go to one agency, and only where each of them may go.
3. No agency exceeds its count, its balance or its share cap, however tight.
4. The order and the chunking of the rows change nothing.
5. The draw can be computed again from the secret.
6. The value never passes the bound.
"""

from collections import Counter, defaultdict

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from duecourse.engine.allocation import (
    AGENCIES,
    CASES,
    EFFECTS,
    EXCLUSIONS,
    REASONS,
    ROWS,
    AllocationPolicy,
    SecretTooShort,
    allocate,
    commit,
    equal_split,
    verify_draw,
)
from duecourse.engine.allocation.draw import draw_words
from duecourse.engine.allocation.schemas import AllocationInputWrong
from duecourse.engine.frames import digest, empty, from_rows
from tests.engine.allocation_worlds import SECRET, agencies, agency, case, cases, mixed_agencies, mixed_cases

PINNED_COMMITMENT = "4654301b48fe172df03b1e2f482cb8cf9f4741ea4a5d759377e2f68b986fbdca"
PINNED_WORD = 16802942175743982528
CNY = AllocationPolicy("CNY")
NO_SLICE = AllocationPolicy("CNY", explore_share_bp=0)


@st.composite
def worlds(draw):
    """Cases of a few debtors, agencies with or without limits, and exclusions."""
    count = draw(st.integers(0, 40))
    rows = [
        case(
            i,
            person_id=draw(st.integers(0, 25)),
            segment_key=draw(st.sampled_from("ab")),
            region=draw(st.sampled_from(["north", "south", None])),
            currency=draw(st.sampled_from(["CNY", "CNY", "CNY", "USD"])),
            balance_minor=draw(st.integers(0, 10**7)),
            expected_recovered_minor=draw(st.integers(0, 10**6)),
        )
        for i in range(count)
    ]
    limits = st.none() | st.integers(0, 20)
    firms = [
        agency(
            k,
            capacity_count=draw(limits),
            capacity_minor=draw(st.none() | st.integers(0, 5 * 10**7)),
            share_cap_bp=draw(st.sampled_from([10_000, 5_000, 1_000])),
            share_min_bp=draw(st.sampled_from([0, 2_000])),
            regions=draw(st.sampled_from([None, ["north"], []])),
            fee_rate_bp=draw(st.integers(0, 10_000)),
        )
        for k in range(draw(st.integers(0, 4)))
    ]
    everybody = st.just({"agency_id": None, "reason": "on_hold"})
    somebody = st.fixed_dictionaries({"agency_id": st.integers(0, 5), "reason": st.sampled_from(["on_hold", "previous_agency"])})
    barred = [{"case_id": draw(st.integers(0, 45)), **draw(everybody | somebody)} for _ in range(draw(st.integers(0, 6)))]
    return from_rows(rows, CASES), from_rows(firms, AGENCIES), from_rows(barred, EXCLUSIONS)


@settings(max_examples=120, deadline=None)
@given(worlds(), st.sampled_from([0, 1_000, 5_000, 10_000]), st.randoms(use_true_random=False))
def test_what_holds_for_every_allocation(world, explore_share_bp, chance):
    """Propositions 1 to 6."""
    tape, firms, barred = world
    policy = AllocationPolicy("CNY", explore_share_bp=explore_share_bp)
    result = allocate(tape, firms, barred, policy=policy, secret=SECRET)
    rows = result.rows.to_pylist()

    assert [row["case_id"] for row in rows] == sorted(tape.column("case_id").to_pylist())
    assert all(row["reason"] in REASONS or row["reason"] == "on_hold" for row in rows)
    assert all(0 <= row["propensity_share"] <= 1 + 1e-12 for row in rows)

    by_case = {row["case_id"]: row for row in tape.to_pylist()}
    eligible = [row for row in rows if row["reason"] not in ("other_currency", "on_hold")]
    of_person = defaultdict(set)
    for row in eligible:
        of_person[row["person_id"]].add(row["agency_id"])
    assert all(len(found) == 1 for found in of_person.values())
    territory = {firm["agency_id"]: firm["regions"] for firm in firms.to_pylist()}
    banned = {(row["case_id"], row["agency_id"]) for row in barred.to_pylist()}
    for row in rows:
        allowed = territory.get(row["agency_id"])
        assert row["agency_id"] is None or allowed is None or by_case[row["case_id"]]["region"] in allowed
        assert (row["case_id"], row["agency_id"]) not in banned or row["agency_id"] is None

    for firm in firms.to_pylist():
        mine = [row for row in rows if row["agency_id"] == firm["agency_id"]]
        assert firm["capacity_count"] is None or len(mine) <= firm["capacity_count"]
        assert firm["capacity_minor"] is None or sum(row["balance_minor"] for row in mine) <= firm["capacity_minor"]
        assert len(mine) * 10_000 <= firm["share_cap_bp"] * len(eligible)

    order = list(range(tape.num_rows))
    chance.shuffle(order)
    shuffled = tape.take(order) if order else tape
    again = allocate(pa.concat_tables([shuffled.slice(0, 3), shuffled.slice(3)]), firms, barred, policy=policy, secret=SECRET)
    assert digest(again.rows, keys=["case_id"]) == digest(result.rows, keys=["case_id"])
    assert verify_draw(result, secret=SECRET, commitment=commit(SECRET), explore_share_bp=explore_share_bp) == []
    assert result.summary.plan_value_minor <= result.summary.bound_minor


def test_the_best_agency_gets_the_cases_up_to_its_seats():
    """Without a slice, three cases of 100, 90 and 80 yuan and two good seats: the two larger go to the better agency."""
    tape = cases(*(case(i, expected_recovered_minor=amount) for i, amount in enumerate([10_000, 9_000, 8_000])))
    firms = agencies(agency(1, multiplier_bp=12_000, capacity_count=2), agency(2))
    result = allocate(tape, firms, policy=NO_SLICE, secret=SECRET)
    assert result.rows.column("agency_id").to_pylist() == [1, 1, 2]
    assert result.rows.column("value_minor").to_pylist() == [10_000 * 12 // 10 * 8 // 10 - 100, 8_640 - 100, 6_400 - 100]
    assert set(result.rows.column("propensity_share").to_pylist()) == {1.0}


def test_fee_and_complaints_count_not_skill_alone():
    """An agency that recovers a tenth more but costs a quarter more is worth less and gets nothing."""
    firms = agencies(
        agency(1, multiplier_bp=11_000, fee_rate_bp=4_000), agency(2, fee_rate_bp=1_500), agency(3, complaint_cost_minor=9_000)
    )
    result = allocate(cases(*map(case, range(5))), firms, policy=NO_SLICE, secret=SECRET)
    assert result.rows.column("agency_id").to_pylist() == [2] * 5


def test_effects_multiply_by_agency_and_segment():
    """An effect of one segment moves that segment alone; an effect without segment moves all."""
    tape = cases(case(0, segment_key="m1"), case(1, segment_key="m2"))
    firms = agencies(agency(1), agency(2))
    moved = from_rows(
        [{"agency_id": 2, "segment_key": "m2", "effect_bp": 12_000}, {"agency_id": 1, "segment_key": None, "effect_bp": 10_500}], EFFECTS
    )
    result = allocate(tape, firms, policy=NO_SLICE, secret=SECRET, effects=moved)
    assert result.rows.column("agency_id").to_pylist() == [1, 2]


@pytest.mark.parametrize(
    ("tape", "firms", "barred", "reason", "why"),
    [
        (case(1, region="west"), [agency(1, regions=["north"])], [], "no_feasible_agency", ["region"]),
        (case(1, product_class="car"), [agency(1, products=["card"])], [], "no_feasible_agency", ["product"]),
        (case(1), [agency(1, capacity_count=0)], [], "no_capacity", ["no_capacity"]),
        (case(1), [agency(1, capacity_minor=99_999)], [], "no_capacity", ["no_capacity"]),
        (case(1), [], [], "no_feasible_agency", ["no_feasible_agency"]),
        (case(1, currency="USD"), [agency(1)], [], "other_currency", ["other_currency"]),
        (case(1), [agency(1)], [(1, None, "on_hold")], "on_hold", ["on_hold"]),
        (case(1), [agency(1)], [(1, 1, "previous_agency")], "no_feasible_agency", ["previous_agency"]),
        (case(1), [agency(1), agency(2, regions=[])], [(1, 1, "conflict")], "no_feasible_agency", ["conflict", "region"]),
    ],
)
def test_who_is_left_out_and_why(tape, firms, barred, reason, why):
    """A case without an agency keeps a row, a reason, and one line for each agency that could not take it."""
    exclusions = from_rows([dict(zip(EXCLUSIONS.names, row, strict=True)) for row in barred], EXCLUSIONS)
    result = allocate(cases(tape), agencies(*firms), exclusions, policy=CNY, secret=SECRET)
    assert result.rows.column("agency_id").to_pylist() == [None]
    assert result.rows.column("reason").to_pylist() == [reason]
    assert result.left_out.column("reason").to_pylist() == why


def test_a_case_may_return_only_where_policy_says_so():
    """With the policy on, an earlier placement is no barrier; other exclusions stay."""
    barred = from_rows([{"case_id": 1, "agency_id": 1, "reason": "previous_agency"}], EXCLUSIONS)
    open_policy = AllocationPolicy("CNY", may_return_to_previous_agency=True)
    result = allocate(cases(case(1)), agencies(agency(1)), barred, policy=open_policy, secret=SECRET)
    assert result.rows.column("reason").to_pylist() == ["only_feasible"]
    assert result.rows.column("propensity_share").to_pylist() == [1.0]


def test_one_barred_case_bars_the_household_from_that_agency():
    """A debtor with one case in the north and one in the south goes to the agency that works in both."""
    tape = cases(case(1, person_id=7), case(2, person_id=7, region="south"))
    firms = agencies(agency(1, regions=["north"], multiplier_bp=20_000), agency(2))
    assert allocate(tape, firms, policy=NO_SLICE, secret=SECRET).rows.column("agency_id").to_pylist() == [2, 2]


def test_the_creditors_own_team_is_an_agency_with_its_own_reason():
    """In-house without a fee keeps the cases, and the reason says so."""
    firms = agencies(agency(1), agency(2, kind="in_house", fee_rate_bp=0))
    result = allocate(cases(*map(case, range(4))), firms, policy=NO_SLICE, secret=SECRET)
    assert set(result.rows.column("reason").to_pylist()) == {"kept_in_house"}


def test_a_minimum_share_is_kept_although_it_costs():
    """An agency with half the skill and a minimum of 20 % gets 20 of 100 cases, no shortfall."""
    firms = agencies(agency(1), agency(2, multiplier_bp=5_000, share_min_bp=2_000))
    result = allocate(cases(*map(case, range(100))), firms, policy=NO_SLICE, secret=SECRET)
    assert Counter(result.rows.column("agency_id").to_pylist())[2] == 20
    assert result.loads.column("shortfall_count").to_pylist() == [0, 0]


def test_the_slice_is_stratified_and_of_the_promised_size():
    """Each segment gives its ε share of debtors, rounded up or down by less than one."""
    tape, firms = mixed_cases(3_000), agencies(*map(agency, range(1, 6)))
    result = allocate(tape, firms, policy=CNY, secret=SECRET)
    drawn, all_debtors = defaultdict(set), defaultdict(set)
    for row in result.rows.to_pylist():
        all_debtors[row["stratum"]].add(row["person_id"])
        if row["in_slice"]:
            drawn[row["stratum"]].add(row["person_id"])
    assert len(all_debtors) == 6
    assert all(abs(len(drawn[key]) - len(found) / 10) < 1 for key, found in all_debtors.items())
    assert result.summary.propensity_is_exact


def test_the_optimiser_cannot_starve_the_slice():
    """With seats for four fifths of the cases, each agency still receives its share of the slice, and no draw is undone."""
    result = allocate(mixed_cases(4_000), mixed_agencies(6, seats=533), policy=CNY, secret=SECRET)
    assert result.summary.placed_count == 6 * 533
    assert all(count >= 25 for count in result.loads.column("slice_count").to_pylist())
    assert result.summary.voided_count <= 5


def test_propensities_are_the_frequencies_over_secrets():
    """Over 1,500 secrets each case meets each agency as often as its mean logged propensity says, within five standard errors."""
    chance = np.random.default_rng(5)
    tape = cases(*(case(i, person_id=i, segment_key="ab"[i % 2], expected_recovered_minor=int(chance.integers(1_000, 9_000)),
                        region=("north", "south")[i % 3 == 0]) for i in range(24)))  # fmt: skip
    firms = agencies(agency(1, multiplier_bp=12_000), agency(2, regions=["north"]), agency(3))
    policy = AllocationPolicy("CNY", explore_share_bp=3_000)
    runs = 1_500
    met, wanted = np.zeros((24, 4)), np.zeros((24, 4))
    for number in range(runs):
        result = allocate(tape, firms, policy=policy, secret=number.to_bytes(16, "big"))
        assert result.summary.propensity_is_exact
        shares = {(row["feasible_set_id"], row["agency_id"]): row["draw_share"] for row in result.feasible_sets.to_pylist()}
        for row in result.rows.to_pylist():
            met[row["case_id"], row["agency_id"]] += 1
            for firm in (1, 2, 3):
                share = shares.get((row["feasible_set_id"], firm), 0.0)
                expected = 0.3 * share + 0.7 * (firm == row["planned_agency_id"])
                wanted[row["case_id"], firm] += expected
                if firm == row["agency_id"]:
                    assert row["propensity_share"] == pytest.approx(expected, abs=1e-12)
    spread = np.sqrt(np.maximum(wanted / runs * (1 - wanted / runs), 1e-9) / runs)
    assert (np.abs(met - wanted) / runs <= 5 * spread + 1e-9).all()


def test_flow_and_linear_programme_agree():
    """On 200 single-case debtors the plan is within 0.5 % of the programme of each household, and the bound is not below it."""
    tape, firms = mixed_cases(200, persons_share=1.0), mixed_agencies(4, seats=45)
    tape = tape.set_column(1, "person_id", pa.array(range(200), pa.int64()))
    result = allocate(tape, firms, policy=NO_SLICE, secret=SECRET)
    rows, listed = tape.to_pylist(), firms.to_pylist()
    worth, people, places = [], [], []
    for h, row in enumerate(rows):
        for k, firm in enumerate(listed):
            if (firm["regions"] is None or row["region"] in firm["regions"]) and (
                firm["products"] is None or row["product_class"] in firm["products"]
            ):
                net = firm["multiplier_bp"] * (10_000 - firm["fee_rate_bp"]) * row["expected_recovered_minor"] / 10**8 - 500
                worth, people, places = [*worth, net + 501], [*people, h], [*places, k]
    limits = np.zeros((204, len(worth)))
    limits[people, range(len(worth))] = 1
    limits[200 + np.asarray(places), range(len(worth))] = 1
    best = -linprog(-np.asarray(worth), A_ub=limits, b_ub=[1] * 200 + [45] * 4, method="highs").fun - 501 * result.summary.placed_count
    assert result.summary.plan_value_minor <= best + 1_000
    assert result.summary.plan_value_minor >= best * 0.995
    assert result.summary.bound_minor >= best - 1_000
    assert result.summary.gap_share < 0.01


def test_balance_capacities_keep_a_small_gap():
    """With tight balances the plan stays within 5 % of the bound, and no balance is passed."""
    tape = mixed_cases(3_000)
    purse = sum(tape.column("balance_minor").to_pylist()) * 21 // 100
    firms = agencies(*(agency(k, capacity_minor=purse, multiplier_bp=9_000 + 500 * k) for k in range(1, 6)))
    result = allocate(tape, firms, policy=CNY, secret=SECRET)
    assert result.summary.gap_share < 0.05
    assert all(balance <= purse for balance in result.loads.column("balance_minor").to_pylist())
    assert result.summary.placed_count > 2_900


def test_learned_effects_beat_the_equal_split():
    """In a world of known skills the plan recovers more, net, than giving everybody the same share."""
    tape, firms = mixed_cases(3_000), mixed_agencies(6, seats=700, spread=0.3)
    ours = allocate(tape, firms, policy=CNY, secret=SECRET).summary
    theirs = equal_split(tape, firms, policy=CNY, secret=SECRET).summary
    assert ours.value_minor > 1.03 * theirs.value_minor


def test_a_forged_draw_is_named():
    """Another secret, another agency or a hidden draw is found."""
    tape, firms = mixed_cases(400), agencies(*map(agency, range(1, 4)))
    result = allocate(tape, firms, policy=CNY, secret=SECRET)
    honest = {"secret": SECRET, "commitment": commit(SECRET), "explore_share_bp": 1_000}
    assert verify_draw(result, **honest) == []
    other = verify_draw(result, **(honest | {"secret": b"another secret of many bytes"}))
    assert [problem.code for problem in other] == ["CommitmentDiffers"]

    rows = result.rows.to_pylist()
    place = next(i for i, row in enumerate(rows) if row["in_slice"])
    forged = [dict(row) for row in rows]
    forged[place]["agency_id"] = forged[place]["drawn_agency_id"] % 3 + 1
    problems = verify_draw(_with_rows(result, forged), **honest)
    assert [(problem.code, problem.row) for problem in problems] == [("DrawIgnored", place + 1)]
    forged[place] |= {"agency_id": rows[place]["agency_id"], "drawn_agency_id": None, "in_slice": False}
    assert [(problem.code, problem.row) for problem in verify_draw(_with_rows(result, forged), **honest)] == [("OtherDraw", place + 1)]


def _with_rows(result, rows):
    return type(result)(from_rows(rows, ROWS), result.feasible_sets, result.left_out, result.loads, result.summary)


def test_the_commitment_is_pinned():
    """The bytes of commitment and draw do not change between versions: other versions must be able to verify."""
    assert commit(b"0123456789abcdef") == PINNED_COMMITMENT
    assert draw_words(b"0123456789abcdef", "slice", [42]).tolist() == [PINNED_WORD]


@pytest.mark.parametrize(
    ("tape", "firms", "found"),
    [
        (cases(case(1), case(1)), agencies(agency(1)), "a case is named twice"),
        (cases(case(1, balance_minor=-1)), agencies(agency(1)), "balance_minor is negative"),
        (cases(case(1)), agencies(agency(1), agency(1)), "an agency is named twice"),
        (cases(case(1)), agencies(agency(1, share_cap_bp=10_001)), "share_cap_bp is not within 0 and 10000"),
        (cases(case(1)), agencies(agency(1, multiplier_bp=-1)), "multiplier_bp is negative"),
    ],
)
def test_contradictions_are_refused(tape, firms, found):
    """A frame that contradicts itself is refused with the reason."""
    with pytest.raises(AllocationInputWrong, match=found):
        allocate(tape, firms, policy=CNY, secret=SECRET)


def test_short_secrets_and_wrong_shares_are_refused():
    """A secret of 15 bytes and an ε above one are refused."""
    with pytest.raises(SecretTooShort):
        allocate(empty(CASES), empty(AGENCIES), policy=CNY, secret=b"fifteen bytes..")
    with pytest.raises(AllocationInputWrong):
        AllocationPolicy("CNY", explore_share_bp=10_001)

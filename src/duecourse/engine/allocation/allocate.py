"""The allocation from beginning to end: feasibility, reserve, plan, slice, result.

Source: docs/algorithms/allocation.md
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
import pyarrow as pa

from duecourse.engine.allocation.draw import draw_words, pick, require_secret, slice_members
from duecourse.engine.allocation.households import Agencies, Households, read_agencies, read_households
from duecourse.engine.allocation.plan import Plan, fill, optimise, place_lift
from duecourse.engine.allocation.reserve import Caps, Reserve, close_full, read_caps, set_aside, tightened
from duecourse.engine.allocation.result import Allocation, Decision, Outcome, write
from duecourse.engine.allocation.schemas import (
    BP,
    EFFECTS,
    AllocationPolicy,
    Flags,
    Ints,
    Reals,
    Words,
)
from duecourse.engine.frames import conform

PLAN_ROUNDS: Final = 3
"""How often a plan is made again because it left the slice too little room."""


def allocate(
    cases: pa.Table,
    agencies: pa.Table,
    exclusions: pa.Table | None = None,
    *,
    policy: AllocationPolicy,
    secret: bytes,
    effects: pa.Table | None = None,
) -> Allocation:
    """Give every case an agency, or a reason why it has none.

    Args:
        cases: CASES, one row per case.
        agencies: AGENCIES, one row per agency, the in-house team among them if it may take cases.
        exclusions: EXCLUSIONS, or None; pairs that are not in the other frames are passed over.
        policy: the creditor's choices.
        secret: at least 16 bytes, committed to before the tape with `commit`.
        effects: EFFECTS from the last evaluation, or None.

    Returns:
        ROWS in order of case_id, one per case; FEASIBLE_SETS; LEFT_OUT; LOADS; and the summary.

    Raises:
        FrameMismatch: a frame does not have its declared columns.
        AllocationInputWrong: a case or an agency is named twice, or an amount or share is out of bounds.
        SecretTooShort: the secret has fewer than 16 bytes.

    Guarantees:
        Every case has one row. The eligible cases of a debtor have the same agency. No agency exceeds `capacity_count`,
        `capacity_minor` or `share_cap_bp`. The propensity of a row is ε·p(agency | feasible) + (1 - ε·Σp)·1[agency = planned].
        Same frames in any order and the same secret give the same result.
    """
    require_secret(secret)
    listed = read_agencies(agencies)
    households = read_households(cases, listed, exclusions, policy=policy)
    caps = read_caps(households, listed)
    close_full(households, caps)
    reserve = set_aside(households, caps, explore_share_bp=policy.explore_share_bp)
    multipliers, values = _values(households, listed, effects)
    ties = draw_words(secret, "tie", households.person_ids.tolist())
    plan, reserve = _planned(households, caps, reserve, values=values, multipliers=multipliers, ties=ties, policy=policy)
    outcome = _draw(households, reserve, caps, plan, values=values, ties=ties, secret=secret, explore_share_bp=policy.explore_share_bp)
    return write(Decision(households, listed, caps, reserve, plan, outcome, values, policy.explore_share_bp / BP))


def equal_split(
    cases: pa.Table, agencies: pa.Table, exclusions: pa.Table | None = None, *, policy: AllocationPolicy, secret: bytes
) -> Allocation:
    """Give every debtor to a random feasible agency, all with equal chances: the baseline that any allocation must beat.

    It is `allocate` with ε = 1, so the same caps, frames, errors and guarantees hold.
    """
    return allocate(cases, agencies, exclusions, policy=replace(policy, explore_share_bp=BP), secret=secret)


def _values(households: Households, agencies: Agencies, effects: pa.Table | None) -> tuple[Reals, Ints]:
    """Return float64[S, K] net multipliers θ·(1 - fee), and int64[H, K] expected · multiplier - complaint cost, rounded half to even."""
    theta = np.tile(agencies.multiplier_bp / BP, (len(households.segments), 1))
    if effects is not None:
        table = conform(effects, EFFECTS, name="EFFECTS").sort_by([("agency_id", "ascending"), ("segment_key", "ascending")])
        position = {segment: s for s, segment in enumerate(households.segments)}
        columns = {agency: k for k, agency in enumerate(agencies.ids.tolist())}
        for row in table.to_pylist():
            if row["agency_id"] in columns and (row["segment_key"] is None or row["segment_key"] in position):
                rows = slice(None) if row["segment_key"] is None else position[row["segment_key"]]
                theta[rows, columns[row["agency_id"]]] *= row["effect_bp"] / BP
    multipliers = theta * (1 - agencies.fee_rate_bp / BP)
    gross = np.rint(households.expected_minor[:, None] * multipliers[households.segment]).astype(np.int64)
    return multipliers, gross - households.case_count[:, None] * agencies.complaint_cost_minor


def _planned(
    households: Households, caps: Caps, reserve: Reserve, *, values: Ints, multipliers: Reals, ties: Words, policy: AllocationPolicy
) -> tuple[Plan, Reserve]:
    """Plan, and plan again with less to fill while a plan leaves the slice too little room."""
    plan = optimise(households, reserve, caps, values=values, multipliers=multipliers, ties=ties)
    for _ in range(PLAN_ROUNDS):
        tighter = tightened(reserve, households, caps, plan.agency, explore_share_bp=policy.explore_share_bp)
        if tighter is None:
            break
        reserve = tighter
        plan = optimise(households, reserve, caps, values=values, multipliers=multipliers, ties=ties, earlier=plan)
    return plan, reserve


def _draw(
    households: Households,
    reserve: Reserve,
    caps: Caps,
    plan: Plan,
    *,
    values: Ints,
    ties: Words,
    secret: bytes,
    explore_share_bp: int,
) -> Outcome:
    """Move the drawn households, undo what does not fit, and give seats left over to who has none."""
    persons = households.person_ids.tolist()
    shares = reserve.shares[reserve.set_of]
    words = draw_words(secret, "slice", persons)
    drawable = np.flatnonzero(shares.sum(axis=1) > 0)
    present, stratum = np.unique(households.segment[drawable], return_inverse=True)
    stratum_words = draw_words(secret, "stratum", [households.segments[s] for s in present.tolist()])
    member = slice_members(words[drawable], stratum.astype(np.int64), stratum_words, explore_share_bp=explore_share_bp)
    drawn = np.full(len(persons), -1, dtype=np.int64)
    drawn[drawable[member]] = pick(draw_words(secret, "agency", persons)[drawable[member]], shares[drawable[member]])
    voided = _undo(households, caps, plan.agency, drawn, words)
    in_slice = (drawn >= 0) & ~voided
    agency = np.where(in_slice, drawn, plan.agency)
    spare = np.zeros(len(persons), dtype=np.bool_)
    lift = place_lift(values, households.feasible, households.case_count)
    spare[fill(agency, households, caps.count, caps.balance, values=values + lift * households.case_count[:, None], ties=ties)] = True
    return Outcome(agency, drawn, in_slice, voided, spare)


def _undo(households: Households, caps: Caps, planned: Ints, drawn: Ints, words: Words) -> Flags:
    """Return which draws are undone: at each overfull agency the latest in the order of the draw, until all fit.

    It ends, because the plan itself keeps the caps and each step takes one move back.
    """
    voided = np.zeros(len(planned), dtype=np.bool_)
    while True:
        agency = np.where((drawn >= 0) & ~voided, drawn, planned)
        placed = agency >= 0
        count = np.bincount(agency[placed], households.case_count[placed], minlength=len(caps.count)).astype(np.int64)
        balance = np.zeros(len(caps.balance), dtype=np.int64)
        np.add.at(balance, agency[placed], households.balance_minor[placed])
        over = np.flatnonzero((count > caps.count) | (balance > caps.balance))
        if not len(over):
            return voided
        k = over[0]
        movers = np.flatnonzero((drawn == k) & (planned != k) & ~voided)
        movers = movers[np.lexsort((households.person_ids[movers], words[movers]))[::-1]]
        too_many = (count[k] - np.cumsum(households.case_count[movers]) > caps.count[k]) | (
            balance[k] - np.cumsum(households.balance_minor[movers]) > caps.balance[k]
        )
        voided[movers[: int(too_many.sum()) + 1]] = True

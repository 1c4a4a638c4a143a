"""What is kept free for the random slice, so that the optimiser cannot starve it and no agency overflows.

Source: docs/algorithms/allocation.md, "The reserve".
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from duecourse.engine.allocation.households import NO_CAPACITY, Agencies, Households
from duecourse.engine.allocation.schemas import BP, Flags, Ints, Reals

SIGMAS: Final = 3.0
"""How many standard deviations of its random load an agency keeps free."""

MARGIN_SHARE_MAX: Final = 0.1
"""The margin never exceeds this share of an agency's capacity."""

BALANCING_ROUNDS: Final = 30
"""How often the chances of the draw are balanced against the capacities."""


@dataclass(frozen=True, slots=True)
class Caps:
    """int64[K] each: what an agency may never exceed, and its minimum; `balance` is the sum of all balances where there is no cap."""

    count: Ints
    balance: Ints
    has_balance: Flags
    minimum: Ints


@dataclass(frozen=True, slots=True)
class Reserve:
    """What the draw may use.

    Attributes:
        feasible_sets: bool[sets, K]; set 0 is the empty one, the others in lexicographic order.
        set_of: int64[H], each household's set.
        shares: float64[sets, K], probability of each agency within the slice; rows sum to at most 1, and to 0 for sets of fewer than two.
        count, balance: int64[K], what the optimiser may fill.
    """

    feasible_sets: Flags
    set_of: Ints
    shares: Reals
    count: Ints
    balance: Ints


def read_caps(households: Households, agencies: Agencies) -> Caps:
    """Return the caps: the tighter of capacity and of `share_cap_bp` of all eligible cases, rounded down."""
    total = int(households.case_count.sum())
    balance = int(households.balance_minor.sum())
    unlimited = agencies.capacity_count < 0
    count = np.minimum(np.where(unlimited, total, agencies.capacity_count), total * agencies.share_cap_bp // BP)
    has_balance = agencies.capacity_minor >= 0
    return Caps(
        count=count,
        balance=np.where(has_balance, agencies.capacity_minor, balance),
        has_balance=has_balance,
        minimum=np.minimum(total * agencies.share_min_bp // BP, count),
    )


def close_full(households: Households, caps: Caps) -> None:
    """Put the barrier 'no_capacity' before agencies that can take nobody, unless another barrier already stands."""
    shut = (caps.count <= 0) | (caps.has_balance & (caps.balance <= 0))
    code = households.barriers.index(NO_CAPACITY)
    households.barrier[:, shut] = np.where(households.barrier[:, shut] == 0, code, households.barrier[:, shut])


def set_aside(households: Households, caps: Caps, *, explore_share_bp: int) -> Reserve:
    """Return the shares of the draw and what remains for the optimiser.

    Within the slice the feasible agencies have equal chances, as far as no agency is asked for more than the ε share of its capacity;
    chances above that go to the other feasible agencies, and where there is none, the draw may name no agency and the plan stands. A
    household with fewer than two feasible agencies is not drawn.
    """
    sets, set_of = _sets(households.feasible)
    cases_of_set = np.bincount(set_of, households.case_count, minlength=len(sets))
    balance_of_set = np.bincount(set_of, households.balance_minor, minlength=len(sets))
    room = np.ones(sets.shape[1])
    is_drawn = ((sets.sum(axis=1) >= 2) & (explore_share_bp > 0))[:, None] & sets
    for _ in range(BALANCING_ROUNDS):
        shares = _normalised(is_drawn * room)
        room = room * _relief(caps, cases_of_set @ shares, balance_of_set @ shares)
    shares = _normalised(is_drawn * room)
    shares = shares * _relief(caps, cases_of_set @ shares, balance_of_set @ shares)
    return Reserve(sets, set_of, shares, caps.count.copy(), caps.balance.copy())


def _normalised(weights: Reals) -> Reals:
    total = weights.sum(axis=1, keepdims=True)
    shares: Reals = np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)
    return shares


def _relief(caps: Caps, demand: Reals, demand_balance: Reals) -> Reals:
    """Return the factor, at most 1, that brings each agency's demand down to its capacity."""
    by_balance = np.where(caps.has_balance, caps.balance / np.maximum(demand_balance, 1e-9), 1.0)
    relief: Reals = np.minimum(1.0, np.minimum(caps.count / np.maximum(demand, 1e-9), by_balance))
    return relief


def tightened(reserve: Reserve, households: Households, caps: Caps, planned: Ints, *, explore_share_bp: int) -> Reserve | None:
    """Return the reserve lowered where a plan leaves the slice too little room, or None if it leaves enough everywhere.

    Enough is: expected stayers + expected arrivals + three standard deviations (at most a tenth of the cap) fit into the cap.
    """
    share = explore_share_bp / BP
    count = _lowered(
        reserve, households.case_count, caps.count, reserve.count, planned, share=share, limited=np.ones(len(caps.count), dtype=np.bool_)
    )
    balance = _lowered(reserve, households.balance_minor, caps.balance, reserve.balance, planned, share=share, limited=caps.has_balance)
    if (count == reserve.count).all() and (balance == reserve.balance).all():
        return None
    return replace(reserve, count=count, balance=balance)


def _lowered(reserve: Reserve, amounts: Ints, cap: Ints, left: Ints, planned: Ints, *, share: float, limited: Flags) -> Ints:
    leaving = share * reserve.shares.sum(axis=1)[reserve.set_of]
    real = amounts.astype(np.float64)
    placed = planned >= 0
    where = planned[placed]
    stays = np.bincount(where, (real * (1 - leaving))[placed], minlength=len(cap))
    wavers = np.bincount(where, (real**2 * leaving * (1 - leaving))[placed], minlength=len(cap))
    arriving = np.bincount(reserve.set_of, real, minlength=len(reserve.shares)) @ reserve.shares * share
    arriving_spread = np.bincount(reserve.set_of, real**2, minlength=len(reserve.shares)) @ reserve.shares * share
    margin = np.minimum(SIGMAS * np.sqrt(wavers + arriving_spread), MARGIN_SHARE_MAX * cap)
    excess = np.where(limited & (arriving > 0), stays + arriving + margin - cap, 0.0)
    filled = np.bincount(where, real[placed], minlength=len(cap))
    keeps = np.clip(stays / np.maximum(filled, 1.0), 0.1, 1.0)
    lowered = np.floor(filled - excess / keeps)
    return np.where(excess > 0.5 * real.mean() if len(real) else False, np.clip(lowered, 0, left), left).astype(np.int64)


def _sets(feasible: Flags) -> tuple[Flags, Ints]:
    with_empty = np.vstack([np.zeros((1, feasible.shape[1]), dtype=np.bool_), feasible])
    if feasible.shape[1] == 0:
        return with_empty[:1], np.zeros(len(feasible), dtype=np.int64)
    sets, inverse = np.unique(with_empty, axis=0, return_inverse=True)
    return sets, inverse.reshape(-1)[1:].astype(np.int64)

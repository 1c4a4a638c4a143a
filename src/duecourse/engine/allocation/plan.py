"""The optimiser: min-cost flow over cells, spread over households, with the gap to a bound that no allocation can pass.

Source: docs/algorithms/allocation.md, "The plan". Ahuja, Magnanti, Orlin, Network Flows (1993), chapters 9 to 11.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from ortools.graph.python import min_cost_flow

from duecourse.engine.allocation.households import Households
from duecourse.engine.allocation.prices import dual_prices
from duecourse.engine.allocation.reserve import Caps, Reserve
from duecourse.engine.allocation.schemas import Flags, Ints, Reals, Words
from duecourse.kit.errors import BrokenPromise

COST_MAX: Final = 2**30
"""Costs are divided so that none is larger: the solver multiplies them by the number of nodes in 64 bits."""


class FlowNotSolved(BrokenPromise):
    """The flow has always a solution, since every cell may stay unplaced; still the solver gave none."""

    what = "The solver ended the allocation's flow with the status {status}."
    read = "docs/algorithms/allocation.md"


@dataclass(frozen=True, slots=True)
class Cells:
    """Households that look alike to the optimiser.

    They have the same segment, the same feasible set and an expected recovery per case (where balances are limited, also a balance per
    case) within the same half octave.

    Attributes:
        of: int64[H], each household's cell.
        first: int64[C], one household of the cell.
        supply: int64[C], its cases.
        worth: int64[C, K], mean value per case in minor units.
    """

    of: Ints
    first: Ints
    supply: Ints
    worth: Ints


@dataclass(frozen=True, slots=True)
class Plan:
    """The optimiser's wish for every household, before the slice.

    Attributes:
        agency: int64[H], column of the agency or -1.
        value_minor: what the placed households are worth.
        bound_minor: no allocation of as many cases within the same capacities, households divisible or not, is worth more.
        cell_count: the cells of the flow.
        prices: float64[K] of a seat and float64[K] of a minor unit of balance; all 0 where balances are not limited.
    """

    agency: Ints
    value_minor: int
    bound_minor: int
    cell_count: int
    prices: tuple[Reals, Reals]


def optimise(
    households: Households, reserve: Reserve, caps: Caps, *, values: Ints, multipliers: Reals, ties: Words, earlier: Plan | None = None
) -> Plan:
    """Return the plan: the most cases placed, then the highest value, within what the reserve leaves.

    Args:
        households: H households.
        reserve: what may be filled.
        caps: for the minimum shares.
        values: int64[H, K], net value in minor units of each household at each agency.
        multipliers: float64[S, K], net multiplier by segment; orders the households of a cell.
        ties: uint64[H], decides between equals.
        earlier: a plan for nearly the same reserve, whose prices are used again.
    """
    feasible = households.feasible
    nothing = np.zeros(len(reserve.count))
    if not feasible.any():
        return Plan(np.full(len(ties), -1, dtype=np.int64), 0, 0, 0, (nothing, nothing))
    lift = place_lift(values, feasible, households.case_count)
    lifted = values + lift * households.case_count[:, None]
    limited = _balance_limits(households, reserve)
    if earlier:
        prices = earlier.prices
    elif limited.any():
        prices = dual_prices(households, reserve, lifted, limited=limited, ties=ties)
    else:
        prices = (nothing, nothing)
    net = lifted - np.rint(households.balance_minor[:, None] * prices[1]).astype(np.int64)
    cells = _cells(households, reserve, net, by_balance=bool(prices[1].any()))
    flow, seat_prices = _solve(cells, feasible[cells.first], reserve.count, np.minimum(caps.minimum, reserve.count))
    agency = _spread_flow(households, cells, flow, multipliers, ties)
    _evict(agency, households, reserve, net)
    fill(agency, households, reserve.count, reserve.balance, values=net, ties=ties)
    placed = np.flatnonzero(agency >= 0)
    value = int(values[placed, agency[placed]].sum())
    known = [prices, (seat_prices, prices[1]), (seat_prices, nothing)]
    bound = min(upper_bound(households, reserve, lifted, seat_prices=seat, balance_prices=balance) for seat, balance in known)
    return Plan(agency, value, bound - lift * int(households.case_count[placed].sum()), len(cells.supply), prices)


def _balance_limits(households: Households, reserve: Reserve) -> Flags:
    limits: Flags = reserve.balance < households.balance_minor.sum()
    return limits


def place_lift(values: Ints, feasible: Flags, case_count: Ints) -> int:
    """Return what is added per case so that placing is always worth more than not placing, also at a loss."""
    worst = np.where(feasible, -(values // np.maximum(case_count, 1)[:, None]), 0)
    return max(0, int(worst.max(initial=0))) + 1


def _cells(households: Households, reserve: Reserve, values: Ints, *, by_balance: bool) -> Cells:
    balance_band = _band(households.balance_minor / households.case_count) * by_balance
    band = _band(households.expected_minor / households.case_count)
    keys = np.column_stack([households.segment, reserve.set_of, band, balance_band])
    _, first, of = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    of = of.reshape(-1).astype(np.int64)
    order = np.argsort(of, kind="stable")
    starts = np.searchsorted(of[order], np.arange(len(first)))
    supply = np.add.reduceat(households.case_count[order], starts)
    return Cells(of, first, supply, np.add.reduceat(values[order], starts) // supply[:, None])


def _band(amounts: Reals) -> Ints:
    """Return the half octave each amount lies in."""
    mantissa, exponent = np.frexp(amounts + 1.0)
    band: Ints = 2 * exponent.astype(np.int64) + (mantissa >= np.sqrt(0.5))
    return band


def _solve(cells: Cells, feasible: Flags, capacity: Ints, minimum: Ints) -> tuple[Ints, Reals]:
    """Return int64[C, K] cases from cell to agency, and float64[K] the price of a seat at each agency."""
    cell_count, agency_count = feasible.shape
    scale = int(np.abs(cells.worth[feasible]).max(initial=0)) // COST_MAX + 1
    cost = -(cells.worth // scale)
    bonus = int(np.abs(cost[feasible]).max(initial=0)) * 2 + 1
    at_cell, at_agency = np.nonzero(feasible)
    agency_node = cell_count + np.arange(agency_count)
    sink = cell_count + agency_count
    everyone = np.arange(cell_count)
    total = int(cells.supply.sum())
    solver = min_cost_flow.SimpleMinCostFlow()
    arcs = solver.add_arcs_with_capacity_and_unit_cost(at_cell, agency_node[at_agency], cells.supply[at_cell], cost[at_cell, at_agency])
    unplaced = np.full(cell_count, sink)
    solver.add_arcs_with_capacity_and_unit_cost(everyone, unplaced, cells.supply, np.zeros(cell_count, dtype=np.int64))
    ends = np.full(agency_count, sink)
    solver.add_arcs_with_capacity_and_unit_cost(agency_node, ends, minimum, np.full(agency_count, -bonus))
    solver.add_arcs_with_capacity_and_unit_cost(agency_node, ends, capacity - minimum, np.zeros(agency_count, dtype=np.int64))
    solver.set_nodes_supplies(np.append(everyone, sink), np.append(cells.supply, -total))
    status = solver.solve()
    if status != solver.OPTIMAL:
        raise FlowNotSolved(status=status.name)
    flow = np.zeros((cell_count, agency_count), dtype=np.int64)
    flow[at_cell, at_agency] = solver.flows(arcs)
    return flow, _prices(flow, cells, feasible, capacity, cost).astype(np.float64) * scale


def _prices(flow: Ints, cells: Cells, feasible: Flags, capacity: Ints, cost: Ints) -> Ints:
    """Return the seat prices: shortest ways in the residual graph of the agencies, from 'not placed' (Bellman-Ford)."""
    agency_count = flow.shape[1]
    far = np.int64(2**50)
    length = np.full((agency_count + 1, agency_count + 1), far)
    worth = np.column_stack([np.where(feasible, -cost, -far // 4), np.zeros(len(cost), dtype=np.int64)])
    used = np.column_stack([flow, cells.supply - flow.sum(axis=1)]) > 0
    for j in range(agency_count):
        if used[:, j].any():
            length[:, j] = (worth[used[:, j], j][:, None] - worth[used[:, j]]).min(axis=0)
    length[agency_count, :agency_count][flow.sum(axis=0) < capacity] = 0
    price = np.full(agency_count + 1, far)
    price[agency_count] = 0
    for _ in range(agency_count + 1):
        price = np.minimum(price, (price[:, None] + length).min(axis=0))
        price[agency_count] = 0
    highest = int(worth[:, :agency_count].max(initial=0))
    return np.clip(price[:agency_count], 0, max(highest, 0))


def _spread_flow(households: Households, cells: Cells, flow: Ints, multipliers: Reals, ties: Words) -> Ints:
    """Return an agency per household: in each cell the highest expectations go to the agencies with the highest multipliers.

    Households that would straddle two agencies' quotas stay unplaced (-1) for `fill`.
    """
    expected = households.expected_minor / households.case_count
    order = np.lexsort((households.person_ids, ties, -expected, cells.of))
    size = households.case_count[order]
    end = np.cumsum(size)
    ranking = np.argsort(-multipliers[households.segment[cells.first]], axis=1, kind="stable")
    quota = np.take_along_axis(flow, ranking, axis=1)
    quota = np.column_stack([quota, cells.supply - quota.sum(axis=1)])
    border = np.cumsum(quota.reshape(-1))
    slot = np.searchsorted(border, end - size, side="right")
    column = slot % quota.shape[1]
    fits = (end <= border[slot]) & (column < flow.shape[1])
    agency = np.full(len(order), -1, dtype=np.int64)
    chosen = ranking[cells.of[order], np.minimum(column, flow.shape[1] - 1)]
    agency[order[fits]] = chosen[fits]
    return agency


def _evict(agency: Ints, households: Households, reserve: Reserve, values: Ints) -> None:
    """Unplace, in `agency` itself, at agencies above their balance the households worth least per unit of balance."""
    for k in range(len(reserve.balance)):
        members = np.flatnonzero(agency == k)
        if households.balance_minor[members].sum() > reserve.balance[k]:
            density = values[members, k] / np.maximum(households.balance_minor[members], 1)
            order = members[np.lexsort((households.person_ids[members], -density))]
            agency[order[np.cumsum(households.balance_minor[order]) > reserve.balance[k]]] = -1


def fill(agency: Ints, households: Households, count: Ints, balance: Ints, *, values: Ints, ties: Words) -> Ints:
    """Place, in `agency` itself, unplaced households where there is room, the most valuable first; return who was placed."""
    feasible = households.feasible
    placed = np.flatnonzero(agency >= 0)
    room = count - np.bincount(agency[placed], households.case_count[placed], minlength=len(count)).astype(np.int64)
    purse = balance.copy()
    np.subtract.at(purse, agency[placed], households.balance_minor[placed])
    waiting = np.flatnonzero((agency < 0) & _fits(feasible, households, slice(None), room, purse).any(axis=1))
    best = np.where(feasible[waiting], values[waiting], np.iinfo(np.int64).min).max(axis=1, initial=np.iinfo(np.int64).min)
    best = best // households.case_count[waiting]
    newly = []
    for h in waiting[np.lexsort((households.person_ids[waiting], ties[waiting], -best))].tolist():
        fits = _fits(feasible, households, h, room, purse)
        if fits.any():
            k = int(np.argmax(np.where(fits, values[h], np.iinfo(np.int64).min)))
            agency[h] = k
            room[k] -= households.case_count[h]
            purse[k] -= households.balance_minor[h]
            newly.append(h)
        elif not (room > 0).any():
            break
    return np.asarray(newly, dtype=np.int64)


def _fits(feasible: Flags, households: Households, at: slice | int, room: Ints, purse: Ints) -> Flags:
    size, amount = np.atleast_1d(households.case_count[at])[:, None], np.atleast_1d(households.balance_minor[at])[:, None]
    fits: Flags = np.atleast_2d(feasible[at]) & (size <= room) & (amount <= purse)
    return fits if isinstance(at, slice) else fits[0]


def upper_bound(households: Households, reserve: Reserve, values: Ints, *, seat_prices: Reals, balance_prices: Reals) -> int:
    """Return the Lagrangian bound of the linear relaxation, rounded up: valid for any prices that are not negative.

    Σ price·capacity + Σ over households of the best value net of prices, or 0. At the best prices it equals the relaxation's value.
    """
    rent = households.case_count[:, None] * seat_prices + households.balance_minor[:, None] * balance_prices
    net = np.where(households.feasible, values - rent, 0.0)
    capacity = seat_prices @ reserve.count + balance_prices @ reserve.balance
    return int(np.ceil(capacity + np.maximum(net.max(axis=1, initial=0.0), 0.0).sum()))

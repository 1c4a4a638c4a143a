"""Prices of balance: what a unit of an agency's balance capacity is worth, from the linear relaxation of a sample.

The flow knows counts only. Where balances are limited, each household's value is lowered by price times balance before the flow, so
that the flow sends large balances where they are cheap.

Source: docs/algorithms/allocation.md, "Balance capacities".
"""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy import optimize, sparse

from duecourse.engine.allocation.households import Households
from duecourse.engine.allocation.reserve import Reserve
from duecourse.engine.allocation.schemas import Flags, Ints, Reals, Words

SAMPLE_MAX: Final = 5_000
"""Households in the sample; with fewer households the prices are those of the whole relaxation."""


def dual_prices(households: Households, reserve: Reserve, values: Ints, *, limited: Flags, ties: Words) -> tuple[Reals, Reals]:
    """Return float64[K] the price of a seat and float64[K] the price of a minor unit of balance; all are at least 0.

    The sample is drawn by `ties`, the capacities are scaled down to its share of cases and of balance.
    """
    chosen = np.sort(np.lexsort((households.person_ids, ties))[:SAMPLE_MAX])
    size, amount = households.case_count[chosen], households.balance_minor[chosen]
    row, column = np.nonzero(households.feasible[chosen])
    worth = values[chosen][row, column]
    if not len(row):
        return np.zeros(len(limited)), np.zeros(len(limited))
    unit = max(1.0, np.abs(worth).mean())
    purse = max(1.0, amount.mean())
    variables = np.arange(len(row))
    once = sparse.csr_array((np.ones(len(row)), (row, variables)), shape=(len(chosen), len(row)))
    seats = sparse.csr_array((size[row].astype(np.float64), (column, variables)), shape=(len(limited), len(row)))
    purses = sparse.csr_array((amount[row] / purse, (column, variables)), shape=(len(limited), len(row)))[np.flatnonzero(limited)]
    scale, scale_balance = size.sum() / households.case_count.sum(), amount.sum() / max(1, households.balance_minor.sum())
    limits = np.concatenate([np.ones(len(chosen)), reserve.count * scale, (reserve.balance * scale_balance / purse)[limited]])
    solved = optimize.linprog(-worth / unit, A_ub=sparse.vstack([once, seats, purses]), b_ub=limits, method="highs-ipm")
    seat, balance = np.zeros(len(limited)), np.zeros(len(limited))
    if solved.status == 0:
        dual = np.maximum(0.0, -solved.ineqlin.marginals)[len(chosen) :] * unit
        seat = dual[: len(limited)]
        balance[limited] = dual[len(limited) :] / purse
    return seat, balance

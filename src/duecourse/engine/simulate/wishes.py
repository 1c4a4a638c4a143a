"""What the performers would like to dial: their own judgement, which a gate may refuse."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from duecourse.engine.simulate.agencies import Market
from duecourse.engine.simulate.parameters import Behaviour
from duecourse.engine.simulate.schemas import CALLS, Bools, Ints, Reals
from duecourse.engine.simulate.state import NEVER, State

_WEEKDAY_WEIGHT = (1.25, 1.25, 1.25, 1.25, 1.25, 0.5, 0.25)
_BURST_CALLS = 5
_EARLY_MINUTE, _LATE_MINUTE = 7 * 60 + 50, 22 * 60 + 10
_HOURS = np.array([9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20])
_HOUR_SHARES = np.array([6, 12, 10, 3, 4, 9, 10, 10, 10, 11, 10, 5])


def wanted(
    rng: np.random.Generator,
    *,
    state: State,
    holder: Ints,
    market: Market,
    behaviour: Behaviour,
    numbers: pa.Array,
    calls_per_case_month: float,
) -> pa.Table:
    """Return the calls that the performers would like to make today: a `CALLS` frame ordered by performer and minute.

    Each performer dials its open accounts at the wanted rate, more on workdays, within its seats. It likes untouched and long
    untouched accounts, large balances and promises that were due yesterday; it leaves open promises and disputes alone. A few
    accounts are wanted five times in a day, a few at 07:50 or 22:10, the more so by harsh performers.
    """
    balance = state.balance()
    weekday = _WEEKDAY_WEIGHT[(state.today + 3) % 7]
    priority = _priority(rng, state=state, balance=balance)
    is_open = (balance > 0) & ~state.is_disputed & (state.promise_due_on <= state.today)
    frames = []
    for k, code in enumerate(market.codes):
        rows = np.flatnonzero((holder == k) & is_open)
        rate = len(rows) * calls_per_case_month / 30 * weekday
        size = min(int(rng.poisson(rate)), int(market.seats[k]) * behaviour.calls_per_seat_day)
        chosen, minute = _day_of(rng, rows=rows, priority=priority, size=size, harshness=market.harshness[k], behaviour=behaviour)
        written = np.datetime_as_string(np.datetime64(state.today, "D")).replace("-", "")
        requests = [f"{code}-{written}-{n:05d}" for n in range(len(chosen))]
        columns = [requests, numbers.take(pa.array(chosen)), [code] * len(chosen), minute]
        frames.append(
            pa.table([pa.array(column) if isinstance(column, list) else column for column in columns[:3]] + [pa.array(minute)], CALLS)
        )
    return pa.concat_tables(frames) if frames else CALLS.empty_table()


def _priority(rng: np.random.Generator, *, state: State, balance: Ints) -> Reals:
    idle = np.where(state.last_called_on == NEVER, 20, np.minimum(state.today - state.last_called_on, 20))
    chased = (state.promise_due_on != NEVER) & (state.promise_due_on < state.today)
    liking: Reals = 0.25 * idle + 0.5 * np.log(np.maximum(balance, 1)) + 3.0 * chased + rng.gumbel(size=len(balance))
    return liking


def _day_of(
    rng: np.random.Generator, *, rows: Ints, priority: Reals, size: int, harshness: float, behaviour: Behaviour
) -> tuple[Ints, Ints]:
    bursts = int(rng.binomial(size, min(behaviour.burst_share * harshness, 0.5) / _BURST_CALLS)) if size else 0
    single = min(max(size - bursts * (_BURST_CALLS - 1), bursts), len(rows))
    best = rows[np.argpartition(-priority[rows], single - 1)[:single]] if single else rows[:0]
    best = np.sort(best)
    pestered = rng.permutation(best)[:bursts]
    chosen = np.concatenate([best, np.repeat(pestered, _BURST_CALLS - 1)]).astype(np.int64)
    hour = rng.choice(_HOURS, size=len(chosen), p=_HOUR_SHARES / _HOUR_SHARES.sum())
    minute = (hour * 60 + rng.integers(60, size=len(chosen))).astype(np.int64)
    is_night: Bools = rng.random(len(chosen)) < min(behaviour.night_share * harshness, 0.5)
    minute[is_night] = np.where(rng.random(int(is_night.sum())) < 0.5, _EARLY_MINUTE, _LATE_MINUTE)
    order = np.lexsort((chosen, minute))
    return chosen[order], minute[order]

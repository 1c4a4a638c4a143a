"""How money comes: the hazard of a payment, promises kept, booking, reversals and the month's interest."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from duecourse.engine.simulate.agencies import Market
from duecourse.engine.simulate.parameters import COMPONENTS, SEGMENT_OF_BAND, Behaviour, age_band
from duecourse.engine.simulate.population import Accounts
from duecourse.engine.simulate.schemas import PAYMENTS, REVERSALS, Bools, Ints, Reals, dates
from duecourse.engine.simulate.state import NEVER, NOBODY, PendingReversal, State

CHANNELS = ("bank_app", "third_party_app", "direct_debit", "counter")
_CHANNEL_SHARES = np.array([0.5, 0.3, 0.15, 0.05])
_WHOLE_UNIT = 100
_INTEREST_UNIT = 100_000
_ACCRUES_UP_TO_DAYS = 180
_REVERSAL_DAYS = (2, 9)


def daily_chance(state: State, *, accounts: Accounts, market: Market, behaviour: Behaviour, day_of_month: int) -> Reals:
    """Return the chance that each account makes a payment of its own accord today, float64.

    `1 − exp(−λ)`, where log λ = base(band) + frailty + payday + talks + habit + open promise + skill of the holder − earlier hands;
    0 for those who never pay.

    Source: docs/algorithms/simulate.md, "The hazard of a payment".
    """
    band = age_band(state.today - accounts.due_on)
    log = np.array(behaviour.base_log_hazard)[band] + accounts.frailty
    log += behaviour.payday_effect * ((day_of_month == accounts.payday) | (day_of_month == accounts.payday + 1))
    log += accounts.contact_effect * state.contact_memory + behaviour.habit_effect * state.habit_memory
    log += behaviour.pending_promise_effect * (state.promise_due_on > state.today)
    log -= behaviour.hand_discount * np.maximum(state.hand - 1, 0)
    effect = market.skill[state.holder] + market.segment_skill[state.holder, SEGMENT_OF_BAND[band]]
    log += np.where(state.holder == NOBODY, 0.0, effect)
    chance: Reals = np.where(accounts.never_pays, 0.0, -np.expm1(-np.exp(log)))
    return chance


def pay(
    rng: np.random.Generator,
    *,
    state: State,
    accounts: Accounts,
    market: Market,
    behaviour: Behaviour,
    day_of_month: int,
    reference: str,
    currency: str,
) -> pa.Table:
    """Let debtors pay today and book what is due for booking; return what the bank books today, a `PAYMENTS` frame.

    Guarantees:
        A payment is at least one minor unit and at most the account's balance when booked; references are never used twice.
    """
    u = rng.random((7, len(accounts)))
    late = _book(
        np.flatnonzero(state.pending_minor > 0),
        state=state,
        behaviour=behaviour,
        u=u,
        reference=reference,
        currency=currency,
        numbers=accounts.numbers,
    )
    balance = state.balance()
    is_there = (accounts.enters_on <= state.today) & (balance > 0)
    keeps = is_there & (state.promise_due_on == state.today) & state.promise_holds
    chance = daily_chance(state, accounts=accounts, market=market, behaviour=behaviour, day_of_month=day_of_month)
    comes = is_there & (u[0] < chance) & ~keeps
    amount = _amounts(u, state=state, accounts=accounts, behaviour=behaviour, balance=balance)
    state.pending_minor = np.where(keeps, np.minimum(state.promise_minor, balance), np.where(comes, amount, 0))
    state.pending_on = np.where(keeps | comes, state.today, NEVER)
    state.habit_memory[keeps | comes] += 1
    is_prompt = (state.pending_minor > 0) & (u[3] >= behaviour.late_booking_share)
    prompt = _book(
        np.flatnonzero(is_prompt), state=state, behaviour=behaviour, u=u, reference=reference, currency=currency, numbers=accounts.numbers
    )
    return pa.concat_tables([late, prompt])


def take_back(state: State, *, numbers: pa.Array, currency: str) -> pa.Table:
    """Take back the payments whose reversal is due today, restoring what they had met; return a `REVERSALS` frame."""
    due = [pending for pending in state.reversals if pending.due_day == state.today]
    state.reversals = [pending for pending in state.reversals if pending.due_day != state.today]
    for pending in due:
        state.components[pending.row] += pending.split
    columns = [
        pa.array([f"R{pending.external_ref}" for pending in due], pa.string()),
        pa.array([pending.external_ref for pending in due], pa.string()),
        numbers.take(pa.array([pending.row for pending in due], pa.int64())),
        dates(np.full(len(due), state.today, dtype=np.int64)),
        pa.array([int(pending.split.sum()) for pending in due], pa.int64()),
        pa.array([currency] * len(due), pa.string()),
    ]
    return pa.table(columns, schema=REVERSALS)


def accrue(state: State, *, accounts: Accounts, behaviour: Behaviour, days: int) -> None:
    """Add the interest of the past `days` to the accounts that were there and are at most 180 days past due, half up to the minor unit."""
    principal = state.components[:, COMPONENTS.index("principal")]
    rate = np.array(behaviour.daily_interest, dtype=np.int64)[accounts.product]
    interest = (principal * rate * days + _INTEREST_UNIT // 2) // _INTEREST_UNIT
    runs = (accounts.enters_on < state.today) & (state.today - accounts.due_on <= _ACCRUES_UP_TO_DAYS)
    state.components[:, COMPONENTS.index("interest")] += np.where(runs, interest, 0)


def _amounts(u: Reals, *, state: State, accounts: Accounts, behaviour: Behaviour, balance: Ints) -> Ints:
    band = age_band(state.today - accounts.due_on)
    full = np.array(behaviour.full_share)[band]
    instalment = full + np.array(behaviour.instalment_share)[band]
    part = np.maximum((balance * (0.03 + 0.5 * u[2] ** 2)).astype(np.int64) // _WHOLE_UNIT * _WHOLE_UNIT, _WHOLE_UNIT)
    wished = np.where(
        u[1] < full, balance, np.where((u[1] < instalment) & (accounts.instalment_minor > 0), accounts.instalment_minor, part)
    )
    return np.minimum(wished, balance)


def _book(rows: Ints, *, state: State, behaviour: Behaviour, u: Reals, reference: str, currency: str, numbers: pa.Array) -> pa.Table:
    parts = state.components[rows]
    amount = np.minimum(state.pending_minor[rows], parts.sum(axis=1))
    met_before = np.cumsum(parts, axis=1) - parts
    split = np.clip(amount[:, None] - met_before, 0, parts)
    paid_on = state.pending_on[rows]
    refs = [f"{reference}{state.payment_serial + n:08d}" for n in range(len(rows))]
    state.payment_serial += len(rows)
    state.components[rows] = parts - split
    state.last_paid_on[rows], state.last_paid_minor[rows] = paid_on, amount
    state.pending_minor[rows], state.pending_on[rows] = 0, NEVER
    _mark_reversals(u[4:6, rows], rows=rows, refs=refs, split=split, state=state, behaviour=behaviour)
    channel = np.searchsorted(np.cumsum(_CHANNEL_SHARES)[:-1], u[6, rows], side="right")
    columns = [
        pa.array(refs, pa.string()),
        numbers.take(pa.array(rows)),
        dates(paid_on),
        dates(np.full(len(rows), state.today, dtype=np.int64)),
        pa.array(amount),
        pa.array([currency] * len(rows), pa.string()),
        pa.array(np.array(CHANNELS)[channel], pa.string()),
    ]
    return pa.table(columns, schema=PAYMENTS)


def _mark_reversals(u: Reals, *, rows: Ints, refs: list[str], split: Ints, state: State, behaviour: Behaviour) -> None:
    first, last = _REVERSAL_DAYS
    bounced: Bools = u[0] < behaviour.reversal_share
    for n in np.flatnonzero(bounced).tolist():
        due = state.today + first + int(u[1, n] * (last - first + 1))
        state.reversals.append(PendingReversal(due_day=due, row=int(rows[n]), external_ref=refs[n], split=split[n]))

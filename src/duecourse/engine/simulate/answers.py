"""How debtors answer calls: silence, a stranger, a refusal, a dispute, a promise, and now and then a complaint."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from duecourse.engine.frames import conform
from duecourse.engine.simulate.agencies import Market
from duecourse.engine.simulate.parameters import SEGMENT_OF_BAND, Behaviour, age_band
from duecourse.engine.simulate.population import Accounts
from duecourse.engine.simulate.schemas import (
    CALL_OUTCOMES,
    CALLS,
    COMPLAINTS,
    DISPUTES,
    PROMISES,
    Bools,
    Ints,
    Reals,
    UnusableDecision,
    dates,
)
from duecourse.engine.simulate.state import State, located

OUTCOMES = ("no_answer", "wrong_party", "dispute", "promise", "refused", "connected")
_NO_ANSWER, _WRONG_PARTY, _DISPUTE, _PROMISE, _REFUSED, _CONNECTED = range(6)
_TALK_SECONDS = np.array([0, 15, 240, 150, 40, 70])
_SUBJECTS = ("frequency", "hours", "attitude")
_REASONS = ("already_paid", "amount", "not_mine")
_MINUTES_A_DAY = 24 * 60
_WHOLE_UNIT = 100
_DAY_BEGINS, _DAY_ENDS = 8 * 60, 22 * 60


@dataclass(frozen=True, slots=True)
class Answers:
    """What came of a day's calls: frames of the schemas of the same names."""

    call_outcomes: pa.Table
    promises: pa.Table
    complaints: pa.Table
    disputes: pa.Table


@dataclass(frozen=True, slots=True)
class _Dialled:
    """The day's calls in the order they are made: request ids, accounts, performers, minutes, and which call of the day it is."""

    request: pa.Array
    row: Ints
    performer: Ints
    minute: Ints
    turn: Ints

    def part(self, mask: Bools) -> tuple[pa.Array, Ints, Ints]:
        """Return the request ids, accounts and performers of the calls in the mask."""
        return self.request.filter(pa.array(mask)), self.row[mask], self.performer[mask]


def answer(
    calls: pa.Table, *, rng: np.random.Generator, state: State, accounts: Accounts, market: Market, behaviour: Behaviour, currency: str
) -> Answers:
    """Play the day's permitted calls and change the state by them.

    Draws belong to an account and the number of its call that day, so what one account experiences does not depend on the calls to
    others, nor on the order of the frame.

    Raises:
        UnusableDecision: an account or performer is not in the world, a request id is given twice, or a minute is not of the day.
    """
    dialled = _dialled(calls, accounts=accounts, market=market, today=state.today)
    count = len(dialled.row)
    outcome, complains = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.bool_)
    reason, subject = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
    due, amount, seconds = (np.zeros(count, dtype=np.int64) for _ in range(3))
    for turn in range(int(dialled.turn.max(initial=-1)) + 1):
        at = np.flatnonzero(dialled.turn == turn)
        row, performer, minute = dialled.row[at], dialled.performer[at], dialled.minute[at]
        u = rng.random((12, len(accounts)))[:, row]
        outcome[at] = _outcome(
            u, row=row, performer=performer, minute=minute, state=state, accounts=accounts, market=market, behaviour=behaviour
        )
        reason[at] = np.where(state.balance()[row] == 0, 0, np.where(u[6] < 0.7, 1, 2))
        complains[at], subject[at] = _complaint(
            u, outcome=outcome[at], row=row, minute=minute, harshness=market.harshness[performer], state=state, behaviour=behaviour
        )
        due[at], amount[at] = _promise(u, outcome=outcome[at], row=row, state=state, accounts=accounts, behaviour=behaviour)
        seconds[at] = (_TALK_SECONDS[outcome[at]] * (0.4 + 1.2 * u[11])).astype(np.int64)
        _remember(outcome[at], row=row, state=state, behaviour=behaviour)
    names = np.array(market.codes)
    today = np.full(count, state.today, dtype=np.int64)
    numbers = accounts.numbers

    def opening(mask: Bools) -> list[pa.Array]:
        request, row, performer = dialled.part(mask)
        return [request, numbers.take(pa.array(row)), pa.array(names[performer], pa.string()), dates(today[mask])]

    everything, promised = np.ones(count, dtype=np.bool_), outcome == _PROMISE
    label = pa.array(np.array(OUTCOMES)[outcome], pa.string())
    outcomes = [*opening(everything), pa.array(dialled.minute), label, pa.array(outcome != _NO_ANSWER), pa.array(seconds)]
    money = [dates(due[promised]), pa.array(amount[promised]), pa.array([currency] * int(promised.sum()), pa.string())]
    return Answers(
        call_outcomes=pa.table(outcomes, schema=CALL_OUTCOMES),
        promises=pa.table([*opening(promised), *money], schema=PROMISES),
        complaints=_numbered("C", opening(complains), texts=np.array(_SUBJECTS)[subject[complains]], schema=COMPLAINTS),
        disputes=_numbered("D", opening(outcome == _DISPUTE), texts=np.array(_REASONS)[reason[outcome == _DISPUTE]], schema=DISPUTES),
    )


def _numbered(letter: str, opening: list[pa.Array], *, texts: object, schema: pa.Schema) -> pa.Table:
    references = pa.array([f"{letter}-{request}" for request in opening[0].to_pylist()], pa.string())
    return pa.table([references, *opening, pa.array(texts, pa.string())], schema=schema)


def _dialled(calls: pa.Table, *, accounts: Accounts, market: Market, today: int) -> _Dialled:
    frame = conform(calls, CALLS, name="calls").combine_chunks()
    row, performer = located(frame, numbers=accounts.numbers, codes=market.codes, column="performer_code", name="calls")
    minute = np.asarray(frame["minute"], dtype=np.int64)
    request = np.asarray(frame["request_id"], dtype=np.object_).astype(np.str_)
    if len(np.unique(request)) != len(request):
        raise UnusableDecision(frame="calls", reason="a request id is given twice")
    if ((minute < 0) | (minute >= _MINUTES_A_DAY)).any():
        raise UnusableDecision(frame="calls", reason=f"a minute is not between 0 and {_MINUTES_A_DAY - 1}")
    if (accounts.enters_on[row] > today).any():
        raise UnusableDecision(frame="calls", reason="an account has not been on a tape yet")
    order = np.lexsort((request, performer, minute, row))
    row = row[order]
    first = np.searchsorted(row, row, side="left")
    return _Dialled(pa.array(request[order], pa.string()), row, performer[order], minute[order], np.arange(len(row)) - first)


def _outcome(
    u: Reals, *, row: Ints, performer: Ints, minute: Ints, state: State, accounts: Accounts, market: Market, behaviour: Behaviour
) -> Ints:
    band = age_band(state.today - accounts.due_on[row])
    hour = np.where(minute >= 17 * 60, 1.15, np.where(minute < 10 * 60, 0.85, 1.0))
    never, has_paid = accounts.never_pays[row], state.components[row].sum(axis=1) == 0
    answers = accounts.reach[row] * hour * np.where(never, 0.75, 1.0)
    effect = market.skill[performer] + market.segment_skill[performer, SEGMENT_OF_BAND[band]]
    promises = np.array(behaviour.promise_share)[band] * np.exp(effect) * np.where(never, 0.6, 1.0)
    can_promise = ~has_paid & (state.promise_due_on[row] < state.today)
    return np.select(
        [
            u[0] >= answers,
            u[1] < behaviour.wrong_party_share,
            u[2] < np.where(has_paid, 0.5, behaviour.dispute_share),
            (u[3] < promises) & can_promise,
            (u[4] < behaviour.refused_share) & ~has_paid,
        ],
        [_NO_ANSWER, _WRONG_PARTY, _DISPUTE, _PROMISE, _REFUSED],
        _CONNECTED,
    ).astype(np.int64)


def _complaint(
    u: Reals, *, outcome: Ints, row: Ints, minute: Ints, harshness: Reals, state: State, behaviour: Behaviour
) -> tuple[Bools, Ints]:
    is_night = (minute < _DAY_BEGINS) | (minute >= _DAY_ENDS)
    dose = np.exp(behaviour.complaint_dose * state.talks_week[row])
    hazard = behaviour.complaint_hazard * harshness * dose * np.where(is_night, behaviour.night_factor, 1.0)
    complains = (outcome != _NO_ANSWER) & (u[5] < np.minimum(hazard, 0.5))
    subject = np.where(is_night, 1, np.where(state.talks_week[row] > 1, 0, 2))
    return complains, subject.astype(np.int64)


def _promise(u: Reals, *, outcome: Ints, row: Ints, state: State, accounts: Accounts, behaviour: Behaviour) -> tuple[Ints, Ints]:
    band, balance = age_band(state.today - accounts.due_on[row]), state.components[row].sum(axis=1)
    is_full = u[7] < np.array(behaviour.full_share)[band]
    part = np.maximum((balance * (0.1 + 0.4 * u[8])).astype(np.int64) // _WHOLE_UNIT * _WHOLE_UNIT, _WHOLE_UNIT)
    amount = np.where(is_full, balance, np.minimum(part, balance))
    due = state.today + 1 + (u[9] * 7).astype(np.int64)
    kept = np.where(accounts.never_pays[row], behaviour.never_payer_kept, np.array(behaviour.promise_kept)[band])
    made = outcome == _PROMISE
    state.promise_due_on[row[made]] = due[made]
    state.promise_minor[row[made]] = amount[made]
    state.promise_holds[row[made]] = (u[10] < kept)[made]
    return due, amount


def _remember(outcome: Ints, *, row: Ints, state: State, behaviour: Behaviour) -> None:
    state.last_called_on[row] = state.today
    state.is_disputed[row[outcome == _DISPUTE]] = True
    talked = row[outcome >= _DISPUTE]
    state.contact_memory[talked] += behaviour.contact_fatigue ** state.talks_month[talked]
    state.talks_month[talked] += 1
    state.talks_week[talked] += 1

"""The simulated world: decisions in, events out, one day at a time, with a known truth.

What comes out is simulated. It shows that the platform's arithmetic and its evaluation find what is there to be found in a world whose
truth is known; it shows nothing about any real portfolio (docs/algorithms/simulate.md, "What this does not prove").
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields
from datetime import date, timedelta

import numpy as np
import pyarrow as pa

from duecourse.engine.frames import digest
from duecourse.engine.simulate import money
from duecourse.engine.simulate.agencies import draw_market
from duecourse.engine.simulate.answers import answer
from duecourse.engine.simulate.parameters import Behaviour, WorldSettings, draws
from duecourse.engine.simulate.population import TapeState, draw_accounts, month_starts
from duecourse.engine.simulate.schemas import CALLS, PLACEMENTS, Ints, WorldOutOfStep
from duecourse.engine.simulate.state import holders, opening_state
from duecourse.engine.simulate.wishes import wanted

_DRAWS_WISHES, _DRAWS_ANSWERS, _DRAWS_PAYMENTS = 4, 5, 6
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Decisions:
    """What the platform decided for a day.

    Attributes:
        placements: a `PLACEMENTS` frame of all placements, open or not; None leaves the last one given in force.
        calls: a `CALLS` frame of the calls that were permitted and are made today; None for no calls.
    """

    placements: pa.Table | None = None
    calls: pa.Table | None = None


@dataclass(frozen=True, slots=True)
class Events:
    """What happened on a day; each frame has the schema of its name in `schemas`.

    Attributes:
        day: the day played.
        call_outcomes: one row for each call that was made.
        promises: promises made in calls.
        payments: what the bank booked today, paid today or yesterday.
        reversals: payments of earlier days that the bank took back today.
        complaints, disputes: what debtors objected to, each from a call.
    """

    day: date
    call_outcomes: pa.Table
    promises: pa.Table
    payments: pa.Table
    reversals: pa.Table
    complaints: pa.Table
    disputes: pa.Table

    def digest(self) -> str:
        """Return the SHA-256, in hexadecimal, of the day and all its frames."""
        sha = hashlib.sha256(self.day.isoformat().encode())
        for part in fields(self)[1:]:
            frame = getattr(self, part.name)
            sha.update(f"|{part.name}:{digest(frame, keys=[frame.column_names[0]])}".encode())
        return sha.hexdigest()


class World:
    """Debtors, a bank and performers, drawn from a seed and moved by decisions.

    A day goes: `tape` on the first of a month, `wanted_calls`, then `step` with what the platform decided. The world never assumes
    that a wanted call was made.

    Args:
        settings: which world.
        behaviour: how its people behave; the default is the documented one, another is for sensitivity sweeps.
    """

    def __init__(self, settings: WorldSettings, *, behaviour: Behaviour | None = None) -> None:
        self.settings = settings
        self._behaviour = behaviour or Behaviour()
        self._market = draw_market(settings)
        self._accounts = draw_accounts(settings, behaviour=self._behaviour)
        self._month_starts = month_starts(settings)
        self._state = opening_state(self._accounts, today=int(self._month_starts[0]))
        self._placements = PLACEMENTS.empty_table()

    @property
    def present(self) -> date:
        """The day that the next step plays."""
        return _EPOCH + timedelta(days=self._state.today)

    def agencies(self) -> pa.Table:
        """Return what a creditor knows of the performers: an `AGENCIES` frame."""
        return self._market.public()

    def truth(self) -> pa.Table:
        """Return the performers' true log-hazard effects: a `TRUTH` frame, one row per performer and segment."""
        return self._market.truth()

    def tape(self, as_of: date) -> pa.Table:
        """Return the overdue tape of the present day's opening, before its step: a `TAPE` frame in the native columns.

        It holds every account that has joined and still owes; on the first day of a month the month's newcomers are among them.

        Raises:
            WorldOutOfStep: `as_of` is not the present day.
        """
        self._stand_at(as_of)
        state, accounts = self._state, self._accounts
        rows = np.flatnonzero((accounts.enters_on <= state.today) & (state.balance() > 0))
        moving = TapeState(state.today, state.components, state.last_paid_on, state.last_paid_minor)
        return accounts.tape(rows, state=moving, settings=self.settings)

    def wanted_calls(self, day: date, placements: pa.Table | None = None) -> pa.Table:
        """Return the calls that the performers would like to make today: a `CALLS` frame.

        Args:
            day: the present day.
            placements: as in `Decisions`; None for the last ones given to `step`.

        Raises:
            WorldOutOfStep: `day` is not the present day.
            UnusableDecision: the placements do not fit the world.
        """
        self._stand_at(day)
        holder, _ = self._holders(self._placements if placements is None else placements)
        return wanted(
            self._draws(_DRAWS_WISHES),
            state=self._state,
            holder=holder,
            market=self._market,
            behaviour=self._behaviour,
            numbers=self._accounts.numbers,
            calls_per_case_month=self.settings.calls_per_case_month,
        )

    def step(self, day: date, decisions: Decisions) -> Events:
        """Play the present day and move to the next.

        Calls are answered first, then debtors pay, then the bank takes back what bounced. On the eve of a new month interest is added.

        Raises:
            WorldOutOfStep: `day` is not the present day.
            UnusableDecision: a frame names what is not in the world or contradicts itself; the world has not moved.

        Guarantees:
            Equal settings and equal decisions give equal events, whatever the order of the frames' rows. The draws of payments do not
            depend on the decisions, so two policies can be compared on the same world pair by pair.
        """
        self._stand_at(day)
        placements = self._placements if decisions.placements is None else decisions.placements
        calls = CALLS.empty_table() if decisions.calls is None else decisions.calls
        holder, since = self._holders(placements)
        state, accounts, currency = self._state, self._accounts, self.settings.currency
        answers = answer(
            calls,
            rng=self._draws(_DRAWS_ANSWERS),
            state=state,
            accounts=accounts,
            market=self._market,
            behaviour=self._behaviour,
            currency=currency,
        )
        self._placements = placements
        state.place(holder, since=since)
        payments = money.pay(
            self._draws(_DRAWS_PAYMENTS),
            state=state,
            accounts=accounts,
            market=self._market,
            behaviour=self._behaviour,
            day_of_month=day.day,
            reference=f"SIM{self.settings.seed}-",
            currency=currency,
        )
        reversals = money.take_back(state, numbers=accounts.numbers, currency=currency)
        state.fade(self._behaviour)
        self._turn_month()
        return Events(day, answers.call_outcomes, answers.promises, payments, reversals, answers.complaints, answers.disputes)

    def _turn_month(self) -> None:
        month = int(np.searchsorted(self._month_starts, self._state.today))
        if 0 < month < len(self._month_starts) and self._month_starts[month] == self._state.today:
            days = int(self._month_starts[month] - self._month_starts[month - 1])
            money.accrue(self._state, accounts=self._accounts, behaviour=self._behaviour, days=days)

    def _holders(self, placements: pa.Table) -> tuple[Ints, Ints]:
        return holders(placements, numbers=self._accounts.numbers, codes=self._market.codes, today=self._state.today)

    def _draws(self, purpose: int) -> np.random.Generator:
        return draws(self.settings, purpose=purpose, day=self._state.today)

    def _stand_at(self, day: date) -> None:
        if day != self.present:
            raise WorldOutOfStep(present=self.present.isoformat(), asked=day.isoformat())

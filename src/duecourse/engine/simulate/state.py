"""What moves in the world from day to day: balances, placements, promises, memories of talks and payments."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from duecourse.engine.frames import conform
from duecourse.engine.simulate.parameters import Behaviour
from duecourse.engine.simulate.population import Accounts
from duecourse.engine.simulate.schemas import PLACEMENTS, Bools, Ints, Reals, UnusableDecision, ordinals

NOBODY = -1
NEVER = -1


@dataclass(frozen=True, slots=True)
class PendingReversal:
    """A payment that the bank will take back.

    Attributes:
        due_day: days since 1970-01-01.
        row: the account.
        external_ref: of the payment.
        split: what the payment met, int64 in the order of COMPONENTS.
    """

    due_day: int
    row: int
    external_ref: str
    split: Ints


@dataclass(slots=True)
class State:
    """One entry per account; days since 1970-01-01, NEVER for none.

    Attributes:
        today: the day that the next step plays.
        components: amounts owed, int64 (accounts × COMPONENTS).
        holder, holder_from, hand: index of the performer who holds the account (NOBODY for none), since when, and which placement it is.
        contact_memory, habit_memory: decaying traces of talks and of payments.
        talks_month, talks_week: counts of talks that fade over 30 and 7 days.
        last_called_on: day of the last attempt.
        promise_due_on, promise_minor, promise_holds: the open promise, or the one due yesterday, and whether it is kept on its day.
        pending_minor, pending_on: a payment made but not yet booked.
        last_paid_on, last_paid_minor: the last booked payment.
        is_disputed: whether the debtor has disputed.
        reversals: payments that will be taken back; `payment_serial` numbers all payments.
    """

    today: int
    components: Ints
    holder: Ints
    holder_from: Ints
    hand: Ints
    contact_memory: Reals
    habit_memory: Reals
    talks_month: Reals
    talks_week: Reals
    last_called_on: Ints
    promise_due_on: Ints
    promise_minor: Ints
    promise_holds: Bools
    pending_minor: Ints
    pending_on: Ints
    last_paid_on: Ints
    last_paid_minor: Ints
    is_disputed: Bools
    reversals: list[PendingReversal] = field(default_factory=list)
    payment_serial: int = 0

    def balance(self) -> Ints:
        """Return what each account owes in minor units, int64."""
        balance: Ints = self.components.sum(axis=1)
        return balance

    def fade(self, behaviour: Behaviour) -> None:
        """Let a day pass over the memories and drop the promises that came due before it, so that a broken one is known for a day."""
        self.contact_memory *= np.exp(-1 / behaviour.contact_fade_days)
        self.habit_memory *= np.exp(-1 / behaviour.habit_fade_days)
        self.talks_month *= np.exp(-1 / 30)
        self.talks_week *= np.exp(-1 / 7)
        self.promise_due_on[self.promise_due_on < self.today] = NEVER
        self.today += 1

    def place(self, holder: Ints, *, since: Ints) -> None:
        """Take over today's placements; a new performer or a new beginning is a new hand."""
        is_new = (holder != NOBODY) & ((holder != self.holder) | (since != self.holder_from))
        self.hand[is_new] += 1
        self.holder_from = np.where(holder == NOBODY, self.holder_from, since)
        self.holder = holder


def opening_state(accounts: Accounts, *, today: int) -> State:
    """Return the state of a world on its first day."""
    count = len(accounts)

    def never() -> Ints:
        return np.full(count, NEVER, dtype=np.int64)

    return State(
        today=today,
        components=accounts.components.copy(),
        holder=never(),
        holder_from=never(),
        hand=np.zeros(count, dtype=np.int64),
        contact_memory=np.zeros(count),
        habit_memory=np.zeros(count),
        talks_month=np.zeros(count),
        talks_week=np.zeros(count),
        last_called_on=never(),
        promise_due_on=never(),
        promise_minor=np.zeros(count, dtype=np.int64),
        promise_holds=np.zeros(count, dtype=np.bool_),
        pending_minor=np.zeros(count, dtype=np.int64),
        pending_on=never(),
        last_paid_on=accounts.last_paid_on.copy(),
        last_paid_minor=accounts.last_paid_minor.copy(),
        is_disputed=np.zeros(count, dtype=np.bool_),
    )


def holders(placements: pa.Table, *, numbers: pa.Array, codes: tuple[str, ...], today: int) -> tuple[Ints, Ints]:
    """Return who holds each account on a day, and since when.

    Args:
        placements: a `PLACEMENTS` frame; a placement holds on the days from `from_on` up to but not including `until_on`.
        numbers: account numbers of the world.
        codes: codes of the performers.
        today: days since 1970-01-01.

    Raises:
        UnusableDecision: an account or a performer is not in the world, or an account has two holders on the day.
    """
    frame = conform(placements, PLACEMENTS, name="placements")
    row, performer = located(frame, numbers=numbers, codes=codes, column="agency_code", name="placements")
    since, until = ordinals(frame["from_on"]), ordinals(frame["until_on"])
    is_open = (since <= today) & (today < until)
    row, performer, since = row[is_open], performer[is_open], since[is_open]
    if len(np.unique(row)) != len(row):
        raise UnusableDecision(frame="placements", reason=f"{len(row) - len(np.unique(row))} accounts have two holders on one day")
    holder, held_since = np.full(len(numbers), NOBODY, dtype=np.int64), np.full(len(numbers), NEVER, dtype=np.int64)
    holder[row], held_since[row] = performer, since
    return holder, held_since


def located(frame: pa.Table, *, numbers: pa.Array, codes: tuple[str, ...], column: str, name: str) -> tuple[Ints, Ints]:
    """Return the indices of a frame's accounts and performers, int64.

    Raises:
        UnusableDecision: some are not in the world.
    """
    row = pc.index_in(frame["account_number"], value_set=numbers)
    performer = pc.index_in(frame[column], value_set=pa.array(codes, pa.string()))
    for what, found in (("accounts", row), ("performers", performer)):
        if found.null_count:
            raise UnusableDecision(frame=name, reason=f"{found.null_count} rows name {what} that are not in the world")
    return np.asarray(row, dtype=np.int64), np.asarray(performer, dtype=np.int64)

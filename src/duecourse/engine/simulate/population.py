"""Who owes: people, their accounts, and what only the world knows about them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from duecourse.engine.simulate import identity
from duecourse.engine.simulate.parameters import (
    COMPONENTS,
    LENDERS,
    PRESETS,
    PRODUCTS,
    ZONE,
    Behaviour,
    Preset,
    WorldSettings,
    age_band,
    draws,
)
from duecourse.engine.simulate.schemas import EMPLOYER, TAPE, Bools, Ints, Reals, dates
from duecourse.kit.calendar import add_months

_DRAWS_PEOPLE, _DRAWS_ACCOUNTS = 2, 3
_SEVERAL_SHARE = 0.06
_THREE_SHARE = 0.25
_EMAIL_SHARE = 0.5
_WHOLE_UNIT = 100
_LIMIT_STEP = 100_000
_PAYDAYS = (10, 15)


@dataclass(frozen=True, slots=True)
class People:
    """One entry per person.

    Attributes:
        names, id_numbers, phones, addresses, regions, employers: made-up texts; `emails` may be None.
        births: days since 1970-01-01.
        frailty: log-hazard, hidden. payday: day of the month, hidden. reach: chance to answer a call, hidden.
        contact_effect: log-hazard of a talk, hidden; negative for sleeping dogs.
        resolve: uniform draw below which a person never pays, hidden.
    """

    names: list[str]
    id_numbers: list[str]
    births: Ints
    phones: list[str]
    addresses: list[str]
    regions: list[str]
    emails: list[str | None]
    employers: list[str]
    frailty: Reals
    payday: Ints
    reach: Reals
    contact_effect: Reals
    resolve: Reals


@dataclass(frozen=True, slots=True)
class Accounts:
    """One entry per account, those that join later included; people's traits are repeated per account.

    Attributes:
        numbers: account numbers, a `string` array; `person` is the index into People.
        enters_on: the day of the first tape that shows the account; `due_on` the oldest unpaid due date; both days since 1970-01-01.
        product: index into PRODUCTS.
        components: opening amounts in minor units, int64 (accounts × COMPONENTS), in the order in which money meets them.
        limit_minor, instalment_minor: int64, 0 for none.
        never_pays: hidden; frailty, payday, reach, contact_effect: the person's, hidden.
    """

    people: People
    numbers: pa.Array
    person: Ints
    enters_on: Ints
    due_on: Ints
    opened_on: Ints
    product: Ints
    components: Ints
    limit_minor: Ints
    instalment_minor: Ints
    last_paid_on: Ints
    last_paid_minor: Ints
    never_pays: Bools
    frailty: Reals
    payday: Ints
    reach: Reals
    contact_effect: Reals

    def __len__(self) -> int:
        """Return the number of accounts of the world's whole life."""
        return len(self.person)

    def tape(self, rows: Ints, *, state: TapeState, settings: WorldSettings) -> pa.Table:
        """Return the overdue tape of the given rows: a `TAPE` frame, with `employer` appended if the settings ask for it."""
        people, who, parts = self.people, pa.array(self.person[rows]), state.components[rows]
        limit, instalment = self.limit_minor[rows], self.instalment_minor[rows]
        paid_on = state.last_paid_on[rows]
        columns = {
            "account_number": self.numbers.take(pa.array(rows)),
            "person_name": pa.array(people.names).take(who),
            "id_type": pa.array(["resident_id"] * len(rows), pa.string()),
            "id_number": pa.array(people.id_numbers).take(who),
            "birth_on": dates(people.births[self.person[rows]]),
            "phone": pa.array(people.phones).take(who),
            "phone_zone": pa.array([ZONE] * len(rows), pa.string()),
            "address": pa.array(people.addresses).take(who),
            "region": pa.array(people.regions).take(who),
            "product_class": pa.array(PRODUCTS).take(pa.array(self.product[rows])),
            "lender_class": pa.array(LENDERS).take(pa.array(self.product[rows])),
            "currency": pa.array([settings.currency] * len(rows), pa.string()),
            **{f"{name}_minor": pa.array(parts[:, COMPONENTS.index(name)]) for name in ("principal", "interest", "fee", "penalty")},
            "balance_minor": pa.array(parts.sum(axis=1)),
            "oldest_due_on": dates(self.due_on[rows]),
            "days_past_due": pa.array(state.today - self.due_on[rows]),
            "opened_on": dates(self.opened_on[rows]),
            "credit_limit_minor": pa.array(limit, mask=limit == 0),
            "instalment_minor": pa.array(instalment, mask=instalment == 0),
            "last_paid_on": dates(paid_on, missing=paid_on < 0),
            "last_paid_minor": pa.array(state.last_paid_minor[rows], mask=paid_on < 0),
            "email": pa.array(people.emails, pa.string()).take(who),
        }
        if settings.with_employer:
            employer = pa.array(people.employers).take(who)
            return pa.table([*list(columns.values()), employer], schema=TAPE.append(EMPLOYER))
        return pa.table(list(columns.values()), schema=TAPE)


@dataclass(frozen=True, slots=True)
class TapeState:
    """The moving part of a tape: today (days since 1970-01-01), components, and the last payment (day -1 for none)."""

    today: int
    components: Ints
    last_paid_on: Ints
    last_paid_minor: Ints


def draw_accounts(settings: WorldSettings, *, behaviour: Behaviour) -> Accounts:
    """Return all accounts of a world: `account_count` for the first tape and the preset's newcomers for each later month.

    About 6 % of people hold two or three accounts, which may join in different months.
    """
    preset = PRESETS[settings.preset]
    newcomers = round(settings.account_count * preset.newcomer_share)
    count = settings.account_count + newcomers * (settings.months - 1)
    people, person = _draw_people(settings, count=count, behaviour=behaviour)
    rng = draws(settings, purpose=_DRAWS_ACCOUNTS)
    month = rng.permutation(np.concatenate([np.zeros(settings.account_count), np.repeat(np.arange(1, settings.months), newcomers)]))
    starts = month_starts(settings)
    enters_on = starts[month.astype(np.int64)]
    age = _draw_ages(rng, preset=preset, is_newcomer=month > 0)
    product = rng.choice(len(PRODUCTS), size=count, p=preset.product_shares).astype(np.int64)
    components, instalment, limit = _draw_amounts(rng, preset=preset, product=product, age=age)
    due_on = enters_on - age
    loyalty = rng.integers(180, 2000, size=count)
    paid_before = rng.integers(20, 45, size=count)
    has_paid = rng.random(count) < 0.9
    return Accounts(
        people=people,
        numbers=pc.binary_join_element_wise(
            pa.array(("CC", "CL", "AL", "ML")).take(pa.array(product)), pa.array([f"{n + 1:010d}" for n in range(count)]), ""
        ),
        person=person,
        enters_on=enters_on,
        due_on=due_on,
        opened_on=due_on - loyalty,
        product=product,
        components=components,
        limit_minor=limit,
        instalment_minor=instalment,
        last_paid_on=np.where(has_paid, due_on - paid_before, -1),
        last_paid_minor=np.where(has_paid, instalment, 0),
        never_pays=people.resolve[person] < np.array(behaviour.never_pay_share)[age_band(age)],
        frailty=people.frailty[person],
        payday=people.payday[person],
        reach=people.reach[person],
        contact_effect=people.contact_effect[person],
    )


def month_starts(settings: WorldSettings) -> Ints:
    """Return the day on which each month of the world begins, days since 1970-01-01; a day a month lacks becomes its last."""
    starts = [add_months(settings.start_on, k, rounding="end_of_month") for k in range(settings.months)]
    return np.array(starts, dtype="datetime64[D]").astype(np.int64)


def _draw_people(settings: WorldSettings, *, count: int, behaviour: Behaviour) -> tuple[People, Ints]:
    rng = draws(settings, purpose=_DRAWS_PEOPLE)
    holdings = np.where(rng.random(count) < _SEVERAL_SHARE, np.where(rng.random(count) < _THREE_SHARE, 3, 2), 1)
    person = np.repeat(np.arange(count), holdings)[:count]
    many = int(person[-1]) + 1
    codes, weights = list(identity.PROVINCES), np.array([weight for _, weight in identity.PROVINCES.values()])
    regions = [codes[k] for k in rng.choice(len(codes), size=many, p=weights / weights.sum()).tolist()]
    start = int(np.datetime64(settings.start_on, "D").astype(np.int64))
    births = start - rng.integers(27 * 365, 61 * 365, size=many)
    phones = identity.phone_numbers(rng, count=many)
    has_email = (rng.random(many) < _EMAIL_SHARE).tolist()
    is_dog = rng.random(many) < behaviour.sleeping_dog_share
    people = People(
        names=identity.person_names(rng, count=many),
        id_numbers=identity.identity_numbers(rng, regions=regions, births=births),
        births=births,
        phones=phones,
        addresses=identity.street_addresses(rng, regions=regions),
        regions=regions,
        emails=[f"p{phone[3:]}@{identity.EMAIL_DOMAIN}" if has else None for phone, has in zip(phones, has_email, strict=True)],
        employers=[f"示范公司{n}号" for n in rng.integers(1, 500, size=many).tolist()],
        frailty=rng.normal(-0.5 * behaviour.frailty_sd**2, behaviour.frailty_sd, size=many),
        payday=np.array(_PAYDAYS)[rng.integers(len(_PAYDAYS), size=many)],
        reach=rng.beta(3.0, 3.6, size=many),
        contact_effect=np.where(is_dog, behaviour.sleeping_dog_effect, behaviour.contact_effect * rng.gamma(4.0, 0.25, size=many)),
        resolve=rng.random(many),
    )
    return people, person


def _draw_ages(rng: np.random.Generator, *, preset: Preset, is_newcomer: Bools) -> Ints:
    shares = np.array([share for _, _, share in preset.ages])
    group = rng.choice(len(preset.ages), size=len(is_newcomer), p=shares / shares.sum())
    low = np.array([first for first, _, _ in preset.ages])[group]
    high = np.array([last for _, last, _ in preset.ages])[group]
    low, high = np.where(is_newcomer, preset.newcomer_days[0], low), np.where(is_newcomer, preset.newcomer_days[1], high)
    return rng.integers(low, high + 1).astype(np.int64)


def _draw_amounts(rng: np.random.Generator, *, preset: Preset, product: Ints, age: Ints) -> tuple[Ints, Ints, Ints]:
    count = len(product)
    median = np.array(preset.balance_median_minor)[product]
    balance = np.maximum(median * np.exp(rng.normal(size=count) * preset.balance_log_sd), 20_000).astype(np.int64)
    months_late = np.minimum(age, 360) / 30.0
    interest = (balance * np.minimum(0.015 * (months_late + 1) * rng.uniform(0.7, 1.3, count), 0.3)).astype(np.int64)
    penalty = (balance * np.minimum(0.005 * months_late * rng.uniform(0.5, 1.5, count), 0.1)).astype(np.int64)
    fee = np.where(rng.random(count) < 0.4, (balance * 0.01).astype(np.int64), 0)
    principal = balance - interest - penalty - fee
    is_card = product == PRODUCTS.index("credit_card")
    spread = np.where(is_card, 10, np.array([6, 12, 18])[rng.integers(3, size=count)])
    instalment = np.maximum(balance // spread // _WHOLE_UNIT, 50) * _WHOLE_UNIT
    limit = np.where(is_card, ((principal * rng.uniform(1.0, 1.6, count)).astype(np.int64) // _LIMIT_STEP + 1) * _LIMIT_STEP, 0)
    return np.stack([fee, penalty, interest, principal], axis=1), np.minimum(instalment, balance), limit

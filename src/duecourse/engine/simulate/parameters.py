"""What the simulated world assumes: presets, behaviour and settings.

The numbers are chosen so that the moments named in docs/algorithms/simulate.md come out; none was estimated from a creditor's books.
The hazards are per day and on the log scale; tuples over age bands go M1, M2, M3, M4–M6, M7–M12, M13 and older.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Literal, get_args

import numpy as np

from duecourse.engine.simulate.schemas import Ints, WorldUnimaginable

PresetName = Literal["m1_cards", "m2_m3_cfc", "m4plus_writeoff", "mixed", "placebo"]

BAND_STARTS: Ints = np.array([31, 61, 91, 181, 361], dtype=np.int64)
SEGMENTS = ("M1", "M2_M3", "M4_PLUS")
SEGMENT_OF_BAND: Ints = np.array([0, 1, 1, 2, 2, 2], dtype=np.int64)
PRODUCTS = ("credit_card", "consumer_loan", "auto_loan", "micro_loan")
LENDERS = ("bank", "consumer_finance", "bank", "micro_loan")
COMPONENTS = ("fee", "penalty", "interest", "principal")
ZONE = "Asia/Shanghai"


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """How debtors, agencies and the bank behave.

    Attributes:
        base_log_hazard: log of the daily hazard of a spontaneous payment (self-cure), by band.
        never_pay_share: share of accounts that pay nothing of their own accord, by band at entry.
        frailty_sd: standard deviation of a person's log-hazard frailty.
        payday_effect: log-hazard on the person's payday (10th or 15th) and the day after.
        pending_promise_effect: log-hazard while a promise is open, for people wait for its day.
        contact_effect: log-hazard just after a talk with the debtor; it fades over `contact_fade_days`.
        contact_fatigue: each further talk within about 30 days counts this much of the one before.
        sleeping_dog_share: share of people on whom talks work the other way, with `sleeping_dog_effect`.
        habit_effect: log-hazard just after a payment; it fades over `habit_fade_days`.
        hand_discount: log-hazard lost for each earlier placement.
        full_share, instalment_share: shares of payments that clear the balance, or pay one instalment, by band; the rest is a part.
        promise_share: chance that a talk ends in a promise, by band.
        promise_kept: chance that a promise is kept by one who pays at all, by band; `never_payer_kept` for the others.
        wrong_party_share, refused_share, dispute_share: chances among answered calls.
        complaint_hazard: chance of a complaint for an answered call by an agency of harshness 1; times `exp(complaint_dose)` for each
            talk of the past week, and `night_factor` outside 08:00–22:00.
        reversal_share: share of payments that the bank takes back within two to nine days.
        late_booking_share: share of payments booked on the day after they are made.
        daily_interest: interest by product, in hundred-thousandths of the principal a day; nothing accrues beyond 180 days past due.
        calls_per_seat_day: what one seat can dial in a day.
        burst_share, night_share: shares of wanted calls that belong to four or more a day for one account, and that fall outside
            08:00–22:00: the gate must have something to refuse.
    """

    base_log_hazard: tuple[float, ...] = (-3.1, -4.2, -4.7, -5.6, -6.0, -6.4)
    never_pay_share: tuple[float, ...] = (0.10, 0.25, 0.35, 0.55, 0.65, 0.75)
    frailty_sd: float = 0.7
    payday_effect: float = 1.0
    pending_promise_effect: float = -1.2
    contact_effect: float = 0.5
    contact_fade_days: float = 5.0
    contact_fatigue: float = 0.8
    sleeping_dog_share: float = 0.06
    sleeping_dog_effect: float = -0.3
    habit_effect: float = 0.4
    habit_fade_days: float = 25.0
    hand_discount: float = 0.25
    full_share: tuple[float, ...] = (0.70, 0.45, 0.35, 0.12, 0.08, 0.05)
    instalment_share: tuple[float, ...] = (0.10, 0.25, 0.30, 0.45, 0.50, 0.50)
    promise_share: tuple[float, ...] = (0.40, 0.28, 0.22, 0.10, 0.07, 0.05)
    promise_kept: tuple[float, ...] = (0.62, 0.60, 0.58, 0.60, 0.60, 0.60)
    never_payer_kept: float = 0.03
    wrong_party_share: float = 0.06
    refused_share: float = 0.22
    dispute_share: float = 0.004
    complaint_hazard: float = 0.0025
    complaint_dose: float = 0.35
    night_factor: float = 10.0
    reversal_share: float = 0.004
    late_booking_share: float = 0.3
    daily_interest: tuple[int, ...] = (50, 55, 30, 60)
    calls_per_seat_day: int = 90
    burst_share: float = 0.05
    night_share: float = 0.03


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """A population and a market.

    Attributes:
        ages: (first day past due, last day past due, share) of the first tape.
        newcomer_days: first and last day past due of accounts that join later.
        newcomer_share: newcomers a month, as a share of the first tape.
        product_shares: shares of PRODUCTS.
        balance_median_minor: median balance by product; `balance_log_sd` is the standard deviation of its logarithm.
        skill_sd, segment_skill_sd: standard deviations of the agencies' log-hazard effects.
        harshness_sd: standard deviation of the logarithm of harshness, correlated .5 with skill.
        fee_bp: typical contingency fee; `fee_spread_bp` each way between the cheapest and the dearest agency.
    """

    ages: tuple[tuple[int, int, float], ...]
    newcomer_days: tuple[int, int]
    newcomer_share: float
    product_shares: tuple[float, ...]
    balance_median_minor: tuple[int, ...] = (900_000, 700_000, 3_500_000, 450_000)
    balance_log_sd: float = 0.9
    skill_sd: float = 0.2
    segment_skill_sd: float = 0.08
    harshness_sd: float = 0.4
    fee_bp: int = 1200
    fee_spread_bp: int = 300


_MIXED_AGES = ((3, 30, 0.42), (31, 60, 0.20), (61, 90, 0.12), (91, 180, 0.13), (181, 360, 0.08), (361, 900, 0.05))
_MIXED_PRODUCTS = (0.55, 0.30, 0.05, 0.10)

PRESETS: dict[PresetName, Preset] = {
    "m1_cards": Preset(
        ages=((3, 30, 1.0),),
        newcomer_days=(1, 30),
        newcomer_share=0.6,
        product_shares=(1.0, 0.0, 0.0, 0.0),
        fee_bp=500,
        fee_spread_bp=100,
    ),
    "m2_m3_cfc": Preset(
        ages=((31, 60, 0.6), (61, 90, 0.4)),
        newcomer_days=(31, 60),
        newcomer_share=0.35,
        product_shares=(0.0, 1.0, 0.0, 0.0),
    ),
    "m4plus_writeoff": Preset(
        ages=((91, 180, 0.25), (181, 360, 0.35), (361, 1080, 0.40)),
        newcomer_days=(91, 120),
        newcomer_share=0.05,
        product_shares=(0.8, 0.2, 0.0, 0.0),
        balance_median_minor=(1_800_000, 1_000_000, 3_500_000, 500_000),
        fee_bp=2500,
        fee_spread_bp=500,
    ),
    "mixed": Preset(ages=_MIXED_AGES, newcomer_days=(1, 30), newcomer_share=0.25, product_shares=_MIXED_PRODUCTS),
    "placebo": Preset(
        ages=_MIXED_AGES,
        newcomer_days=(1, 30),
        newcomer_share=0.25,
        product_shares=_MIXED_PRODUCTS,
        skill_sd=0.0,
        segment_skill_sd=0.0,
        harshness_sd=0.0,
        fee_spread_bp=0,
    ),
}


@dataclass(frozen=True, slots=True)
class WorldSettings:
    """Which world to draw.

    Attributes:
        seed: the world's only source of chance, 0 or more; equal settings give equal worlds.
        account_count: accounts on the first tape.
        months: calendar months from `start_on` for which newcomers join.
        agency_count: external agencies.
        in_house: whether the creditor has its own team, whose skill is 0 by definition.
        currency: label of the amounts; they are drawn as if it had two decimals.
        start_on: the first day, on which the first tape is drawn up.
        preset: population and market.
        calls_per_case_month: how many calls the performers would like to make, on average, for a placed account in 30 days.
        with_employer: whether tapes carry the surplus personal column `employer`.

    Raises:
        WorldUnimaginable: a value is out of its range.
    """

    seed: int
    account_count: int = field(kw_only=True)
    months: int = field(kw_only=True)
    agency_count: int = field(default=6, kw_only=True)
    in_house: bool = field(default=True, kw_only=True)
    currency: str = field(default="CNY", kw_only=True)
    start_on: date = field(default=date(2026, 6, 1), kw_only=True)
    preset: PresetName = field(default="mixed", kw_only=True)
    calls_per_case_month: float = field(default=0.7, kw_only=True)
    with_employer: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        """Refuse what cannot be drawn."""
        reasons = {
            "the seed is negative": self.seed < 0,
            "there are no accounts": self.account_count < 1,
            "more than ten million accounts": self.account_count > 10_000_000,
            "there are no months": self.months < 1,
            "there is neither an agency nor an in-house team": self.agency_count < 1 and not self.in_house,
            "more than 99 agencies, or fewer than none": not 0 <= self.agency_count <= 99,
            "calls_per_case_month is not between 0 and 30": not 0 <= self.calls_per_case_month <= 30,
            f"the preset {self.preset!r} is not one of {', '.join(get_args(PresetName))}": self.preset not in PRESETS,
        }
        broken = [reason for reason, holds in reasons.items() if holds]
        if broken:
            raise WorldUnimaginable(reason="; ".join(broken))


def age_band(days_past_due: Ints) -> Ints:
    """Return the index of the age band, int64 of the same shape: 0 for M1 (1–30 days), … 5 for M13 and older."""
    return np.searchsorted(BAND_STARTS, days_past_due, side="right").astype(np.int64)


def draws(settings: WorldSettings, *, purpose: int, day: int = 0) -> np.random.Generator:
    """Return the generator of one purpose and day: streams do not touch, so one kind of decision leaves the other draws as they were."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([settings.seed, purpose, day])))

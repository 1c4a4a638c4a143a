"""The market: external agencies and the creditor's own team, what everyone sees of them and what only the world knows."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import pyarrow as pa

from duecourse.engine.simulate.parameters import PRESETS, SEGMENTS, WorldSettings, draws
from duecourse.engine.simulate.schemas import AGENCIES, TRUTH, Ints, Reals

IN_HOUSE_CODE = "INHOUSE"
_DRAWS_AGENCIES = 1
_CASES_PER_SEAT = 180
_ROOM = 1.25
_IN_HOUSE_ROOM = 0.15
_SKILL_HARSHNESS_CORRELATION = 0.5
_NAMES = (
    ("Aoki Collections", "青木催收"),
    ("Birch Recovery", "白桦资产服务"),
    ("Cedar Credit Services", "雪松信用服务"),
    ("Dogwood Partners", "山茱萸商务咨询"),
    ("Elm Street Services", "榆街外包服务"),
    ("Fir & Field", "冷杉田野信息"),
    ("Ginkgo Recovery", "银杏资产管理"),
    ("Hazel Credit", "榛子信用管理"),
)


@dataclass(frozen=True, slots=True)
class Market:
    """The performers, external agencies first and the in-house team last; one entry each.

    Attributes:
        codes, names, names_zh, kinds: public texts; `kinds` is `external` or `in_house`.
        seats, capacity, fee_bp: public numbers, int64; the in-house team has no fee.
        skill: log-hazard effect, float64, hidden; 0 for the in-house team.
        segment_skill: log-hazard effect per segment, float64 (performers × SEGMENTS), hidden.
        harshness: factor on complaints, float64, hidden; 1 is ordinary.
    """

    codes: tuple[str, ...]
    names: tuple[str, ...]
    names_zh: tuple[str, ...]
    kinds: tuple[str, ...]
    seats: Ints
    capacity: Ints
    fee_bp: Ints
    skill: Reals
    segment_skill: Reals
    harshness: Reals

    def public(self) -> pa.Table:
        """Return what a creditor knows: an `AGENCIES` frame."""
        columns = [self.codes, self.names, self.names_zh, self.kinds, self.seats, self.capacity, self.fee_bp]
        return pa.table([pa.array(column) for column in columns], schema=AGENCIES)

    def truth(self) -> pa.Table:
        """Return what only the world knows: a `TRUTH` frame, one row per performer and segment."""
        count, width = self.segment_skill.shape
        skill, segment = np.repeat(self.skill, width), self.segment_skill.ravel()
        columns = [
            np.repeat(np.array(self.codes), width),
            np.tile(np.array(SEGMENTS), count),
            skill,
            segment,
            skill + segment,
            np.repeat(self.harshness, width),
        ]
        return pa.table([pa.array(column) for column in columns], schema=TRUTH)


def draw_market(settings: WorldSettings) -> Market:
    """Return the performers of a world.

    Skills are the evenly spaced quantiles of a normal law in random order, so that every world has good and poor agencies whatever
    its seed. The capacities of all performers together are a quarter more than the first tape needs.
    """
    preset, rng = PRESETS[settings.preset], draws(settings, purpose=_DRAWS_AGENCIES)
    external = settings.agency_count
    z = rng.permutation(_quantiles(external))
    other = rng.permutation(_quantiles(external))
    harsh = _SKILL_HARSHNESS_CORRELATION * z + np.sqrt(1 - _SKILL_HARSHNESS_CORRELATION**2) * other
    segment = rng.normal(size=(external, len(SEGMENTS))) * preset.segment_skill_sd + 0.0
    fee = preset.fee_bp + np.round(rng.permutation(np.linspace(-1, 1, external)) * preset.fee_spread_bp).astype(np.int64)
    room = settings.account_count * (_ROOM - (_IN_HOUSE_ROOM if settings.in_house else 0))
    weight = np.exp(rng.normal(size=external) * 0.35)
    own = int(settings.in_house)
    capacity = np.ceil(np.append(room * weight / max(weight.sum(), 1e-9), [settings.account_count * _IN_HOUSE_ROOM] * own)).astype(np.int64)
    if settings.in_house and not external:
        capacity = np.array([np.ceil(settings.account_count * _ROOM)], dtype=np.int64)
    names = [_NAMES[k] if k < len(_NAMES) else (f"Agency {k + 1}", f"第{k + 1}催收机构") for k in range(external)]
    names += [("In-house team", "内催团队")] * own
    return Market(
        codes=tuple(f"A{k + 1:02d}" for k in range(external)) + (IN_HOUSE_CODE,) * own,
        names=tuple(name for name, _ in names),
        names_zh=tuple(name for _, name in names),
        kinds=("external",) * external + ("in_house",) * own,
        seats=np.maximum(capacity // _CASES_PER_SEAT, 1),
        capacity=capacity,
        fee_bp=np.append(fee, [0] * own).astype(np.int64),
        skill=np.append(z * preset.skill_sd + 0.0, [0.0] * own),
        segment_skill=np.vstack([segment, np.zeros((own, len(SEGMENTS)))]),
        harshness=np.append(np.exp(harsh * preset.harshness_sd), [1.0] * own),
    )


def _quantiles(count: int) -> Reals:
    law = NormalDist()
    return np.array([law.inv_cdf((k + 0.5) / count) for k in range(count)], dtype=np.float64)

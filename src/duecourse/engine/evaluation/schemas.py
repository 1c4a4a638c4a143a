"""The frames and the policy of evaluation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from duecourse.kit.errors import InvalidInput

Ints = npt.NDArray[np.int64]
Reals = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

BP: Final = 10_000

OUTCOMES: Final = pa.schema(
    [
        pa.field("case_id", pa.int64(), nullable=False),
        pa.field("person_id", pa.int64(), nullable=False),
        pa.field("agency_id", pa.int64(), nullable=False),
        pa.field("contract_id", pa.int64(), nullable=False),
        pa.field("batch_id", pa.int64(), nullable=False),
        pa.field("segment_key", pa.string(), nullable=False),
        pa.field("currency", pa.string(), nullable=False),
        pa.field("placed_minor", pa.int64(), nullable=False),
        pa.field("recovered_minor", pa.int64(), nullable=False),
        pa.field("in_slice", pa.bool_(), nullable=False),
        pa.field("draw_share", pa.float64(), nullable=False),
    ]
)
"""One row per placed case. `placed_minor` is frozen at placement; `recovered_minor` is what is attributed to the placement, net of
reversals, so it may be negative. `segment_key`, `in_slice` and `draw_share` are those of the allocation."""

EXPECTATIONS: Final = pa.schema(
    [
        pa.field("case_id", pa.int64(), nullable=False),
        pa.field("payer_share", pa.float64(), nullable=False),
        pa.field("recovered_minor", pa.float64(), nullable=False),
    ]
)
"""What an agency-blind model expects of each case from what was known at placement: probability to pay, and money."""

FLOORS: Final = pa.schema(
    [pa.field("contract_id", pa.int64(), nullable=False), pa.field("floor_rate_bp", pa.int64(), nullable=False)],
)
"""The recovery rate each contract promises, in basis points of the placed amount."""

SCORECARD: Final = pa.schema(
    [
        pa.field("agency_id", pa.int64(), nullable=False),
        pa.field("contract_id", pa.int64(), nullable=False),
        pa.field("measure", pa.string(), nullable=False),
        pa.field("evidence", pa.string(), nullable=False),
        pa.field("case_count", pa.int64(), nullable=False),
        pa.field("effective_count", pa.float64(), nullable=False),
        pa.field("placed_minor", pa.int64(), nullable=False),
        pa.field("recovered_minor", pa.int64(), nullable=False),
        pa.field("observed", pa.float64(), nullable=False),
        pa.field("expected", pa.float64(), nullable=False),
        pa.field("ratio", pa.float64()),
        pa.field("effect_mean", pa.float64(), nullable=False),
        pa.field("effect_median", pa.float64(), nullable=False),
        pa.field("effect_low", pa.float64(), nullable=False),
        pa.field("effect_high", pa.float64(), nullable=False),
        pa.field("best_share", pa.float64()),
        pa.field("top_three_share", pa.float64()),
        pa.field("below_floor_share", pa.float64()),
        pa.field("can_rank", pa.bool_(), nullable=False),
        pa.field("why_not", pa.string()),
    ]
)
"""One row per agency, contract, measure (payers, money) and evidence (randomised, adjusted).

`observed` and `expected` are weighted sums: debtors' cases that paid, or winsorised money in minor units; over the agencies of the random
slice both sums are equal. `ratio` is observed over
expected, null where nothing was expected. `effect_*` is its shrunk form, 1 being average: posterior mean, median, 5 % and 95 %.
`best_share` and `top_three_share` are probabilities, null where `can_rank` is False; `why_not` says why. There is no rank."""

RATES: Final = pa.schema(
    [
        pa.field("contract_id", pa.int64(), nullable=False),
        pa.field("batch_id", pa.int64()),
        pa.field("currency", pa.string(), nullable=False),
        pa.field("case_count", pa.int64(), nullable=False),
        pa.field("placed_minor", pa.int64(), nullable=False),
        pa.field("recovered_minor", pa.int64(), nullable=False),
        pa.field("rate_bp", pa.int64()),
    ]
)
"""Contractual recovery rates: `rate_bp` = floor(10,000 · recovered / placed), null where nothing was placed."""

WHY_NOT: Final[dict[str, tuple[str, str]]] = {
    "too_few_cases": ("Cannot rank yet: too few cases.", "案件数量不足，暂不能排名。"),
    "uneven_weights": ("Cannot rank yet: a few cases carry too much weight.", "少数案件权重过大，暂不能排名。"),
    "no_expectation": ("Cannot rank: nothing was expected of these cases.", "无预期回收，不能排名。"),
    "only_one_agency": ("Cannot rank: there is no other agency.", "没有其他机构可比较。"),
}
"""English and Chinese text of why an agency cannot be ranked."""


class EvaluationInputWrong(InvalidInput):
    """A frame of an evaluation contradicts itself."""

    what = "The evaluation cannot be computed: {reasons}."
    why = "Each case has one outcome and one expectation, in one currency; probabilities lie between 0 and 1."
    todo = "Correct the rows named and evaluate again."
    read = "docs/algorithms/evaluation.md"


@dataclass(frozen=True, slots=True)
class EvaluationPolicy:
    """What the creditor decides about an evaluation.

    Attributes:
        rank_count_min: effective cases an agency needs before probabilities of rank are shown.
        weight_share_max: no case may carry more than this share of its agency's weight.
        winsor_share: money of a case above this quantile of the payers' is counted as the quantile.
        spread_prior: scale of the half-normal prior on the standard deviation between agencies.
        is_slice_own_mean: the random slice is compared with its own mean; False compares it with all cases, as segment-rates/1 did.
    """

    rank_count_min: int = 600
    weight_share_max: float = 0.05
    winsor_share: float = 0.99
    spread_prior: float = 0.3
    is_slice_own_mean: bool = True

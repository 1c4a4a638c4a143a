"""The frames and the policy of allocation, and what each reason means in both languages."""

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
Words = npt.NDArray[np.uint64]

BP: Final = 10_000
"""Basis points in one."""

PREVIOUS_AGENCY: Final = "previous_agency"
"""The reason in EXCLUSIONS that says 'this case has been with this agency before'; policy may overlook it."""

CASES: Final = pa.schema(
    [
        pa.field("case_id", pa.int64(), nullable=False),
        pa.field("person_id", pa.int64(), nullable=False),
        pa.field("segment_key", pa.string(), nullable=False),
        pa.field("product_class", pa.string(), nullable=False),
        pa.field("region", pa.string()),
        pa.field("currency", pa.string(), nullable=False),
        pa.field("balance_minor", pa.int64(), nullable=False),
        pa.field("expected_recovered_minor", pa.int64(), nullable=False),
        pa.field("hand", pa.int16(), nullable=False),
    ]
)
"""One row per case that may be placed; `expected_recovered_minor` comes from an agency-blind model, before any fee.
A null region is unknown: only agencies without a list of regions may take it."""

AGENCIES: Final = pa.schema(
    [
        pa.field("agency_id", pa.int64(), nullable=False),
        pa.field("contract_id", pa.int64(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("capacity_count", pa.int64()),
        pa.field("capacity_minor", pa.int64()),
        pa.field("share_min_bp", pa.int64(), nullable=False),
        pa.field("share_cap_bp", pa.int64(), nullable=False),
        pa.field("regions", pa.list_(pa.string())),
        pa.field("products", pa.list_(pa.string())),
        pa.field("multiplier_bp", pa.int64(), nullable=False),
        pa.field("fee_rate_bp", pa.int64(), nullable=False),
        pa.field("complaint_cost_minor", pa.int64(), nullable=False),
    ]
)
"""One row per agency. `kind` is external, in_house or law_firm. Null capacity is no limit, null list is everywhere or everything.
Shares are of the count of eligible cases; `multiplier_bp` is the agency's effect on the expected recovery, 10,000 being average."""

EXCLUSIONS: Final = pa.schema(
    [
        pa.field("case_id", pa.int64(), nullable=False),
        pa.field("agency_id", pa.int64()),
        pa.field("reason", pa.string(), nullable=False),
    ]
)
"""What forbids a case an agency, or all agencies when `agency_id` is null (hold, stop list); the reason is kept in the result."""

EFFECTS: Final = pa.schema(
    [
        pa.field("agency_id", pa.int64(), nullable=False),
        pa.field("segment_key", pa.string()),
        pa.field("effect_bp", pa.int64(), nullable=False),
    ]
)
"""Multipliers on an agency's `multiplier_bp`: a null segment means all segments; all rows that apply are multiplied."""

ROWS: Final = pa.schema(
    [
        pa.field("case_id", pa.int64(), nullable=False),
        pa.field("person_id", pa.int64(), nullable=False),
        pa.field("agency_id", pa.int64()),
        pa.field("contract_id", pa.int64()),
        pa.field("planned_agency_id", pa.int64()),
        pa.field("drawn_agency_id", pa.int64()),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("in_slice", pa.bool_(), nullable=False),
        pa.field("stratum", pa.string(), nullable=False),
        pa.field("feasible_set_id", pa.int64(), nullable=False),
        pa.field("draw_share", pa.float64(), nullable=False),
        pa.field("propensity_share", pa.float64(), nullable=False),
        pa.field("balance_minor", pa.int64(), nullable=False),
        pa.field("value_minor", pa.int64(), nullable=False),
    ]
)
"""One row per case, ordered by case_id. `planned_agency_id` is what the optimiser chose before the slice was drawn,
`drawn_agency_id` what the slice drew; a row is `in_slice` if it was drawn and the draw was not undone. `draw_share` is
the probability of this agency within the slice; `propensity_share` that of this outcome over all. `value_minor` is the household's
net value at the agency, written on its first case and 0 on its others, so that sums are right."""

FEASIBLE_SETS: Final = pa.schema(
    [
        pa.field("feasible_set_id", pa.int64(), nullable=False),
        pa.field("agency_id", pa.int64(), nullable=False),
        pa.field("draw_share", pa.float64(), nullable=False),
    ]
)
"""The agencies of each feasible set, with the probability of each within the slice; set 0 is the empty set and has no rows."""

LEFT_OUT: Final = pa.schema(
    [
        pa.field("case_id", pa.int64(), nullable=False),
        pa.field("agency_id", pa.int64()),
        pa.field("reason", pa.string(), nullable=False),
    ]
)
"""For each case without an agency: why each agency could not take it (null agency: why none was asked)."""

LOADS: Final = pa.schema(
    [
        pa.field("agency_id", pa.int64(), nullable=False),
        pa.field("case_count", pa.int64(), nullable=False),
        pa.field("balance_minor", pa.int64(), nullable=False),
        pa.field("slice_count", pa.int64(), nullable=False),
        pa.field("cap_count", pa.int64(), nullable=False),
        pa.field("cap_minor", pa.int64()),
        pa.field("reserved_count", pa.int64(), nullable=False),
        pa.field("shortfall_count", pa.int64(), nullable=False),
    ]
)
"""What each agency gets: `cap_count` is the tighter of capacity and share cap, `reserved_count` what the optimiser had to leave free,
`shortfall_count` how far the agency stays below its minimum share."""

REASONS: Final[dict[str, tuple[str, str]]] = {
    "random_slice": ("Drawn at random, to measure agencies fairly.", "随机抽样分案，用于公平评估机构。"),
    "optimised": ("Placed where the expected net recovery is highest within capacity.", "在承接上限内按预期净回收最优分配。"),
    "only_feasible": ("Only one agency may take it.", "仅有一家机构可承接。"),
    "kept_in_house": ("Kept with the creditor's own team.", "保留内催。"),
    "slice_voided": ("Drawn at random, but the agency drawn was full; placed as planned.", "随机抽中的机构已满，按原计划分配。"),
    "spare_seat": ("Placed in a seat left over after the draw.", "抽样后剩余名额承接。"),
    "no_capacity": ("Every agency that may take it is full.", "可承接机构均已满额。"),
    "no_feasible_agency": ("No agency may take it.", "没有可承接的机构。"),
    "other_currency": ("Its currency is not the one of this allocation.", "币种不在本次分案范围内。"),
    "region": ("The agency does not work in this region.", "机构不覆盖该地区。"),
    "product": ("The agency does not take this product.", "机构不承接该产品。"),
    PREVIOUS_AGENCY: ("The agency has had this case before.", "该机构曾承接此案件。"),
}
"""English and Chinese text of each reason of the house; other reasons come from EXCLUSIONS as they are."""


class AllocationInputWrong(InvalidInput):
    """A frame of an allocation contradicts itself."""

    what = "The allocation cannot be computed: {reasons}."
    why = "Each case and each agency is named once, and amounts and shares lie within their bounds."
    todo = "Correct the rows named and run the allocation again."
    read = "docs/algorithms/allocation.md"


@dataclass(frozen=True, slots=True)
class AllocationPolicy:
    """What the creditor decides about an allocation.

    Attributes:
        currency: ISO code; cases in another currency are left out, for values of two currencies cannot be compared.
        explore_share_bp: share ε of the debtors who are placed at random, 0 to 10,000.
        may_return_to_previous_agency: whether a case may go again to an agency that had it.
    """

    currency: str
    explore_share_bp: int = 1_000
    may_return_to_previous_agency: bool = False

    def __post_init__(self) -> None:
        """Refuse a share outside 0 to 1."""
        if not 0 <= self.explore_share_bp <= BP:
            raise AllocationInputWrong(reasons=f"explore_share_bp is {self.explore_share_bp}")

"""What an allocation hands back: the frames, one row per case, and the summary.

Source: docs/algorithms/allocation.md, "The result".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from duecourse.engine.allocation.households import NO_CAPACITY, Agencies, Households
from duecourse.engine.allocation.plan import Plan
from duecourse.engine.allocation.reserve import Caps, Reserve
from duecourse.engine.allocation.schemas import FEASIBLE_SETS, LEFT_OUT, LOADS, ROWS, Flags, Ints


@dataclass(frozen=True, slots=True)
class AllocationSummary:
    """The allocation in figures.

    Attributes:
        case_count, household_count: cases of the input; eligible debtors.
        placed_count, placed_minor: cases and balance with an agency.
        reason_counts: cases by reason.
        plan_value_minor, bound_minor: value of the optimiser's plan, and the bound of the linear relaxation under the same capacities.
        gap_share: (bound - plan) / bound; 0 when nothing can be placed.
        value_minor: value of the allocation after the draw; the difference to the plan is the price of exploring.
        slice_count: cases drawn at random.
        voided_count, spare_count: cases whose draw was undone, or who got a seat left over; if both are 0 every propensity is exact.
        cell_count: cells of the flow.
    """

    case_count: int
    household_count: int
    placed_count: int
    placed_minor: int
    reason_counts: dict[str, int]
    plan_value_minor: int
    bound_minor: int
    gap_share: float
    value_minor: int
    slice_count: int
    voided_count: int
    spare_count: int
    cell_count: int

    @property
    def propensity_is_exact(self) -> bool:
        """Whether no draw was undone and no seat was filled after the draw."""
        return self.voided_count == 0 and self.spare_count == 0


@dataclass(frozen=True, slots=True)
class Allocation:
    """What `allocate` gives: ROWS, FEASIBLE_SETS, LEFT_OUT and LOADS frames, and the summary."""

    rows: pa.Table
    feasible_sets: pa.Table
    left_out: pa.Table
    loads: pa.Table
    summary: AllocationSummary


@dataclass(frozen=True, slots=True)
class Outcome:
    """Per household: final agency column or -1, column drawn or -1, who was drawn and stayed drawn, whose draw was undone, who got a spare seat."""

    agency: Ints
    drawn: Ints
    in_slice: Flags
    voided: Flags
    spare: Flags


@dataclass(frozen=True, slots=True)
class Decision:
    """All that the frames of the result are written from."""

    households: Households
    agencies: Agencies
    caps: Caps
    reserve: Reserve
    plan: Plan
    outcome: Outcome
    values: Ints
    explore_share: float


def write(decision: Decision) -> Allocation:
    """Write the frames of an allocation, one row per case, and sum it up."""
    agencies, caps, reserve, plan, outcome, values = (
        decision.agencies,
        decision.caps,
        decision.reserve,
        decision.plan,
        decision.outcome,
        decision.values,
    )
    households = decision.households
    rows = _rows(decision)
    set_at, agency_at = np.nonzero(reserve.feasible_sets)
    feasible_sets = pa.table(
        [set_at.astype(np.int64), agencies.ids[agency_at], reserve.shares[set_at, agency_at]],
        schema=FEASIBLE_SETS,
    )
    placed = outcome.agency >= 0
    columns = len(agencies.ids)
    count = np.bincount(outcome.agency[placed], households.case_count[placed], minlength=columns).astype(np.int64)
    balance = np.zeros(columns, dtype=np.int64)
    np.add.at(balance, outcome.agency[placed], households.balance_minor[placed])
    drawn = np.bincount(outcome.agency[outcome.in_slice], households.case_count[outcome.in_slice], minlength=columns).astype(np.int64)
    loads = pa.table(
        [
            agencies.ids,
            count,
            balance,
            drawn,
            caps.count,
            pa.array(caps.balance, mask=~caps.has_balance),
            caps.count - reserve.count,
            np.maximum(caps.minimum - count, 0),
        ],
        schema=LOADS,
    )
    reasons, counts = np.unique(np.asarray(rows.column("reason").to_pylist(), dtype=str), return_counts=True)
    summary = AllocationSummary(
        case_count=rows.num_rows,
        household_count=len(households.person_ids),
        placed_count=int(count.sum()),
        placed_minor=int(balance.sum()),
        reason_counts=dict(zip(reasons.tolist(), counts.tolist(), strict=True)),
        plan_value_minor=plan.value_minor,
        bound_minor=plan.bound_minor,
        gap_share=(plan.bound_minor - plan.value_minor) / plan.bound_minor if plan.bound_minor > 0 else 0.0,
        value_minor=int(values[placed, outcome.agency[placed]].sum()),
        slice_count=int(drawn.sum()),
        voided_count=int(households.case_count[outcome.voided].sum()),
        spare_count=int(households.case_count[outcome.spare].sum()),
        cell_count=plan.cell_count,
    )
    return Allocation(rows, feasible_sets, _left_out(decision, rows), loads, summary)


def _reasons(decision: Decision) -> list[str]:
    """Return the reason of each household; later lines take precedence."""
    households, agencies, reserve, outcome = decision.households, decision.agencies, decision.reserve, decision.outcome
    agency = outcome.agency
    reason = np.full(len(agency), "optimised", dtype=object)
    if len(agencies.ids):
        reason[(agency >= 0) & agencies.is_in_house[agency]] = "kept_in_house"
    reason[(agency >= 0) & (reserve.feasible_sets.sum(axis=1)[reserve.set_of] == 1)] = "only_feasible"
    reason[outcome.spare] = "spare_seat"
    reason[outcome.voided] = "slice_voided"
    reason[outcome.in_slice] = "random_slice"
    full = (households.barrier == households.barriers.index(NO_CAPACITY)).any(axis=1) | households.feasible.any(axis=1)
    reason[agency < 0] = np.where(full[agency < 0], NO_CAPACITY, "no_feasible_agency")
    reasons: list[str] = reason.tolist()
    return reasons


def _rows(decision: Decision) -> pa.Table:
    households, agencies, reserve, plan, outcome = (
        decision.households,
        decision.agencies,
        decision.reserve,
        decision.plan,
        decision.outcome,
    )
    values, share = decision.values, decision.explore_share
    at, agency = np.arange(len(plan.agency)), outcome.agency
    shares = reserve.shares[reserve.set_of]
    explored = shares.sum(axis=1) * share
    own = np.where(agency >= 0, shares[at, agency], 0.0) if len(agencies.ids) else np.zeros(len(at))
    chosen = (agency == plan.agency) | outcome.spare
    propensity = own * share + (1 - explored) * chosen
    value = np.where(agency >= 0, values[at, agency], 0) if len(agencies.ids) else np.zeros(len(at), dtype=np.int64)

    h = households.household
    inside = h >= 0
    _, first_of = np.unique(h, return_index=True)
    is_first = np.zeros(len(h), dtype=np.bool_)
    is_first[first_of] = True

    def spread(per_household: Any, otherwise: Any) -> Any:
        if not len(at):
            return np.full(len(h), otherwise)
        return np.where(inside, per_household[h], otherwise)

    def named(ids: Ints, column: Ints) -> pa.Array:
        at_case = spread(column, -1)
        return pa.array(ids[at_case] if len(ids) else np.zeros(len(h), dtype=np.int64), mask=at_case < 0)

    per_household = _reasons(decision)
    strata = [households.segments[s] for s in households.segment.tolist()]
    return pa.table(
        [
            households.case_ids,
            households.case_person_ids,
            named(agencies.ids, agency),
            named(agencies.contract_ids, agency),
            named(agencies.ids, plan.agency),
            named(agencies.ids, outcome.drawn),
            [stopped or per_household[i] for i, stopped in zip(h.tolist(), households.ineligible, strict=True)],
            spread(outcome.in_slice, False),
            [strata[i] if i >= 0 else own_segment for i, own_segment in zip(h.tolist(), households.case_segments, strict=True)],
            spread(reserve.set_of, 0),
            spread(own, 0.0),
            spread(propensity, 1.0),
            households.case_balance_minor,
            np.where(is_first & inside, spread(value, 0), 0),
        ],
        schema=ROWS,
    )


def _left_out(decision: Decision, rows: pa.Table) -> pa.Table:
    """Return LEFT_OUT: for each case without an agency one row per agency, or one row with a null agency if none was asked."""
    households, agencies = decision.households, decision.agencies
    out: dict[str, list[Any]] = {"case_id": [], "agency_id": [], "reason": []}
    ids = agencies.ids.tolist()
    for case in np.flatnonzero(np.asarray(rows.column("agency_id").is_null())).tolist():
        h, stopped = int(households.household[case]), households.ineligible[case]
        asked = [] if stopped else ids
        out["case_id"] += [int(households.case_ids[case])] * max(len(asked), 1)
        out["agency_id"] += asked or [None]
        codes = households.barrier[h].tolist() if asked else []
        out["reason"] += [households.barriers[code] or NO_CAPACITY for code in codes] or [stopped or "no_feasible_agency"]
    return pa.table(out, schema=LEFT_OUT)

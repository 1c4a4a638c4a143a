"""From cases to households: what a debtor's cases have in common, and which agencies may take them all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from duecourse.engine.allocation.schemas import (
    AGENCIES,
    BP,
    CASES,
    EXCLUSIONS,
    PREVIOUS_AGENCY,
    AllocationInputWrong,
    AllocationPolicy,
    Flags,
    Ints,
)
from duecourse.engine.frames import conform, empty

NO_CAPACITY = "no_capacity"


@dataclass(frozen=True, slots=True)
class Agencies:
    """The agencies in order of id, as arrays of length K; a capacity of -1 is no limit."""

    ids: Ints
    contract_ids: Ints
    is_in_house: Flags
    capacity_count: Ints
    capacity_minor: Ints
    share_min_bp: Ints
    share_cap_bp: Ints
    multiplier_bp: Ints
    fee_rate_bp: Ints
    complaint_cost_minor: Ints
    regions: list[list[str] | None]
    products: list[list[str] | None]


@dataclass(frozen=True, slots=True)
class Households:
    """The eligible debtors in order of person_id (H of them) and the cases in order of case_id (N of them).

    Attributes:
        person_ids: int64[H].
        segments: names of the segments; `segment` int64[H] points into them: the segment of the debtor's largest eligible balance.
        case_count, balance_minor, expected_minor: int64[H], sums over the debtor's eligible cases.
        barrier: int64[H, K], 0 where the agency may take all of the debtor's cases, else an index into `barriers`.
        case_ids, case_person_ids, case_balance_minor: int64[N]; case_segments the names.
        household: int64[N], index of the household or -1 if the case is not eligible.
        ineligible: reason per case, '' if eligible.
    """

    person_ids: Ints
    segments: list[str]
    segment: Ints
    case_count: Ints
    balance_minor: Ints
    expected_minor: Ints
    barrier: Ints
    barriers: list[str]
    case_ids: Ints
    case_person_ids: Ints
    case_balance_minor: Ints
    case_segments: list[str]
    household: Ints
    ineligible: list[str]

    @property
    def feasible(self) -> Flags:
        """Return bool[H, K]: True where the agency may take the household."""
        free: Flags = self.barrier == 0
        return free


def integers(table: pa.Table, column: str, *, null: int = -1) -> Ints:
    """Return a column as int64, nulls replaced by `null`."""
    filled: Ints = pc.fill_null(table.column(column), null).to_numpy().astype(np.int64)
    return filled


def read_agencies(agencies: pa.Table) -> Agencies:
    """Return the AGENCIES frame as arrays in order of agency_id.

    Raises:
        FrameMismatch: the columns are not as declared.
        AllocationInputWrong: an agency is named twice, or a share or capacity lies outside its bounds.
    """
    table = conform(agencies, AGENCIES, name="AGENCIES").sort_by("agency_id")
    columns: dict[str, Any] = {name: integers(table, name) for name in AGENCIES.names if name not in ("kind", "regions", "products")}
    reasons = []
    if len(np.unique(columns["agency_id"])) != table.num_rows:
        reasons.append("an agency is named twice")
    bounded = ("share_min_bp", "share_cap_bp", "fee_rate_bp")
    reasons += [f"{name} is not within 0 and {BP}" for name in bounded if ((columns[name] < 0) | (columns[name] > BP)).any()]
    if (columns["multiplier_bp"] < 0).any():
        reasons.append("multiplier_bp is negative")
    if reasons:
        raise AllocationInputWrong(reasons="; ".join(reasons))
    return Agencies(
        ids=columns.pop("agency_id"),
        contract_ids=columns.pop("contract_id"),
        is_in_house=np.asarray([kind == "in_house" for kind in table.column("kind").to_pylist()], dtype=np.bool_),
        regions=table.column("regions").to_pylist(),
        products=table.column("products").to_pylist(),
        **columns,
    )


def read_households(cases: pa.Table, agencies: Agencies, exclusions: pa.Table | None, *, policy: AllocationPolicy) -> Households:
    """Join the cases of each debtor and find the barrier between every debtor and every agency.

    An agency may take a debtor if it may take each of his eligible cases. When several barriers stand, the last of region, product,
    previous agency and the other reasons in alphabetical order is named.

    Raises:
        FrameMismatch: the columns are not as declared.
        AllocationInputWrong: a case is named twice, or an amount is negative.
    """
    table = conform(cases, CASES, name="CASES").sort_by("case_id")
    excluded = empty(EXCLUSIONS) if exclusions is None else conform(exclusions, EXCLUSIONS, name="EXCLUSIONS")
    numbers = {name: integers(table, name) for name in ("case_id", "person_id", "balance_minor", "expected_recovered_minor")}
    _refuse_wrong(numbers)
    ineligible = _ineligible(table, excluded, policy=policy)
    barriers, barrier = _barriers(table, agencies, excluded, policy=policy)

    eligible = np.flatnonzero(np.asarray([not reason for reason in ineligible], dtype=np.bool_))
    person = numbers["person_id"][eligible]
    order = eligible[np.lexsort((numbers["case_id"][eligible], -numbers["balance_minor"][eligible], person))]
    person_ids, starts = np.unique(numbers["person_id"][order], return_index=True)
    household = np.full(table.num_rows, -1, dtype=np.int64)
    household[order] = np.searchsorted(person_ids, numbers["person_id"][order])
    case_segments = table.column("segment_key").to_pylist()
    segments, codes = np.unique(np.asarray(case_segments, dtype=object).astype(str), return_inverse=True)
    return Households(
        person_ids=person_ids,
        segments=segments.tolist(),
        segment=codes.astype(np.int64)[order[starts]],
        case_count=np.bincount(household[order], minlength=len(person_ids)).astype(np.int64),
        balance_minor=_sums(numbers["balance_minor"][order], starts),
        expected_minor=_sums(numbers["expected_recovered_minor"][order], starts),
        barrier=np.maximum.reduceat(barrier[order], starts) if len(order) else barrier[:0],
        barriers=barriers,
        case_ids=numbers["case_id"],
        case_person_ids=numbers["person_id"],
        case_balance_minor=numbers["balance_minor"],
        case_segments=case_segments,
        household=household,
        ineligible=ineligible,
    )


def _sums(values: Ints, starts: Ints) -> Ints:
    total: Ints = np.add.reduceat(values, starts) if len(values) else values
    return total


def _refuse_wrong(numbers: dict[str, Ints]) -> None:
    reasons = []
    if len(np.unique(numbers["case_id"])) != len(numbers["case_id"]):
        reasons.append("a case is named twice")
    reasons += [f"{name} is negative" for name in ("balance_minor", "expected_recovered_minor") if (numbers[name] < 0).any()]
    if reasons:
        raise AllocationInputWrong(reasons="; ".join(reasons))


def _ineligible(table: pa.Table, excluded: pa.Table, *, policy: AllocationPolicy) -> list[str]:
    """Return per case why no agency is asked at all, '' if agencies are."""
    for_all = excluded.filter(pc.is_null(excluded.column("agency_id"))).sort_by([("case_id", "ascending"), ("reason", "descending")])
    stopped = dict(zip(for_all.column("case_id").to_pylist(), for_all.column("reason").to_pylist(), strict=True))
    pairs = zip(table.column("case_id").to_pylist(), table.column("currency").to_pylist(), strict=True)
    return ["other_currency" if currency != policy.currency else stopped.get(case_id, "") for case_id, currency in pairs]


def _barriers(table: pa.Table, agencies: Agencies, excluded: pa.Table, *, policy: AllocationPolicy) -> tuple[list[str], Ints]:
    """Return the names of the barriers and int64[N, K] of indices into them, 0 being no barrier."""
    named = excluded.filter(pc.is_valid(excluded.column("agency_id")))
    if policy.may_return_to_previous_agency:
        named = named.filter(pc.not_equal(named.column("reason"), PREVIOUS_AGENCY))
    house = ["", NO_CAPACITY, "region", "product", PREVIOUS_AGENCY]
    barriers = house + sorted(set(named.column("reason").to_pylist()) - set(house))
    barrier = np.zeros((table.num_rows, len(agencies.ids)), dtype=np.int64)
    for column, lists, code in (("region", agencies.regions, 2), ("product_class", agencies.products, 3)):
        values = table.column(column)
        for k, allowed in enumerate(lists):
            if allowed is not None:
                inside = pc.is_in(values, value_set=pa.array(allowed, pa.string())).to_numpy()
                barrier[~inside.astype(np.bool_), k] = code
    case_ids = integers(table, "case_id")
    wanted = integers(named, "case_id"), integers(named, "agency_id")
    if named.num_rows and len(case_ids) and len(agencies.ids):
        row = np.minimum(np.searchsorted(case_ids, wanted[0]), len(case_ids) - 1)
        column_at = np.minimum(np.searchsorted(agencies.ids, wanted[1]), len(agencies.ids) - 1)
        known = (case_ids[row] == wanted[0]) & (agencies.ids[column_at] == wanted[1])
        codes = np.asarray([barriers.index(reason) for reason in named.column("reason").to_pylist()], dtype=np.int64)
        np.maximum.at(barrier, (row[known], column_at[known]), codes[known])
    return barriers, barrier

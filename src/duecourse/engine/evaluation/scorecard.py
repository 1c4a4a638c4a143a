"""The scorecard: observed over expected by agency, shrunk, with its uncertainty and its grade of evidence.

Source: docs/algorithms/evaluation.md
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from duecourse.engine.evaluation.expectations import aligned, read_outcomes, segment_expectations, winsorised
from duecourse.engine.evaluation.schemas import (
    BP,
    FLOORS,
    SCORECARD,
    EvaluationPolicy,
    Flags,
    Ints,
    Reals,
)
from duecourse.engine.evaluation.shrinkage import Posterior, shrink
from duecourse.engine.frames import conform, empty

LOW, HIGH = 0.05, 0.95
TOP = 3


@dataclass(frozen=True, slots=True)
class Placed:
    """The outcomes as arrays of length N, in order of case_id; `unit` points into the U pairs of agency and contract."""

    units: list[tuple[int, int]]
    unit: Ints
    cluster: Ints
    placed_minor: Ints
    recovered_minor: Ints
    paid: Reals
    money: Reals
    expected_payers: Reals
    expected_money: Reals
    in_slice: Flags
    draw_share: Reals


@dataclass(frozen=True, slots=True)
class Sums:
    """Per unit, float64[U]: weighted observed and expected, and both divided by the dispersion, for the shrinkage."""

    observed: Reals
    expected: Reals
    counts: Reals
    exposures: Reals
    effective: Reals
    heaviest: Reals


def evaluate(
    outcomes: pa.Table,
    expectations: pa.Table | None = None,
    *,
    floors: pa.Table | None = None,
    policy: EvaluationPolicy | None = None,
) -> pa.Table:
    """Score every agency and contract, on payers and on money, by the random slice alone and by all cases.

    Args:
        outcomes: OUTCOMES, one row per placed case of one currency and one observation window.
        expectations: EXPECTATIONS of an agency-blind model from placement-time facts, or None for pooled segment rates.
        floors: FLOORS, or None.
        policy: sizes and priors; None for the defaults.

    Returns:
        SCORECARD: per agency and contract four rows, ordered by agency, contract, measure and evidence ('randomised': the random slice
        alone, weighted by 1/draw_share and compared with its own mean; 'adjusted': all cases, which may be confounded by what the
        segments do not know).

    Raises:
        FrameMismatch: a frame does not have its declared columns.
        EvaluationInputWrong: a case has two outcomes or no expectation, two currencies are mixed, or a share is no probability.
    """
    rules = policy or EvaluationPolicy()
    table = read_outcomes(outcomes)
    if not table.num_rows:
        return empty(SCORECARD)
    placed = _placed(table, segment_expectations(table, policy=rules) if expectations is None else expectations, policy=rules)
    promised = {} if floors is None else dict(zip(*_columns(conform(floors, FLOORS, name="FLOORS")), strict=True))
    rows = []
    for evidence, selected in (("adjusted", np.ones(table.num_rows, dtype=np.bool_)), ("randomised", placed.in_slice)):
        weights = _weights(placed, selected, weighted=evidence == "randomised")
        for measure, observed, expected in (
            ("money", placed.money, placed.expected_money),
            ("payers", placed.paid, placed.expected_payers),
        ):
            is_own_mean = evidence == "randomised" and rules.is_slice_own_mean
            sums = sum_up(placed, weights, observed, _at_own_mean(weights, observed, expected) if is_own_mean else expected)
            posterior = shrink(sums.counts, sums.exposures, spread_prior=rules.spread_prior)
            limits = _floor_effects(placed, promised) if measure == "money" else None
            rows += _unit_rows(placed, selected, sums, posterior, limits, measure=measure, evidence=evidence, policy=rules)
    keys = [(name, "ascending") for name in ("agency_id", "contract_id", "measure", "evidence")]
    return pa.Table.from_pylist(rows, schema=SCORECARD).sort_by(keys)


def _columns(table: pa.Table) -> list[list[Any]]:
    return [table.column(name).to_pylist() for name in table.column_names]


def _placed(table: pa.Table, expectations: pa.Table, *, policy: EvaluationPolicy) -> Placed:
    payer_share, expected_minor = aligned(expectations, table.column("case_id").to_numpy())
    pairs = np.column_stack([table.column("agency_id").to_numpy(), table.column("contract_id").to_numpy()])
    units, unit = np.unique(pairs, axis=0, return_inverse=True)
    unit = unit.reshape(-1).astype(np.int64)
    debtor = np.column_stack([unit, table.column("person_id").to_numpy()])
    recovered = table.column("recovered_minor").to_numpy()
    return Placed(
        units=[(agency, contract) for agency, contract in units.tolist()],
        unit=unit,
        cluster=np.unique(debtor, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64),
        placed_minor=table.column("placed_minor").to_numpy(),
        recovered_minor=recovered,
        paid=(recovered > 0).astype(np.float64),
        money=winsorised(recovered, share=policy.winsor_share),
        expected_payers=payer_share,
        expected_money=expected_minor,
        in_slice=table.column("in_slice").to_numpy().astype(np.bool_),
        draw_share=table.column("draw_share").to_numpy(),
    )


def _weights(placed: Placed, selected: Flags, *, weighted: bool) -> Reals:
    """Return float64[N]: 0 outside the selection, else 1, or 1/draw_share scaled to a mean of 1 in each unit."""
    if not weighted:
        return selected.astype(np.float64)
    raw = np.divide(1.0, placed.draw_share, out=np.zeros_like(placed.draw_share), where=selected)
    total = np.bincount(placed.unit, raw, minlength=len(placed.units))
    count = np.bincount(placed.unit, selected, minlength=len(placed.units))
    scale: Reals = np.divide(count, total, out=np.zeros_like(total), where=total > 0)
    return raw * scale[placed.unit]


def _at_own_mean(weights: Reals, observed: Reals, expected: Reals) -> Reals:
    """Return the expectations scaled by one factor, so that over the selection as much is observed as expected.

    The slice is a sample: by luck it may hold better or worse debtors than all cases do, the same for every agency in it. The factor takes
    that luck out, and the segments keep telling the agencies' mixes apart. Where nothing was observed the expectations stay as they are:
    zero recovered everywhere is what every agency did, and the prior says so.
    """
    seen, hoped = (weights @ observed).item(), (weights @ expected).item()
    return expected * (seen / hoped) if seen > 0 and hoped > 0 else expected


def sum_up(placed: Placed, weights: Reals, observed: Reals, expected: Reals) -> Sums:
    """Return the sums per unit, with one dispersion φ for all units: residual variance of the debtors over what Poisson would have.

    φ = Σ over debtors of (Σ w·(y - r·e))² / Σ w²·r·e, r being the unit's ratio. Counts and exposures are divided by φ and by the unit's
    design effect Σw²e/Σwe, so that the gamma-Poisson model has the right variance.
    """
    size = len(placed.units)

    def total(values: Reals) -> Reals:
        sums: Reals = np.bincount(placed.unit, values, minlength=size).astype(np.float64)
        return sums

    seen, hoped = total(weights * observed), total(weights * expected)
    ratio = np.divide(seen, hoped, out=np.zeros_like(seen), where=hoped > 0)
    fitted = ratio[placed.unit] * expected
    residual = np.bincount(placed.cluster, weights * (observed - fitted))
    units_seen = int((hoped > 0).sum())
    debtors = int((np.bincount(placed.cluster, weights) > 0).sum())
    free = debtors / max(debtors - units_seen, 1)
    variance = (weights**2 * fitted).sum()
    dispersion = max((residual @ residual) * free / variance, 1e-9) if variance > 0 else 1.0
    design = np.divide(total(weights**2 * expected), hoped, out=np.ones_like(hoped), where=hoped > 0)
    mass, squares = total(weights), total(weights**2)
    effective = np.divide(mass**2, squares, out=np.zeros_like(mass), where=squares > 0)
    peak = np.zeros(size)
    np.maximum.at(peak, placed.unit, weights)
    heaviest = np.divide(peak, mass, out=np.ones_like(mass), where=mass > 0)
    return Sums(seen, hoped, seen / (dispersion * design), hoped / (dispersion * design), effective, heaviest)


def _floor_effects(placed: Placed, promised: dict[int, int]) -> Reals:
    """Return float64[U]: the effect at which an agency with the creditor's common mix would just reach its floor, NaN without floor."""
    common = placed.expected_money.sum() / max(int(placed.placed_minor.sum()), 1)
    floors = [promised.get(contract) for _, contract in placed.units]
    return np.asarray([np.nan if floor is None or common <= 0 else floor / BP / common for floor in floors])


def _unit_rows(
    placed: Placed,
    selected: Flags,
    sums: Sums,
    posterior: Posterior,
    limits: Reals | None,
    *,
    measure: str,
    evidence: str,
    policy: EvaluationPolicy,
) -> list[dict[str, Any]]:
    size = len(placed.units)
    chosen = np.flatnonzero(selected)
    case_count = np.bincount(placed.unit[chosen], minlength=size)
    amounts = np.zeros((2, size), dtype=np.int64)
    np.add.at(amounts[0], placed.unit[chosen], placed.placed_minor[chosen])
    np.add.at(amounts[1], placed.unit[chosen], placed.recovered_minor[chosen])
    figures = [posterior.mean(), posterior.quantile(0.5), posterior.quantile(LOW), posterior.quantile(HIGH)]
    best, top = posterior.among_best(1), posterior.among_best(TOP)
    below = posterior.below(np.nan_to_num(limits)) if limits is not None else None
    rows = []
    for u, (agency_id, contract_id) in enumerate(placed.units):
        why_not = _why_not(sums, u, agencies=len({agency for agency, _ in placed.units}), policy=policy)
        mean, median, low, high = (figure[u].item() for figure in figures)
        rows.append(
            {
                "agency_id": agency_id,
                "contract_id": contract_id,
                "measure": measure,
                "evidence": evidence,
                "case_count": int(case_count[u]),
                "effective_count": sums.effective[u].item(),
                "placed_minor": int(amounts[0, u]),
                "recovered_minor": int(amounts[1, u]),
                "observed": sums.observed[u].item(),
                "expected": sums.expected[u].item(),
                "ratio": (sums.observed[u] / sums.expected[u]).item() if sums.expected[u] > 0 else None,
                "effect_mean": mean,
                "effect_median": median,
                "effect_low": low,
                "effect_high": high,
                "best_share": None if why_not else best[u].item(),
                "top_three_share": None if why_not else top[u].item(),
                "below_floor_share": below[u].item() if below is not None and limits is not None and limits[u] == limits[u] else None,
                "can_rank": why_not is None,
                "why_not": why_not,
            }
        )
    return rows


def _why_not(sums: Sums, unit: int, *, agencies: int, policy: EvaluationPolicy) -> str | None:
    if agencies < 2:
        return "only_one_agency"
    if sums.effective[unit] < policy.rank_count_min:
        return "too_few_cases"
    if sums.expected[unit] <= 0:
        return "no_expectation"
    return "uneven_weights" if sums.heaviest[unit] > policy.weight_share_max else None

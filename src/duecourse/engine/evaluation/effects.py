"""From the scorecard to the next allocation: what each agency adds, shrunk.

Source: docs/algorithms/evaluation.md, "Effects".
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from duecourse.engine.allocation.schemas import EFFECTS
from duecourse.engine.evaluation.expectations import aligned, read_outcomes, segment_expectations, winsorised
from duecourse.engine.evaluation.schemas import BP, SCORECARD, EvaluationPolicy
from duecourse.engine.evaluation.shrinkage import shrink
from duecourse.engine.frames import conform


def effects(scorecard: pa.Table, *, measure: str = "money") -> pa.Table:
    """Return EFFECTS, one row per agency for all segments: the posterior mean in basis points, rounded half to even.

    Where the random slice alone can rank an agency, its evidence is taken; otherwise that of all cases. An agency with several
    contracts gets the mean of theirs, weighted by the expected sums.

    Raises:
        FrameMismatch: the frame is not a SCORECARD.
    """
    means: dict[int, list[tuple[float, float]]] = {}
    chosen: dict[tuple[int, int], dict[str, dict[str, Any]]] = {}
    for row in conform(scorecard, SCORECARD, name="SCORECARD").to_pylist():
        if row["measure"] == measure:
            chosen.setdefault((row["agency_id"], row["contract_id"]), {})[row["evidence"]] = row
    for (agency_id, _), by_evidence in sorted(chosen.items()):
        randomised, adjusted = by_evidence["randomised"], by_evidence["adjusted"]
        row = randomised if randomised["can_rank"] else adjusted
        means.setdefault(agency_id, []).append((row["effect_mean"], max(adjusted["expected"], 1e-9)))
    rows = [
        {"agency_id": agency_id, "segment_key": None, "effect_bp": round(BP * sum(m * w for m, w in pairs) / sum(w for _, w in pairs))}
        for agency_id, pairs in means.items()
    ]
    return pa.Table.from_pylist(rows, schema=EFFECTS)


def segment_effects(
    outcomes: pa.Table, agency_effects: pa.Table, expectations: pa.Table | None = None, *, policy: EvaluationPolicy | None = None
) -> pa.Table:
    """Return EFFECTS by agency and segment, to be multiplied with the agency's own: the second level of the shrinkage.

    Args:
        outcomes: OUTCOMES, all cases.
        agency_effects: EFFECTS from `effects`.
        expectations: as for `evaluate`.
        policy: as for `evaluate`.

    Returns:
        One row per agency and segment that occurs, in that order: the posterior mean of observed money over (agency effect · expected),
        shrunk towards 1 with one spread for all pairs. Each pair's variance is that of its own agency-blind residuals, pooled.

    Raises:
        FrameMismatch, EvaluationInputWrong: as `evaluate`.
    """
    rules = policy or EvaluationPolicy()
    table = read_outcomes(outcomes)
    if not table.num_rows:
        return EFFECTS.empty_table()
    wanted = segment_expectations(table, policy=rules) if expectations is None else expectations
    _, expected_minor = aligned(wanted, table.column("case_id").to_numpy())
    own = {row["agency_id"]: row["effect_bp"] / BP for row in conform(agency_effects, EFFECTS, name="EFFECTS").to_pylist()}
    agency_ids = table.column("agency_id").to_pylist()
    expected = expected_minor * np.asarray([own.get(agency_id, 1.0) for agency_id in agency_ids])
    money = winsorised(table.column("recovered_minor").to_numpy(), share=rules.winsor_share)
    pairs = sorted(set(zip(agency_ids, table.column("segment_key").to_pylist(), strict=True)))
    position = {pair: i for i, pair in enumerate(pairs)}
    cell = np.asarray([position[pair] for pair in zip(agency_ids, table.column("segment_key").to_pylist(), strict=True)])
    residual = money - expected
    dispersion = max(residual @ residual / max(expected.sum(), 1e-9), 1e-9)
    observed_of, expected_of = np.bincount(cell, money) / dispersion, np.bincount(cell, expected) / dispersion
    posterior = shrink(observed_of, expected_of, spread_prior=rules.spread_prior, mean=1.0)
    rows = [
        {"agency_id": agency_id, "segment_key": segment_key, "effect_bp": round(BP * mean)}
        for (agency_id, segment_key), mean in zip(pairs, posterior.mean().tolist(), strict=True)
    ]
    return pa.Table.from_pylist(rows, schema=EFFECTS)

"""What would be expected of each case, whichever agency had it: pooled rates by segment.

Source: docs/algorithms/evaluation.md, "Expected".
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from duecourse.engine.evaluation.schemas import EXPECTATIONS, OUTCOMES, EvaluationInputWrong, EvaluationPolicy, Ints, Reals
from duecourse.engine.frames import conform


def read_outcomes(outcomes: pa.Table) -> pa.Table:
    """Return OUTCOMES in order of case_id.

    Raises:
        FrameMismatch: the columns are not as declared.
        EvaluationInputWrong: a case has two outcomes, there are two currencies, a placed amount is negative or a draw share is not a
            probability.
    """
    table = conform(outcomes, OUTCOMES, name="OUTCOMES").sort_by("case_id")
    reasons = []
    if pc.count_distinct(table.column("case_id")).as_py() != table.num_rows:
        reasons.append("a case has two outcomes")
    if pc.count_distinct(table.column("currency")).as_py() > 1:
        reasons.append("there are two currencies")
    if (table.column("placed_minor").to_numpy() < 0).any():
        reasons.append("placed_minor is negative")
    shares = table.column("draw_share").to_numpy()
    if not ((shares >= 0) & (shares <= 1)).all() or (shares[table.column("in_slice").to_numpy()] <= 0).any():
        reasons.append("draw_share is not a probability above 0 in the slice")
    if reasons:
        raise EvaluationInputWrong(reasons="; ".join(reasons))
    return table


def winsorised(recovered_minor: Ints, *, share: float) -> Reals:
    """Return recovered money as float64, below 0 counted as 0 and above the quantile `share` of the payers' as the quantile."""
    positive = np.sort(recovered_minor[recovered_minor > 0])
    cap = positive[min(len(positive) - 1, int(np.ceil(share * len(positive))) - 1)] if len(positive) else 0
    return np.clip(recovered_minor, 0, cap).astype(np.float64)


def segment_expectations(outcomes: pa.Table, *, policy: EvaluationPolicy | None = None) -> pa.Table:
    """Return EXPECTATIONS from pooled, agency-blind rates of each segment (indirect standardisation).

    A case's probability to pay is the share of payers of its segment, its money the segment's winsorised recovery per placed unit
    times its placed amount. The agency's own cases are among the pool, so that observed and expected are equal in sum.

    Raises:
        FrameMismatch, EvaluationInputWrong: as `evaluate`.
    """
    table = read_outcomes(outcomes)
    money = winsorised(table.column("recovered_minor").to_numpy(), share=(policy or EvaluationPolicy()).winsor_share)
    placed = table.column("placed_minor").to_numpy().astype(np.float64)
    paid = table.column("recovered_minor").to_numpy() > 0
    _, segment = np.unique(np.asarray(table.column("segment_key").to_pylist(), dtype=str), return_inverse=True)
    counts = np.maximum(np.bincount(segment), 1)
    payer_share = np.bincount(segment, paid) / counts
    rate = np.bincount(segment, money) / np.maximum(np.bincount(segment, placed), 1.0)
    return pa.table([table.column("case_id"), payer_share[segment], rate[segment] * placed], schema=EXPECTATIONS)


def aligned(expectations: pa.Table, case_ids: Ints) -> tuple[Reals, Reals]:
    """Return the probabilities to pay and the expected money of the cases named, float64[N] each.

    Raises:
        FrameMismatch: the frame is not EXPECTATIONS.
        EvaluationInputWrong: a case has no expectation or two, a probability is none, or an amount is negative.
    """
    table = conform(expectations, EXPECTATIONS, name="EXPECTATIONS").sort_by("case_id")
    known = table.column("case_id").to_numpy()
    at = np.minimum(np.searchsorted(known, case_ids), max(len(known) - 1, 0))
    shares, money = table.column("payer_share").to_numpy(), table.column("recovered_minor").to_numpy()
    reasons = []
    if len(case_ids) and (not len(known) or (known[at] != case_ids).any()):
        reasons.append("a case has no expectation")
    if len(np.unique(known)) != len(known):
        reasons.append("a case has two expectations")
    if not ((shares >= 0) & (shares <= 1)).all():
        reasons.append("payer_share is not a probability")
    if not (money >= 0).all():
        reasons.append("an expected amount is negative or not a number")
    if reasons:
        raise EvaluationInputWrong(reasons="; ".join(reasons))
    return shares[at], money[at]

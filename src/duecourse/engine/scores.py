"""Scores: how much of a case is expected to come back within one placement term.

The first model is a shrunk segment rate in two stages, as amounts are heavy-tailed and payers are not: the share of cases that pay
(beta-binomial, the strength of the prior fitted to the spread between segments) times the share of the balance that payers bring
(credibility-weighted). Small segments lean on the whole book, large ones speak for themselves. With no history at all a declared prior
by bucket is used, and every row says so.

Source: two-stage recovery models (Matuszyk, Mues, Thomas, JORS 61, 2010, doi 10.1057/jors.2009.67); beta-binomial empirical Bayes by
moments; Bühlmann credibility. The prior's sources stand in PRIOR_BY_BUCKET.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from duecourse.engine.frames import conform
from duecourse.kit.errors import InvalidInput
from duecourse.kit.money import BASIS_POINTS

CASES = pa.schema(
    [
        pa.field("case_id", pa.int64(), nullable=False),
        pa.field("segment_key", pa.string(), nullable=False),
        pa.field("bucket_number", pa.int16(), nullable=False),
        pa.field("balance_minor", pa.int64(), nullable=False),
    ]
)

HISTORY = pa.schema(
    [
        pa.field("segment_key", pa.string(), nullable=False),
        pa.field("placed_minor", pa.int64(), nullable=False),
        pa.field("recovered_minor", pa.int64(), nullable=False),
        pa.field("case_count", pa.int64(), nullable=False),
        pa.field("paid_case_count", pa.int64(), nullable=False),
    ]
)
"""Closed placement terms, one row per segment; a segment may stand in several rows (months), which are added up. Keys carry their
currency, so money of different currencies does not meet within a segment."""

EXPECTED = pa.schema(
    [
        pa.field("case_id", pa.int64(), nullable=False),
        pa.field("expected_recovery_bp", pa.int32(), nullable=False),
        pa.field("expected_recovery_minor", pa.int64(), nullable=False),
        pa.field("basis", pa.string(), nullable=False),
        pa.field("segment_case_count", pa.int64(), nullable=False),
        pa.field("model_version", pa.string(), nullable=False),
    ]
)
"""`basis` is `segment` (own history, shrunk), `global` (a segment without history) or `prior` (no history at all)."""

MODEL_VERSION = "segment-eb/1"
SEVERITY_CREDIBILITY_COUNT = 50
"""Payers at which a segment's own severity weighs as much as the book's. Declared, not fitted: aggregates do not show the spread within
a segment. To be replaced by a fit on cases."""


@dataclass(frozen=True, slots=True)
class PriorRate:
    """A declared recovery rate for one bucket and one placement term, to be used only until there is history.

    Attributes:
        bucket_number: 0, 1 …; the last holds for all above.
        recovery_bp: share of the balance recovered.
        confidence: `secondary` (a published figure, not the original text) or `assumed` (between or beyond figures).
        source: where it comes from.
    """

    bucket_number: int
    recovery_bp: int
    confidence: str
    source: str


PRIOR_BY_BUCKET = (
    PriorRate(0, 9000, "assumed", "above M1; no figure found"),
    PriorRate(1, 5000, "assumed", "above M2; no figure found"),
    PriorRate(2, 2250, "secondary", "middle of the middle recovery band (15–30 %) of a Chinese card tender's fee ladder for M2"),
    PriorRate(3, 1500, "assumed", "between M2 and M7+"),
    PriorRate(4, 1100, "assumed", "between M2 and M7+"),
    PriorRate(5, 850, "assumed", "between M2 and M7+"),
    PriorRate(6, 600, "assumed", "between M2 and M7+"),
    PriorRate(7, 420, "secondary", "six months at .70 %, the mean of four monthly rates of a listed agency for late-stage debt, 2017–2019"),
)
"""Orders of magnitude, not measurements. They decide nothing once one term of history is in."""


class HistoryImpossible(InvalidInput):
    """A segment's history contradicts itself."""

    what = "The history of {count} segments is impossible, for example {segment_key}: {reason}."
    why = "More cases cannot have paid than were placed, and nothing here is negative."
    todo = "Check how the history was added up."


def expected_recovery(cases: pa.Table, history: pa.Table, *, model_version: str = MODEL_VERSION) -> pa.Table:
    """Return the expected recovery of every case within one placement term.

    Args:
        cases: CASES; their segments are those of the history.
        history: HISTORY, empty on the first day.
        model_version: written into every row.

    Returns:
        EXPECTED, ordered by case_id; shares in basis points, money in minor units (balance × share, a half up).

    Raises:
        HistoryImpossible: a segment's numbers contradict each other.
        FrameMismatch: a frame does not have the declared form.

    Guarantees: same cases, no gaps; 0 ≤ share ≤ 10,000 bp; a segment's payer rate lies between its own and the book's.
    """
    wanted = conform(cases, CASES, name="cases").sort_by("case_id")
    past = _by_segment(conform(history, HISTORY, name="history"))
    keys = wanted.column("segment_key").to_pylist()
    if not past:
        priors = {prior.bucket_number: prior.recovery_bp for prior in PRIOR_BY_BUCKET}
        buckets = np.clip(wanted.column("bucket_number").to_numpy(), 0, max(priors))
        shares = np.array([priors[int(number)] for number in buckets], dtype=np.int64)
        basis, counts = ["prior"] * len(keys), [0] * len(keys)
    else:
        rates, whole = _fitted(past)
        shares = np.array([rates.get(key, whole) for key in keys], dtype=np.int64)
        basis = ["segment" if key in rates else "global" for key in keys]
        counts = [int(past[key][2]) if key in past else 0 for key in keys]
    return pa.table(
        {
            "case_id": wanted.column("case_id"),
            "expected_recovery_bp": shares.astype(np.int32),
            "expected_recovery_minor": _share_of(wanted.column("balance_minor").to_numpy(), shares),
            "basis": basis,
            "segment_case_count": counts,
            "model_version": [model_version] * len(keys),
        },
        schema=EXPECTED,
    )


def _by_segment(history: pa.Table) -> dict[str, Any]:
    """Return placed, recovered, cases and payers by segment; segments without cases are left out."""
    sums: dict[str, Any] = {}
    for row in history.to_pylist():
        numbers = np.array([row[name] for name in HISTORY.names[1:]], dtype=np.int64)
        sums[row["segment_key"]] = sums.get(row["segment_key"], 0) + numbers
    bad = [key for key, (placed, recovered, count, paid) in sums.items() if min(placed, recovered, count, paid) < 0 or paid > count]
    if bad:
        raise HistoryImpossible(count=len(bad), segment_key=min(bad), reason="negative, or more payers than cases")
    return {key: numbers for key, numbers in sums.items() if numbers[0] > 0 and numbers[2] > 0}


def _fitted(past: dict[str, Any]) -> tuple[dict[str, int], int]:
    """Return the share in basis points of each segment and of the whole book."""
    placed, recovered, count, paid = np.array(list(past.values()), dtype=np.float64).T
    payer_rate = paid.sum() / count.sum()
    strength = _strength(paid, count, payer_rate)
    shrunk_payers = (paid + strength * payer_rate) / (count + strength)
    own_payers = paid / count
    book_rate = recovered.sum() / placed.sum()
    book_severity = book_rate / payer_rate if payer_rate > 0 else 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        severity = np.where(paid > 0, recovered / placed / own_payers, book_severity)
    weight = paid / (paid + SEVERITY_CREDIBILITY_COUNT)
    shares = shrunk_payers * (weight * severity + (1 - weight) * book_severity)
    bp = np.clip(np.rint(shares * BASIS_POINTS), 0, BASIS_POINTS).astype(np.int64)
    whole = int(np.clip(np.rint(book_rate * BASIS_POINTS), 0, BASIS_POINTS))
    return dict(zip(past, bp.tolist(), strict=True)), whole


def _strength(paid: Any, count: Any, rate: Any) -> Any:
    """Return how many cases the book's payer rate counts for, by the moments of a beta-binomial.

    With spread ρ between segments, the variance of a segment's rate is rate(1−rate)(1 + (n−1)ρ)/n, and the strength is 1/ρ − 1. It is
    held between 10 cases (segments differ wildly) and a million (no spread beyond chance).
    """
    chance = rate * (1 - rate)
    if len(paid) < 2 or chance == 0:
        return 1e6
    total = count.sum()
    spread = (count * (paid / count - rate) ** 2).sum()
    degrees = total - (count**2).sum() / total
    rho = (spread / chance - (len(paid) - 1)) / (degrees - (len(paid) - 1)) if degrees > len(paid) - 1 else 0.0
    return np.clip(1 / rho - 1, 10, 1e6) if rho > 0 else 1e6


def _share_of(balance_minor: Any, shares_bp: Any) -> Any:
    """Return balance × share in minor units, a half up; a balance below zero expects nothing."""
    balance = np.maximum(balance_minor, 0)
    whole, rest = np.divmod(balance, BASIS_POINTS)
    return whole * shares_bp + (rest * shares_bp + BASIS_POINTS // 2) // BASIS_POINTS

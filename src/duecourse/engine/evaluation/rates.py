"""Contractual recovery rates: the integer figures on which commission tiers stand.

Source: docs/algorithms/evaluation.md, "Contractual rates".
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from duecourse.engine.evaluation.schemas import BP, OUTCOMES, RATES, EvaluationInputWrong
from duecourse.engine.frames import conform


def recovery_rates(outcomes: pa.Table, *, by_batch: bool = False) -> pa.Table:
    """Return the recovery rate of each contract and currency, or of each of its batches.

    Args:
        outcomes: OUTCOMES; the denominator is `placed_minor`, frozen at placement, whatever happened to the case since.
        by_batch: one row per batch instead of one per contract (`batch_id` null).

    Returns:
        RATES in order of contract, batch and currency. `rate_bp` = floor(10,000 · recovered / placed): rounded towards minus infinity, so a
        tier is reached only when it is reached in full. Null where the placed amount is 0.

    Raises:
        FrameMismatch: the columns are not as declared.
        EvaluationInputWrong: a case stands twice in a contract and batch.
    """
    table = conform(outcomes, OUTCOMES, name="OUTCOMES")
    groups: dict[tuple[Any, ...], list[int]] = {}
    seen = set()
    names = ("contract_id", "batch_id", "currency", "case_id", "placed_minor", "recovered_minor")
    for contract, batch, currency, case, placed, recovered in zip(*(table.column(name).to_pylist() for name in names), strict=True):
        seen.add((contract, batch, case))
        total = groups.setdefault((contract, batch if by_batch else None, currency), [0, 0, 0])
        total[0] += 1
        total[1] += placed
        total[2] += recovered
    if len(seen) != table.num_rows:
        raise EvaluationInputWrong(reasons="a case stands twice in a contract and batch")
    ordered = sorted(groups.items(), key=lambda item: (item[0][0], item[0][1] or 0, item[0][2]))
    rows = [(*key, *total, total[2] * BP // total[1] if total[1] else None) for key, total in ordered]
    return pa.Table.from_pylist([dict(zip(RATES.names, row, strict=True)) for row in rows], schema=RATES)

"""The pure part of the five steps that compute: frozen inputs in, outputs out, no database.

The steps and the replay of a closed month call the same functions, so that what is proved later is what was done then.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pyarrow as pa

from duecourse.cycle.services.frozen import Frames
from duecourse.engine.ageing import Buckets, age
from duecourse.engine.allocation import Allocation, AllocationPolicy, allocate
from duecourse.engine.evaluation import EvaluationPolicy, evaluate, recovery_rates
from duecourse.engine.scores import expected_recovery
from duecourse.engine.segments import segment
from duecourse.kit.errors import Problem
from duecourse.settlement.selectors import CommissionInputs, commission_lines

COMMISSION_FRAMES = {
    "attributed": ["attribution_id"],
    "schedule": ["product_class", "age_band_from_days", "tier_from_bp", "hand_from"],
    "measured": ["measure_key"],
    "settled": ["line_key"],
}
"""The frames of one contract version's commission, each with the columns that identify a row."""

Compute = Callable[[Frames, bytes], Frames]


def aged(inputs: Frames) -> pa.Table:
    """Return engine.ageing.AGED of the frozen accounts and pauses."""
    chosen = inputs.parameters
    return age(
        inputs.frames["accounts"],
        inputs.frames["pauses"],
        as_of=date.fromisoformat(chosen["as_of"]),
        convention=chosen["convention"],
        buckets=Buckets(tuple(chosen["bucket_first_days"]), tuple(chosen["bucket_labels"])),
        grace_days=chosen["grace_days"],
    )


def scored(inputs: Frames) -> pa.Table:
    """Return case_id, segment_key, expected_recovered_minor and basis of the frozen cases."""
    cases, chosen = inputs.frames["cases"], inputs.parameters
    segments = segment(cases, balance_edges_minor=chosen["balance_edges_minor"], region_bands=chosen["region_bands"])
    keyed = cases.drop_columns([n for n in ("segment_key",) if n in cases.column_names]).join(segments, "case_id").sort_by("case_id")
    expected = expected_recovery(keyed, inputs.frames["history"], model_version=chosen["model_version"]).sort_by("case_id")
    return pa.table(
        {
            "case_id": keyed.column("case_id"),
            "segment_key": keyed.column("segment_key"),
            "expected_recovered_minor": expected.column("expected_recovery_minor"),
            "basis": expected.column("basis"),
        }
    )


def allocated(inputs: Frames, *, secret: bytes) -> Allocation:
    """Return the allocation of the frozen cases under the month's secret."""
    return allocate(
        inputs.frames["cases"],
        inputs.frames["agencies"],
        inputs.frames["exclusions"],
        policy=AllocationPolicy(**inputs.parameters["policy"]),
        secret=secret,
        effects=inputs.frames["effects"],
    )


FIRST_METRIC, METRIC_VERSION = "segment-rates/1", "segment-rates/2"
"""How agencies are measured; months measured by an earlier version are replayed by it. The second compares the random slice with itself."""


def measured(inputs: Frames) -> tuple[pa.Table, pa.Table]:
    """Return the scorecards and the batches' recovery rates of the frozen outcomes, by the version of the metric that was frozen with them."""
    version = inputs.parameters.get("metric_version", FIRST_METRIC)
    policy = EvaluationPolicy(is_slice_own_mean=version != FIRST_METRIC)
    return evaluate(inputs.frames["outcomes"], policy=policy), recovery_rates(inputs.frames["batch_outcomes"], by_batch=True)


def commissioned(inputs: Frames, *, contract: str) -> tuple[pa.Table, list[Problem]]:
    """Return the commission lines and problems of one contract, named by its number as text, over all its versions."""
    parts = [
        CommissionInputs(
            contract_id=int(contract),
            contract_version_id=version["version"],
            tier_mode=version["tier_mode"],
            rounding=version["rounding"],
            **{name: inputs.frames[f"{name}_{contract}_{version['version']}"] for name in COMMISSION_FRAMES},
        )
        for version in inputs.parameters["contracts"][contract]
    ]
    return commission_lines(parts)


def _snapshot(inputs: Frames, _secret: bytes) -> Frames:
    return Frames(frames={"aged": aged(inputs)}, keys={"aged": ["account_id"]})


def _score(inputs: Frames, _secret: bytes) -> Frames:
    return Frames(frames={"scored": scored(inputs)}, keys={"scored": ["case_id"]})


def _allocate(inputs: Frames, secret: bytes) -> Frames:
    return Frames(frames={"rows": allocated(inputs, secret=secret).rows}, keys={"rows": ["case_id"]})


def _measure(inputs: Frames, _secret: bytes) -> Frames:
    scorecards, rates = measured(inputs)
    keys = {"scorecards": ["agency_id", "contract_id", "measure", "evidence"], "rates": ["contract_id", "batch_id", "currency"]}
    return Frames(frames={"scorecards": scorecards, "rates": rates}, keys=keys)


def _settle(inputs: Frames, _secret: bytes) -> Frames:
    names = {f"lines_{contract}": commissioned(inputs, contract=contract)[0] for contract in inputs.parameters["contracts"]}
    return Frames(frames=names, keys={name: ["line_key"] for name in names})


COMPUTE: dict[str, Compute] = {
    "snapshot": _snapshot,
    "score": _score,
    "allocate": _allocate,
    "measure": _measure,
    "settle": _settle,
}
"""The pure part by step; a step that is not here writes what services decide, and its outputs are read back instead."""

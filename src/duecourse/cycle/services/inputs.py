"""Gathering the inputs of the steps that read from several rooms."""

from __future__ import annotations

from datetime import date, timedelta

import pyarrow as pa

from duecourse.cycle import selectors
from duecourse.cycle.errors import MonthNotReady
from duecourse.cycle.models import StepRun
from duecourse.cycle.services.choices import AllocationChoices
from duecourse.cycle.services.compute import COMMISSION_FRAMES, METRIC_VERSION
from duecourse.cycle.services.frozen import Frames
from duecourse.cycle.services.perform import Month
from duecourse.cycle.services.policy import policy_of
from duecourse.engine import scores, segments
from duecourse.engine.allocation import CASES
from duecourse.engine.evaluation import OUTCOMES
from duecourse.engine.frames import conform
from duecourse.kit.calendar import Month as CalendarMonth
from duecourse.parties.access import creditor_of
from duecourse.placement import selectors as placements
from duecourse.portfolio import selectors as portfolio
from duecourse.repayment import selectors as money
from duecourse.rules.load import shipped_pack
from duecourse.rules.resolve import Scope, bind
from duecourse.settlement import selectors as settled

CALL_LIMIT = ("connected_calls_daily", "connected_calls_max_count")
HISTORY_MONTHS = 12
BATCH_DAYS = 730
"""How long after its beginning a batch can still earn; older ones have no rate of their own any more."""


def required(month: Month, *, step: str) -> StepRun:
    """Return the newest checked execution of a step of the month.

    Raises:
        MonthNotReady: the step was not run.
    """
    found = selectors.latest_step(month.run, step=step)
    if found is None:
        todo = f"Run it: duecourse cycle step {step} {month.run.month}"
        raise MonthNotReady(step=step, month=month.run.month, reason=f"the step {step} has not been run", todo=todo)
    return found


def score_inputs(month: Month) -> Frames:
    """Return the open cases of the month's snapshot and the history of earlier months by segment."""
    cases = portfolio.case_frame(creditor_id=month.actor.creditor_id, step_run_id=required(month, step="snapshot").pk)
    wanted = pa.schema([*segments.CASES, pa.field("bucket_number", pa.int16(), nullable=False)])
    return Frames(
        frames={"cases": conform(cases, wanted, name="cases"), "history": history(month)},
        keys={"cases": ["case_id"], "history": ["segment_key"]},
        parameters=policy_of(month.actor).scoring(),
    )


def history(month: Month) -> pa.Table:
    """Return engine.scores.HISTORY over the earlier months, one row per segment."""
    sums: dict[str, list[int]] = {}
    for earlier in selectors.closed_months(month.run, limit=HISTORY_MONTHS):
        for row in outcomes(month, of_month=earlier).to_pylist():
            found = sums.setdefault(row["segment_key"], [0, 0, 0, 0])
            found[0] += row["placed_minor"]
            found[1] += max(0, row["recovered_minor"])
            found[2] += 1
            found[3] += row["recovered_minor"] > 0
    names = ("placed_minor", "recovered_minor", "case_count", "paid_case_count")
    rows = [{"segment_key": key, **dict(zip(names, values, strict=True))} for key, values in sorted(sums.items())]
    return pa.Table.from_pylist(rows, schema=scores.HISTORY)


def allocation_inputs(month: Month) -> Frames:
    """Return cases with their segments and expectations, agencies, exclusions and the effects of the last scorecards.

    What `month.options["allocation"]` chooses is in the agencies and in the policy, so that a replay needs nothing else.

    Raises:
        ChoicesWrong: the choices cannot be.
        MonthNotReady: the snapshot or the score is missing.
    """
    choices = AllocationChoices.of(month.options.get("allocation"))
    chosen = choices.record()
    creditor_id = month.actor.creditor_id
    cases = portfolio.case_frame(creditor_id=creditor_id, step_run_id=required(month, step="snapshot").pk)
    scored = portfolio.score_frame(creditor_id=creditor_id, step_run_id=required(month, step="score").pk)
    joined = cases.drop_columns([name for name in ("segment_key", "hold_kinds") if name in cases.column_names])
    joined = joined.join(scored.select(["case_id", "segment_key", "expected_recovered_minor"]), "case_id", join_type="inner")
    wanted = pa.schema([*CASES, pa.field("days_past_due", pa.int32(), nullable=False)])
    return Frames(
        frames={
            "cases": conform(joined, wanted, name="cases").sort_by("case_id"),
            "agencies": choices.tightened(placements.agencies_frame(creditor_id=creditor_id, on=month.as_of)),
            "exclusions": placements.exclusions_frame(creditor_id=creditor_id, on=month.as_of),
            "effects": settled.effects_before(creditor_id=creditor_id, month=month.run.month),
        },
        keys={
            "cases": ["case_id"],
            "agencies": ["agency_id"],
            "exclusions": ["case_id", "agency_id", "reason"],
            "effects": ["agency_id", "segment_key"],
        },
        parameters={"policy": choices.policy(policy_of(month.actor).allocation()), "commitment": month.run.commitment}
        | ({"choices": chosen} if chosen else {}),
    )


def outcomes(month: Month, *, of_month: str) -> pa.Table:
    """Return engine.evaluation.OUTCOMES of the placements that began in a month, with what they recovered in that month."""
    bounds = CalendarMonth.parse(of_month)
    return _outcomes(month, placed=(bounds.first, bounds.last), recovered=(bounds.first, bounds.last))


def measure_inputs(month: Month) -> Frames:
    """Return the month's own outcomes for the scorecards, and those of all live batches over their whole terms for the rates."""
    since_on = month.first_on - timedelta(days=BATCH_DAYS)
    whole = _outcomes(month, placed=(since_on, month.last_on), recovered=(since_on, month.last_on))
    return Frames(
        frames={"outcomes": outcomes(month, of_month=month.run.month), "batch_outcomes": whole},
        keys={"outcomes": ["case_id"], "batch_outcomes": ["case_id", "batch_id"]},
        parameters={"month": month.run.month, "metric_version": METRIC_VERSION},
    )


def settlement_inputs(month: Month) -> Frames:
    """Return the inputs of every contract's commission; the frames are named by contract and version."""
    frames: dict[str, pa.Table] = {}
    keys: dict[str, list[str]] = {}
    chosen: dict[str, list[dict[str, str | int]]] = {}
    creditor_id = month.actor.creditor_id
    for contract_id in settled.contracts_to_settle(creditor_id=creditor_id, month=month.run.month):
        chosen[str(contract_id)] = []
        for part in settled.commission_inputs(creditor_id=creditor_id, contract_id=contract_id, month=month.run.month):
            for name, key in COMMISSION_FRAMES.items():
                place = f"{name}_{contract_id}_{part.contract_version_id}"
                frames[place], keys[place] = getattr(part, name), key
            terms: dict[str, str | int] = {"version": part.contract_version_id, "rounding": part.rounding, "tier_mode": part.tier_mode}
            chosen[str(contract_id)].append(terms)
    return Frames(frames=frames, keys=keys, parameters={"contracts": chosen})


def limit_of_calls(month: Month) -> int:
    """Return the most connected calls a day that the creditor's packs allow on the month's last day."""
    packs = tuple(shipped_pack(name) for name in creditor_of(month.actor).packs)
    rule_name, parameter = CALL_LIMIT
    limits = [
        int(getattr(bound.values, parameter))
        for bound in bind(Scope(packs, (), "", ""), month.last_on)
        if bound.rule.id.endswith(rule_name)
    ]
    return min(limits, default=10**9)


def _outcomes(month: Month, *, placed: tuple[date, date], recovered: tuple[date, date]) -> pa.Table:
    """Return OUTCOMES of what was placed in one span of days with what was recognised for it in another, both ends included."""
    creditor_id = month.actor.creditor_id
    frame = selectors.outcomes_frame(creditor_id=creditor_id, first_on=placed[0], last_on=placed[1])
    money_frame = money.recovered_frame(creditor_id=creditor_id, first_on=recovered[0], last_on=recovered[1])
    sums = dict(zip(money_frame.column("placement_id").to_pylist(), money_frame.column("recovered_minor").to_pylist(), strict=True))
    column = pa.array([sums.get(number, 0) for number in frame.column("placement_id").to_pylist()], pa.int64())
    return conform(frame.append_column("recovered_minor", column), OUTCOMES, name="outcomes")

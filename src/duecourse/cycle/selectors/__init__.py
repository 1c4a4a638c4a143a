"""Every read about months and their steps; to be called inside `parties.access.acting`."""

from duecourse.cycle.selectors.months import (
    STEP_NAMES,
    closed_months,
    double_placements,
    handover_frame,
    latest_step,
    latest_steps,
    outcomes_frame,
    placed_total,
    runs,
    statements_of,
)
from duecourse.cycle.selectors.report import month_report

__all__ = [
    "STEP_NAMES",
    "closed_months",
    "double_placements",
    "handover_frame",
    "latest_step",
    "latest_steps",
    "month_report",
    "outcomes_frame",
    "placed_total",
    "runs",
    "statements_of",
]

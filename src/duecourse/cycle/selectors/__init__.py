"""Every read about months and their steps; to be called inside `parties.access.acting`."""

from duecourse.cycle.selectors.figures import month_figures
from duecourse.cycle.selectors.line import MonthLine, StepShown, month_line
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
from duecourse.cycle.selectors.standing import Standing, month_standing, month_tapes, proposal_of
from duecourse.cycle.selectors.to_dos import OWED_MAX, ToDo, first_contacts_owed, to_dos

__all__ = [
    "OWED_MAX",
    "STEP_NAMES",
    "MonthLine",
    "Standing",
    "StepShown",
    "ToDo",
    "closed_months",
    "double_placements",
    "first_contacts_owed",
    "handover_frame",
    "latest_step",
    "latest_steps",
    "month_figures",
    "month_line",
    "month_report",
    "month_standing",
    "month_tapes",
    "outcomes_frame",
    "placed_total",
    "proposal_of",
    "runs",
    "statements_of",
    "to_dos",
]

"""Every read about what agencies earn and how well they did. Call them inside `acting(...)`; an agency sees its own only."""

from __future__ import annotations

from duecourse.settlement.selectors.commission import (
    CommissionInputs,
    commission_inputs,
    commission_lines,
    contracts_to_settle,
)
from duecourse.settlement.selectors.scorecards import effects_before, rates, scorecard_frame, scorecards, scorecards_since
from duecourse.settlement.selectors.statements import (
    access_statement,
    booked_total,
    clawback_totals,
    lines_total,
    statement_page,
    statement_status,
    statements,
    unfrozen,
)
from duecourse.settlement.selectors.vintages import Vintage, VintagePoint, vintages

__all__ = [
    "CommissionInputs",
    "Vintage",
    "VintagePoint",
    "access_statement",
    "booked_total",
    "clawback_totals",
    "commission_inputs",
    "commission_lines",
    "contracts_to_settle",
    "effects_before",
    "lines_total",
    "rates",
    "scorecard_frame",
    "scorecards",
    "scorecards_since",
    "statement_page",
    "statement_status",
    "statements",
    "unfrozen",
    "vintages",
]

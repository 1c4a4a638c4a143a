"""Every write about what agencies earn: measured rates, scorecards, statements and their life."""

from __future__ import annotations

from duecourse.settlement.services.draft import statement_compute, statement_draft
from duecourse.settlement.services.life import statement_agree, statement_approve, statement_freeze
from duecourse.settlement.services.measure import rates_write, scorecards_write
from duecourse.settlement.services.objections import OBJECTIONS, statement_object
from duecourse.settlement.services.vintages import vintages_write

__all__ = [
    "OBJECTIONS",
    "rates_write",
    "scorecards_write",
    "statement_agree",
    "statement_approve",
    "statement_compute",
    "statement_draft",
    "statement_freeze",
    "statement_object",
    "vintages_write",
]

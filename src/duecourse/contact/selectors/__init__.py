"""Every read about contacts. Call them inside `acting(...)`."""

from __future__ import annotations

from duecourse.contact.selectors.answers import ANSWERS_PAGE, answer_page, refusals_by_rule
from duecourse.contact.selectors.owed import access_permit, outcomes_owed
from duecourse.contact.selectors.records import (
    FINDING_KINDS,
    CallFinding,
    CallFindingCount,
    call_files,
    call_files_owed,
    call_finding_counts,
    call_findings,
    calls_held,
)
from duecourse.contact.selectors.timeline import GROUPS, TimelinePage, case_timeline
from duecourse.contact.selectors.windows import WINDOW, attempts_without_permit, most_slots, refusal_counts, window_frame
from duecourse.contact.selectors.worklist import WHYS, CallsToday, attempted_frame, calls_made, calls_today, work_case, worklist

__all__ = [
    "ANSWERS_PAGE",
    "FINDING_KINDS",
    "GROUPS",
    "WHYS",
    "WINDOW",
    "CallFinding",
    "CallFindingCount",
    "CallsToday",
    "TimelinePage",
    "access_permit",
    "answer_page",
    "attempted_frame",
    "attempts_without_permit",
    "call_files",
    "call_files_owed",
    "call_finding_counts",
    "call_findings",
    "calls_held",
    "calls_made",
    "calls_today",
    "case_timeline",
    "most_slots",
    "outcomes_owed",
    "refusal_counts",
    "refusals_by_rule",
    "window_frame",
    "work_case",
    "worklist",
]

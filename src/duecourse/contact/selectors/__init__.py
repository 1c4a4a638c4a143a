"""Every read about contacts. Call them inside `acting(...)`."""

from __future__ import annotations

from duecourse.contact.selectors.answers import ANSWERS_PAGE, answer_page, refusals_by_rule
from duecourse.contact.selectors.owed import access_permit, outcomes_owed
from duecourse.contact.selectors.papers import (
    PAPERS_PAGE,
    TEMPLATES_PAGE,
    access_paper,
    access_template,
    papers_waiting,
    templates_waiting,
)
from duecourse.contact.selectors.records import (
    FINDING_KINDS,
    CallFinding,
    CallFindingCount,
    UnheldCall,
    call_files,
    call_files_owed,
    call_finding_counts,
    call_findings,
    calls_held,
    calls_unheld,
)
from duecourse.contact.selectors.revocations import Revocation, permit_revocations
from duecourse.contact.selectors.stops import STOPS_PAGE, lifts_waiting, stop_page, stops_open
from duecourse.contact.selectors.terms import access_version, gate_terms_on, versions_waiting
from duecourse.contact.selectors.timeline import GROUPS, TimelinePage, case_timeline
from duecourse.contact.selectors.violations import KINDS as VIOLATION_KINDS
from duecourse.contact.selectors.violations import ViolationCount, finding_day_counts, request_counts, violation_counts
from duecourse.contact.selectors.windows import WINDOW, attempts_without_permit, most_slots, refusal_counts, window_frame
from duecourse.contact.selectors.worklist import WHYS, CallsToday, attempted_frame, calls_made, calls_today, work_case, worklist

__all__ = [
    "ANSWERS_PAGE",
    "FINDING_KINDS",
    "GROUPS",
    "PAPERS_PAGE",
    "STOPS_PAGE",
    "TEMPLATES_PAGE",
    "VIOLATION_KINDS",
    "WHYS",
    "WINDOW",
    "CallFinding",
    "CallFindingCount",
    "CallsToday",
    "Revocation",
    "TimelinePage",
    "UnheldCall",
    "ViolationCount",
    "access_paper",
    "access_permit",
    "access_template",
    "access_version",
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
    "calls_unheld",
    "case_timeline",
    "finding_day_counts",
    "gate_terms_on",
    "lifts_waiting",
    "most_slots",
    "outcomes_owed",
    "papers_waiting",
    "permit_revocations",
    "refusal_counts",
    "refusals_by_rule",
    "request_counts",
    "stop_page",
    "stops_open",
    "templates_waiting",
    "versions_waiting",
    "violation_counts",
    "window_frame",
    "work_case",
    "worklist",
]

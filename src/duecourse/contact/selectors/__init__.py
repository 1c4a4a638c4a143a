"""Every read about contacts. Call them inside `acting(...)`."""

from __future__ import annotations

from duecourse.contact.selectors.answers import ANSWERS_PAGE, answer_page, refusals_by_rule
from duecourse.contact.selectors.timeline import GROUPS, TimelinePage, case_timeline
from duecourse.contact.selectors.windows import WINDOW, attempts_without_permit, most_slots, refusal_counts, window_frame

__all__ = [
    "ANSWERS_PAGE",
    "GROUPS",
    "WINDOW",
    "TimelinePage",
    "answer_page",
    "attempts_without_permit",
    "case_timeline",
    "most_slots",
    "refusal_counts",
    "refusals_by_rule",
    "window_frame",
]

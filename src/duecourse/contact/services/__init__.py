"""Every write about contacts: asking for a permit, dialling with it, and reporting what came of it."""

from duecourse.contact.services.attempts import attempt_report
from duecourse.contact.services.calls import COMPLAINTS, DISPUTES, PromiseGiven, call_request, number_open, outcome_record
from duecourse.contact.services.grounds import ground_text
from duecourse.contact.services.permits import Answer, permit_request
from duecourse.contact.services.trial import permit_try

__all__ = [
    "COMPLAINTS",
    "DISPUTES",
    "Answer",
    "PromiseGiven",
    "attempt_report",
    "call_request",
    "ground_text",
    "number_open",
    "outcome_record",
    "permit_request",
    "permit_try",
]

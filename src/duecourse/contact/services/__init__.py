"""Every write about contacts: asking for a permit, dialling with it, and reporting what came of it."""

from duecourse.contact.services.attempts import attempt_report
from duecourse.contact.services.call_matching import calls_match
from duecourse.contact.services.calls import COMPLAINTS, DISPUTES, PromiseGiven, call_request, number_open, outcome_record
from duecourse.contact.services.definitions import call_definition_set, definition_on
from duecourse.contact.services.grounds import ground_text
from duecourse.contact.services.permits import Answer, permit_request
from duecourse.contact.services.records import CallRecordsResult, call_records_load
from duecourse.contact.services.trial import permit_try

__all__ = [
    "COMPLAINTS",
    "DISPUTES",
    "Answer",
    "CallRecordsResult",
    "PromiseGiven",
    "attempt_report",
    "call_definition_set",
    "call_records_load",
    "call_request",
    "calls_match",
    "definition_on",
    "ground_text",
    "number_open",
    "outcome_record",
    "permit_request",
    "permit_try",
]

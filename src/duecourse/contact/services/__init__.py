"""Every write about contacts: asking, dialling, reporting, stopping, what was really dialled, and what the gate goes by."""

from duecourse.contact.services.attempts import attempt_report
from duecourse.contact.services.call_files import CallsForgotten, call_rejects_open, call_retention_on, call_retention_set, calls_forget
from duecourse.contact.services.call_matching import calls_match
from duecourse.contact.services.calls import COMPLAINTS, DISPUTES, PromiseGiven, call_request, number_open, outcome_record
from duecourse.contact.services.definitions import call_definition_approve, call_definition_reject, call_definition_set, definition_on
from duecourse.contact.services.grounds import ground_text
from duecourse.contact.services.notices import agency_publish, agency_unpublish, contact_wish_record, outsourcing_notices_record
from duecourse.contact.services.papers import paper_add, paper_approve, paper_end, paper_reject
from duecourse.contact.services.partitions import partitions_ahead
from duecourse.contact.services.permits import Answer, permit_request
from duecourse.contact.services.records import CallRecordsResult, call_records_load
from duecourse.contact.services.stops import contact_stop, contact_stop_lift, contact_stop_lift_approve, contact_stop_lift_reject
from duecourse.contact.services.templates import (
    LETTER_PARTS,
    message_template_add,
    message_template_approve,
    message_template_end,
    message_template_reject,
)
from duecourse.contact.services.terms import gate_terms_approve, gate_terms_reject, gate_terms_set
from duecourse.contact.services.trial import permit_try
from duecourse.contact.services.violation_sums import violations_sum

__all__ = [
    "COMPLAINTS",
    "DISPUTES",
    "LETTER_PARTS",
    "Answer",
    "CallRecordsResult",
    "CallsForgotten",
    "PromiseGiven",
    "agency_publish",
    "agency_unpublish",
    "attempt_report",
    "call_definition_approve",
    "call_definition_reject",
    "call_definition_set",
    "call_records_load",
    "call_rejects_open",
    "call_request",
    "call_retention_on",
    "call_retention_set",
    "calls_forget",
    "calls_match",
    "contact_stop",
    "contact_stop_lift",
    "contact_stop_lift_approve",
    "contact_stop_lift_reject",
    "contact_wish_record",
    "definition_on",
    "gate_terms_approve",
    "gate_terms_reject",
    "gate_terms_set",
    "ground_text",
    "message_template_add",
    "message_template_approve",
    "message_template_end",
    "message_template_reject",
    "number_open",
    "outcome_record",
    "outsourcing_notices_record",
    "paper_add",
    "paper_approve",
    "paper_end",
    "paper_reject",
    "partitions_ahead",
    "permit_request",
    "permit_try",
    "violations_sum",
]

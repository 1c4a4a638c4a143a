"""What the room keeps: permits, refusals and attempts."""

from duecourse.contact.models.permits import CONNECTED_OUTCOMES, NOTES, Attempt, ContactRequest, Outcome, Permit, Refusal
from duecourse.contact.models.records import CallDefinition, CallDisposition, CallMatch, CallRecord, CallRecordFile

__all__ = [
    "CONNECTED_OUTCOMES",
    "NOTES",
    "Attempt",
    "CallDefinition",
    "CallDisposition",
    "CallMatch",
    "CallRecord",
    "CallRecordFile",
    "ContactRequest",
    "Outcome",
    "Permit",
    "Refusal",
]

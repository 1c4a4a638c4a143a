"""What the room keeps: permits, refusals and attempts; calls as they were dialled; stops; papers, templates and the gate's terms."""

from duecourse.contact.models.notices import ContactWish, OutsourcingNotice, PublishedAgency, WishKind
from duecourse.contact.models.papers import GateTerms, MessageTemplate, Paper, PaperLayer
from duecourse.contact.models.permits import CONNECTED_OUTCOMES, NOTES, Attempt, ContactRequest, Outcome, Permit, Refusal
from duecourse.contact.models.records import CallDefinition, CallDisposition, CallMatch, CallRecord, CallRecordFile
from duecourse.contact.models.retention import CallRemoval, CallRetention
from duecourse.contact.models.rule_sets import RuleSet
from duecourse.contact.models.stops import ContactStop, ContactStopLift, StopReasonCode, StopScope
from duecourse.contact.models.violations import ViolationDay, ViolationSum

__all__ = [
    "CONNECTED_OUTCOMES",
    "NOTES",
    "Attempt",
    "CallDefinition",
    "CallDisposition",
    "CallMatch",
    "CallRecord",
    "CallRecordFile",
    "CallRemoval",
    "CallRetention",
    "ContactRequest",
    "ContactStop",
    "ContactStopLift",
    "ContactWish",
    "GateTerms",
    "MessageTemplate",
    "Outcome",
    "OutsourcingNotice",
    "Paper",
    "PaperLayer",
    "Permit",
    "PublishedAgency",
    "Refusal",
    "RuleSet",
    "StopReasonCode",
    "StopScope",
    "ViolationDay",
    "ViolationSum",
    "WishKind",
]

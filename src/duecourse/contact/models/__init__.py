"""What the room keeps: permits, refusals and attempts."""

from duecourse.contact.models.permits import CONNECTED_OUTCOMES, NOTES, Attempt, ContactRequest, Outcome, Permit, Refusal

__all__ = ["CONNECTED_OUTCOMES", "NOTES", "Attempt", "ContactRequest", "Outcome", "Permit", "Refusal"]

"""Every write about contacts: asking for a permit, and reporting what came of it."""

from duecourse.contact.services.attempts import attempt_report
from duecourse.contact.services.grounds import ground_text
from duecourse.contact.services.permits import Answer, permit_request
from duecourse.contact.services.trial import permit_try

__all__ = ["Answer", "attempt_report", "ground_text", "permit_request", "permit_try"]

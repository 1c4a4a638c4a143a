"""The words for findings about calls, which commands and pages share."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from duecourse.contact.selectors import CallFinding

FINDING_WORDS = {
    "call_without_permit": gettext_noop("Call without a permit"),
    "permit_without_call": gettext_noop("Permit without a call"),
    "outcome_disagrees": gettext_noop("Outcome disagrees"),
    "duration_disagrees": gettext_noop("Duration disagrees"),
    "outside_permit": gettext_noop("Outside of the permit's time"),
    "number_unknown": gettext_noop("Number unknown"),
}
"""Every kind of finding, to be translated where it is shown."""

FAULT_WORDS = {
    "permit_unknown": gettext_noop("there is no such permit"),
    "permit_of_other_performer": gettext_noop("the permit is another performer's"),
    "permit_of_other_channel": gettext_noop("the permit is for no call"),
    "permit_of_other_number": gettext_noop("the permit is for another number"),
    "permit_at_other_time": gettext_noop("the permit is of another time"),
    "permit_taken": gettext_noop("the permit was used by another call"),
}
"""Why the permit that a performer stated is not the call's."""

DISPOSITION_WORDS = {
    "answered": gettext_noop("Answered"),
    "voicemail": gettext_noop("Voicemail"),
    "no_answer": gettext_noop("Not answered"),
    "busy": gettext_noop("Busy"),
    "refused": gettext_noop("Call refused"),
    "failed": gettext_noop("Not put through"),
    "other": gettext_noop("Otherwise"),
}
"""How a call ended, as the telephone system recorded it."""


def finding_kind_text(kind: str) -> str:
    """Return the name of a kind of finding in the reader's language."""
    return _(FINDING_WORDS[kind])


def finding_text(finding: CallFinding) -> str:
    """Return what was found, in one sentence in the reader's language: what was recorded beside what was reported."""
    told: dict[str, Any] = finding.details
    if finding.kind == "permit_without_call":
        return _("reported as {outcome}, and no call is recorded").format(outcome=told["outcome"])
    if finding.kind == "outcome_disagrees":
        return _("recorded as {disposition} with {seconds} s of talk, reported as {outcome}").format(
            disposition=told["disposition"], seconds=told["talk_seconds"], outcome=told["outcome"]
        )
    if finding.kind == "duration_disagrees":
        return _("{seconds} s of talk recorded, {told} s reported").format(seconds=told["talk_seconds"], told=told["told_talk_seconds"])
    said = _("recorded as {disposition} with {seconds} s of talk").format(disposition=told["disposition"], seconds=told["talk_seconds"])
    if told.get("fault"):
        said += _("; permit {permit} was stated: {fault}").format(permit=told.get("stated_permit", ""), fault=_(FAULT_WORDS[told["fault"]]))
    return said

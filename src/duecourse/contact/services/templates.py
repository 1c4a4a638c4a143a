"""Texts that may be sent: versions of templates, which another person approves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from duecourse.contact.errors import TemplateInvalid
from duecourse.contact.models import MessageTemplate
from duecourse.contact.services.readiness import LETTER_PARTS, MESSAGES
from duecourse.contact.services.versions import WRITERS, newest_version, version_add, version_decide
from duecourse.kit.errors import Absent
from duecourse.ledger.services import audit_append
from duecourse.parties.access import Actor, acting, require

SUBJECT = "message_template"
MORE_PARTS = ("agency_name", "opt_out")
"""Further parts that a text may have."""
BODY_MAX = 20_000


def message_template_add(
    *,
    actor: Actor,
    code: str,
    channel: str,
    language: str,
    body: str,
    purpose: str,
    valid_from_on: date,
    valid_until_on: date | None = None,
    parts: Sequence[str] = (),
) -> MessageTemplate:
    """Write a version of a template; it may be used once another person approves it.

    Args:
        actor: compliance or a manager.
        code: the template's name; a second version has the same, and the same channel and language.
        channel: sms, email or letter.
        language: of the text, such as zh-hans.
        body: the text with its places; nothing personal.
        purpose: what it is for, a code such as reminder.
        valid_from_on: the first day on which it may be used.
        valid_until_on: the day after the last, None for open.
        parts: some of `LETTER_PARTS` and `MORE_PARTS`: what the text contains; a letter has all of `LETTER_PARTS`.

    Raises:
        TemplateInvalid: with everything that is wrong.
        VersionOfAnother: the code is that of a template for another channel or language.

    Guarantees: the same content as the newest version's returns that one.
    """
    require(actor, *WRITERS, action="write a template")
    content = {"channel": channel, "language": language.strip(), "body": body, "purpose": purpose.strip(), "parts": sorted(set(parts))}
    content |= {"valid_from_on": valid_from_on, "valid_until_on": valid_until_on, "is_end": False}
    reasons = _faults(code=code, **content)
    if reasons:
        raise TemplateInvalid(reasons=reasons)
    with acting(actor):
        return _version(actor, code.strip(), content)


def message_template_end(*, actor: Actor, code: str, on: date) -> MessageTemplate:
    """End a template from a day on. Nobody has to approve that: it only stops.

    Raises:
        Absent: there is no such template.
    """
    require(actor, *WRITERS, action="end a template")
    with acting(actor):
        newest = newest_version(MessageTemplate, actor=actor, subject=SUBJECT, code=code)
        if newest is None:
            raise Absent(entity="template")
        content = {name: getattr(newest, name) for name in ("channel", "language", "purpose")}
        ended = {"body": "", "parts": [], "valid_from_on": on, "valid_until_on": None, "is_end": True}
        return _version(actor, code, content | ended)


def message_template_approve(*, actor: Actor, template_id: int, reason: str = "") -> MessageTemplate:
    """Approve a version, so that it may be used from its first day on.

    Raises:
        Forbidden, SamePersonTwice, AlreadyDecided: as `approval_decide`.
        Absent: there is no such version.
    """
    return _decide(actor, template_id, is_granted=True, reason=reason)


def message_template_reject(*, actor: Actor, template_id: int, reason: str) -> MessageTemplate:
    """Refuse a version. Raises as `message_template_approve`."""
    return _decide(actor, template_id, is_granted=False, reason=reason)


def _faults(*, code: str, channel: str, language: str, body: str, purpose: str, parts: Sequence[str], **span: Any) -> list[str]:
    unknown = sorted(set(parts) - {*LETTER_PARTS, *MORE_PARTS})
    absent = [part for part in LETTER_PARTS if part not in parts] if channel == "letter" else []
    ends_on = span["valid_until_on"]
    checks = [
        (not code.strip(), "the template has no code"),
        (channel not in MESSAGES, f"the channel is one of {', '.join(MESSAGES)}, not {channel}"),
        (not language, "its language is missing"),
        (not body.strip(), "its text is empty"),
        (len(body) > BODY_MAX, f"its text has more than {BODY_MAX:,} characters"),
        (not purpose, "its purpose is missing"),
        (bool(unknown), f"it has the unknown parts {', '.join(unknown)}"),
        (bool(absent), f"a letter must also contain {', '.join(absent)}"),
        (ends_on is not None and ends_on <= span["valid_from_on"], "it ends before it begins"),
    ]
    return [reason for is_wrong, reason in checks if is_wrong]


def _version(actor: Actor, code: str, content: dict[str, Any]) -> MessageTemplate:
    fixed = ("channel", "language")
    found, is_new = version_add(MessageTemplate, actor=actor, subject=SUBJECT, code=code, content=content, fixed=fixed)
    if is_new:
        details = {
            "code": code,
            "number": found.number,
            "channel": found.channel,
            "content_hash": found.content_hash,
            "is_end": found.is_end,
        }
        action = "message_template_ended" if found.is_end else "message_template_added"
        audit_append(creditor_id=actor.creditor_id, action=action, subject_kind=SUBJECT, subject_id=found.pk, details=details)
    return found


def _decide(actor: Actor, template_id: int, *, is_granted: bool, reason: str) -> MessageTemplate:
    require(actor, *WRITERS, action="decide on a template")
    with acting(actor):
        found = MessageTemplate.objects.filter(creditor_id=actor.creditor_id, pk=template_id, is_end=False).first()
        return version_decide(found, actor=actor, subject=SUBJECT, entity="template", is_granted=is_granted, reason=reason)

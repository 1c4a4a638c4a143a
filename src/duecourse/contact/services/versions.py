"""Versions of what the creditor lays down: never changed, and decided on by a second person; papers and templates are numbered under a code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from django.db import connection

from duecourse.contact.errors import VersionOfAnother
from duecourse.contact.models import CallDefinition, GateTerms, MessageTemplate, Paper
from duecourse.kit.clock import now
from duecourse.kit.errors import Absent
from duecourse.kit.ids import content_hash
from duecourse.parties.access import Actor
from duecourse.parties.models import Role
from duecourse.parties.services import approval_decide

WRITERS = (Role.COMPLIANCE, Role.MANAGER)
"""Who writes a version, and who decides on another's."""
_LOCK = "SELECT pg_advisory_xact_lock(49411, hashtext(%s))"
_Version = TypeVar("_Version", Paper, MessageTemplate)
_Decided = TypeVar("_Decided", Paper, MessageTemplate, GateTerms, CallDefinition)


def versions_lock(actor: Actor, *, subject: str, code: str = "") -> None:
    """Keep everybody else from writing a version of this kind and code, or deciding on one, until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [f"{actor.creditor_id} {subject} {code}"])


def newest_version(model: type[_Version], *, actor: Actor, subject: str, code: str) -> _Version | None:
    """Return the newest version under a code, or None; until the transaction ends nobody else writes the next one."""
    versions_lock(actor, subject=subject, code=code)
    return model.objects.filter(creditor_id=actor.creditor_id, code=code).order_by("-number").first()


def version_add(
    model: type[_Version], *, actor: Actor, subject: str, code: str, content: dict[str, Any], fixed: Sequence[str]
) -> tuple[_Version, bool]:
    """Write the next version under a code, and say whether it is new.

    Args:
        model: Paper or MessageTemplate.
        actor: who writes.
        subject: of its approval.
        code: the name that all versions share.
        content: every column of the version's own.
        fixed: columns that no later version changes.

    Raises:
        VersionOfAnother: the newest version differs in one of `fixed`.

    Guarantees: the same content as the newest version's returns that one.
    """
    newest = newest_version(model, actor=actor, subject=subject, code=code)
    if newest is not None:
        if any(getattr(newest, name) != content[name] for name in fixed):
            raise VersionOfAnother(code=code)
        if all(getattr(newest, name) == value for name, value in content.items()):
            return newest, False
    number = 1 if newest is None else newest.number + 1
    made = model.objects.create(
        creditor_id=actor.creditor_id,
        code=code,
        number=number,
        content_hash=content_hash([actor.creditor_id, code, number, content]),
        added_by=actor.user_id,
        known_at=now(),
        **content,
    )
    return made, True


def version_decide(found: _Decided | None, *, actor: Actor, subject: str, entity: str, is_granted: bool, reason: str) -> _Decided:
    """Decide on a version that somebody else wrote.

    Raises:
        Absent: there is none.
        Forbidden, SamePersonTwice, AlreadyDecided: as `approval_decide`.
    """
    if found is None:
        raise Absent(entity=entity)
    approval_decide(
        actor=actor,
        subject_kind=subject,
        subject_id=found.pk,
        content_hash=found.content_hash,
        requested_by=found.added_by,
        is_granted=is_granted,
        reason=reason,
        roles=WRITERS,
    )
    return found

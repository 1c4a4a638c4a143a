"""What shows that one of an agency's people may collect: put down by the creditor's side, or by the agency's lead and then confirmed."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import Q

from duecourse.kit.calendar import local_day
from duecourse.kit.clock import now
from duecourse.kit.errors import Absent, Forbidden
from duecourse.kit.ids import content_hash
from duecourse.ledger.services import audit_append
from duecourse.parties.access import Actor, acting, creditor_of, require
from duecourse.parties.errors import QualificationRefused, QualificationWithdrawn
from duecourse.parties.models import CollectorQualification, Membership, Role
from duecourse.parties.services.people import approval_decide

SUBJECT = "collector_qualification"
DECIDERS = (Role.MANAGER, Role.COMPLIANCE)
KIND_MAX, REFERENCE_MAX = 80, 200
YEARS_MAX = 10


def collector_qualification_add(
    *,
    actor: Actor,
    user_id: int,
    kind: str,
    document_ref: str,
    valid_from_on: date,
    valid_until_on: date,
    agency_id: int | None = None,
) -> CollectorQualification:
    """Put down evidence of one of an agency's people.

    Args:
        actor: a manager or compliance officer, whose word counts at once; or a lead of the agency, whose word waits for one of them.
        user_id: whose it is: somebody who works for the agency.
        kind: what it shows, by the same name as in the terms of the gate, such as pre-job training.
        document_ref: the certificate's number, or where the document lies. Nothing personal.
        valid_from_on: first day.
        valid_until_on: the day after the last.
        agency_id: for which agency, for the creditor's side; an agency's people put down evidence of their own agency whatever they say.

    Raises:
        Forbidden: the actor is none of these, or a program.
        QualificationRefused: kind or document are missing or too long, or the span is empty or longer than ten years.
        Absent: nobody of that number works for the agency.

    Guarantees: the same evidence again, while it waits or holds, is returned as it is.
    """
    require(actor, *DECIDERS, Role.LEAD, action="record a qualification")
    if actor.user_id < 0:
        raise Forbidden(action="record a qualification without a person", role=" / ".join(map(str, (*DECIDERS, Role.LEAD))))
    said: dict[str, Any] = {"kind": " ".join(kind.split()), "document_ref": " ".join(document_ref.split())}
    said |= {"valid_from_on": valid_from_on, "valid_until_on": valid_until_on}
    if reasons := _faults(**said):
        raise QualificationRefused(reasons=reasons)
    owner_id = actor.agency_id if actor.is_agency else agency_id
    of = {"creditor_id": actor.creditor_id, "agency_id": owner_id, "user_id": user_id}
    with acting(_writer(actor)):
        _check_works(actor, of=of)
        standing = CollectorQualification.objects.filter(**of, **said, withdrawn_at__isnull=True).exclude(is_confirmed=False)
        found = standing.filter(is_said_by_agency=True).first() if actor.is_agency else standing.filter(is_confirmed=True).first()
        if found is not None:
            return found
        made = CollectorQualification.objects.create(
            **of,
            **said,
            is_said_by_agency=actor.is_agency,
            is_confirmed=None if actor.is_agency else True,
            content_hash=content_hash([*of.values(), *said.values()]),
            added_by=actor.user_id,
            known_at=now(),
        )
        _note(made, "collector_qualification_added", is_said_by_agency=actor.is_agency)
        return made


def collector_qualification_approve(*, actor: Actor, qualification_id: int, reason: str = "") -> CollectorQualification:
    """Confirm what an agency's lead put down, so that it counts.

    Raises:
        Forbidden, SamePersonTwice, AlreadyDecided: as `approval_decide`.
        Absent: nothing of that number waits for the creditor.
        QualificationWithdrawn: it was taken back meanwhile.
    """
    return _decided(actor, qualification_id, is_granted=True, reason=reason)


def collector_qualification_reject(*, actor: Actor, qualification_id: int, reason: str) -> CollectorQualification:
    """Refuse what an agency's lead put down. Raises as `collector_qualification_approve`."""
    return _decided(actor, qualification_id, is_granted=False, reason=reason)


def collector_qualification_withdraw(*, actor: Actor, qualification_id: int) -> CollectorQualification:
    """Take evidence back, from now on: it counts for nothing any more and stays on record. Nobody has to confirm that: it only stops.

    Args:
        actor: a manager or compliance officer, or a lead of the agency whose it is.
        qualification_id: which; one that was withdrawn before stays as it is.

    Raises:
        Forbidden: the actor is none of these.
        Absent: there is none for this actor.
    """
    require(actor, *DECIDERS, Role.LEAD, action="withdraw a qualification")
    with acting(_writer(actor)):
        found = _one(actor, qualification_id)
        if found.withdrawn_at is None:
            found.withdrawn_at, found.withdrawn_by = now(), actor.user_id
            found.save(update_fields=["withdrawn_at", "withdrawn_by"])
            _note(found, "collector_qualification_withdrawn")
        return found


def _decided(actor: Actor, qualification_id: int, *, is_granted: bool, reason: str) -> CollectorQualification:
    require(actor, *DECIDERS, action="confirm a qualification")
    with acting(actor):
        found = _one(actor, qualification_id)
        if not found.is_said_by_agency:
            raise Absent(entity="qualification")
        if is_granted and found.withdrawn_at is not None:
            raise QualificationWithdrawn
        approval_decide(
            actor=actor,
            subject_kind=SUBJECT,
            subject_id=found.pk,
            content_hash=found.content_hash,
            requested_by=found.added_by,
            is_granted=is_granted,
            reason=reason,
            roles=DECIDERS,
        )
        if found.is_confirmed is None:
            found.is_confirmed = is_granted
            found.save(update_fields=["is_confirmed"])
        return found


def _faults(*, kind: str, document_ref: str, valid_from_on: date, valid_until_on: date) -> list[str]:
    checks = [
        (not kind, "it does not say what it shows"),
        (len(kind) > KIND_MAX, f"its kind has more than {KIND_MAX} characters"),
        ("," in kind or "，" in kind, "its kind holds a comma"),
        (not document_ref, "it names no document"),
        (len(document_ref) > REFERENCE_MAX, f"its document has more than {REFERENCE_MAX} characters"),
        (not kind.isprintable() or not document_ref.isprintable(), "it holds signs that cannot be printed"),
        (valid_until_on <= valid_from_on, "it ends before it begins"),
        (valid_until_on.year - valid_from_on.year > YEARS_MAX, f"it is valid for more than {YEARS_MAX} years"),
    ]
    return [reason for is_wrong, reason in checks if is_wrong]


def _check_works(actor: Actor, *, of: dict[str, Any]) -> None:
    on = local_day(now(), creditor_of(actor).zone)
    works = Membership.objects.filter(**of, agency_id__isnull=False).filter(Q(until_on__isnull=True) | Q(until_on__gt=on))
    if not works.exists():
        raise Absent(entity="user")


def _one(actor: Actor, qualification_id: int) -> CollectorQualification:
    found = CollectorQualification.objects.select_for_update(no_key=True).filter(creditor_id=actor.creditor_id, pk=qualification_id)
    row = (found.filter(agency_id=actor.agency_id) if actor.is_agency else found).first()
    if row is None:
        raise Absent(entity="qualification")
    return row


def _writer(actor: Actor) -> Actor:
    """Return who writes: an agency's role may not, so the creditor's role does it for its people, under their own name."""
    if not actor.is_agency:
        return actor
    return Actor(user_id=actor.user_id, creditor_id=actor.creditor_id, agency_id=None, roles=frozenset())


def _note(row: CollectorQualification, action: str, **more: Any) -> None:
    """Write what happened into the trail, without the words, which may be a lead's own."""
    details = {"agency_id": row.agency_id, "user_id": row.user_id, "valid_until_on": row.valid_until_on}
    details |= {"content_hash": row.content_hash, **more}
    audit_append(creditor_id=row.creditor_id, action=action, subject_kind=SUBJECT, subject_id=row.pk, details=details)

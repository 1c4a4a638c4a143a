"""The creditor's own terms of its gate, from a day on; what may loosen takes a second person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from duecourse.contact.errors import TermsRefused
from duecourse.contact.models import GateTerms
from duecourse.contact.selectors.terms import SUBJECTS, in_force, undecided
from duecourse.contact.services.known import Terms
from duecourse.contact.services.versions import WRITERS, version_decide, versions_lock
from duecourse.kit.calendar import local_day
from duecourse.kit.clock import now
from duecourse.kit.ids import content_hash
from duecourse.ledger.services import audit_append
from duecourse.parties.access import Actor, acting, creditor_of, require
from duecourse.parties.models import Role

SUBJECT = SUBJECTS[GateTerms]


def gate_terms_set(
    *,
    actor: Actor,
    effective_on: date,
    paid_share_bp: int,
    paid_minor_min: int,
    qualification_kinds: Sequence[str] = (),
    person_qualification_kinds: Sequence[str] = (),
    is_agency_list_kept: bool = False,
    are_notices_kept: bool = False,
) -> GateTerms:
    """Set what the gate asks for from a day on, today or later.

    Args:
        actor: a compliance officer.
        effective_on: the first day, in the debtors' own local time.
        paid_share_bp: share of the balance that counts as paid when it came in since the last import, 1 to 10000.
        paid_minor_min: and the least amount, in minor units.
        qualification_kinds: what every outside agency must have valid evidence of.
        person_qualification_kinds: what every person who makes a call or a visit must have valid evidence of, robots apart.
        is_agency_list_kept: the published list is kept here, so that an agency that is not on it is known to be missing.
        are_notices_kept: notices of outsourcing are kept here, so that a debtor without one is known not to have been told.

    Returns:
        The terms. Where `needs_approval` says so they hold once another person approves them; terms that in no respect loosen what is in
        force on their first day hold by themselves, unless others wait, for nobody knows yet against what to compare them.

    Raises:
        Forbidden: the actor is no compliance officer.
        TermsRefused: with everything that is wrong; a day in the past, or one that has terms already, in force or waiting.
    """
    require(actor, Role.COMPLIANCE, action="set the gate's terms")
    kinds, of_people = (
        [*sorted({" ".join(kind.split()) for kind in said} - {""})] for said in (qualification_kinds, person_qualification_kinds)
    )
    content: dict[str, Any] = {"paid_share_bp": paid_share_bp, "paid_minor_min": paid_minor_min, "qualification_kinds": kinds}
    content |= {"person_qualification_kinds": of_people}
    content |= {"is_agency_list_kept": is_agency_list_kept, "are_notices_kept": are_notices_kept}
    with acting(actor):
        versions_lock(actor, subject=SUBJECT)
        standing, waiting = in_force(GateTerms, creditor_id=actor.creditor_id), undecided(GateTerms, creditor_id=actor.creditor_id)
        is_taken = standing.filter(effective_on=effective_on).exists() or waiting.filter(effective_on=effective_on).exists()
        checks = [
            (effective_on < _today(actor), f"{effective_on} is past; what was decided stays as it was"),
            (not 1 <= paid_share_bp <= 10_000, "the share is from 1 to 10000 basis points"),
            (paid_minor_min < 0, "the least amount is not below zero"),
            (is_taken, f"{effective_on} has terms already; choose a later day"),
        ]
        reasons = [reason for is_wrong, reason in checks if is_wrong]
        if reasons:
            raise TermsRefused(reasons=reasons)
        before = standing.filter(effective_on__lte=effective_on).order_by("-effective_on", "-pk").first()
        said = content | {"effective_on": effective_on}
        terms = GateTerms.objects.create(
            creditor_id=actor.creditor_id,
            needs_approval=waiting.exists() or not only_tightens(content, before=before or Terms()),
            content_hash=content_hash([actor.creditor_id, SUBJECT, said]),
            added_by=actor.user_id,
            known_at=now(),
            **said,
        )
        details = said | {"content_hash": terms.content_hash, "needs_approval": terms.needs_approval}
        audit_append(creditor_id=actor.creditor_id, action="gate_terms_set", subject_kind=SUBJECT, subject_id=terms.pk, details=details)
        return terms


def gate_terms_approve(*, actor: Actor, terms_id: int, reason: str = "") -> GateTerms:
    """Approve terms, so that they hold from their day on.

    Raises:
        Forbidden, SamePersonTwice, AlreadyDecided: as `approval_decide`.
        TermsRefused: their day is past.
        Absent: there are no such terms, or they need nobody's approval.
    """
    return _decide(actor, terms_id, is_granted=True, reason=reason)


def gate_terms_reject(*, actor: Actor, terms_id: int, reason: str) -> GateTerms:
    """Refuse terms; what was in force stays. Raises as `gate_terms_approve`, whatever their day."""
    return _decide(actor, terms_id, is_granted=False, reason=reason)


def only_tightens(content: dict[str, Any], *, before: GateTerms | Terms) -> bool:
    """Say whether terms loosen in no respect what was in force: less money pauses a case, no evidence is dropped, no record is given up."""
    fewer = all(content[name] <= getattr(before, name) for name in ("paid_share_bp", "paid_minor_min"))
    kinds = all(set(content[name]) >= set(getattr(before, name)) for name in ("qualification_kinds", "person_qualification_kinds"))
    return fewer and kinds and all(content[name] >= getattr(before, name) for name in ("is_agency_list_kept", "are_notices_kept"))


def _decide(actor: Actor, terms_id: int, *, is_granted: bool, reason: str) -> GateTerms:
    require(actor, *WRITERS, action="decide on the gate's terms")
    with acting(actor):
        versions_lock(actor, subject=SUBJECT)
        found = GateTerms.objects.filter(creditor_id=actor.creditor_id, pk=terms_id, needs_approval=True).first()
        if found is not None and is_granted and found.effective_on < _today(actor):
            raise TermsRefused(reasons=[f"{found.effective_on} is past; what was decided stays as it was"])
        return version_decide(found, actor=actor, subject=SUBJECT, entity="terms", is_granted=is_granted, reason=reason)


def _today(actor: Actor) -> date:
    return local_day(now(), creditor_of(actor).zone)

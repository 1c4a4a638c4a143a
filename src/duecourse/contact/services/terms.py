"""The creditor's own terms of its gate, from a day on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from django.db import IntegrityError, transaction

from duecourse.contact.errors import TermsRefused
from duecourse.contact.models import GateTerms
from duecourse.kit.calendar import local_day
from duecourse.kit.clock import now
from duecourse.ledger.services import audit_append
from duecourse.parties.access import Actor, acting, creditor_of, require
from duecourse.parties.models import Role


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

    Raises:
        Forbidden: the actor is no compliance officer.
        TermsRefused: with everything that is wrong; a day in the past, or one that has terms already.
    """
    require(actor, Role.COMPLIANCE, action="set the gate's terms")
    kinds, of_people = (
        [*sorted({" ".join(kind.split()) for kind in said} - {""})] for said in (qualification_kinds, person_qualification_kinds)
    )
    with acting(actor):
        today = local_day(now(), creditor_of(actor).zone)
        checks = [
            (effective_on < today, f"{effective_on} is past; what was decided stays as it was"),
            (not 1 <= paid_share_bp <= 10_000, "the share is from 1 to 10000 basis points"),
            (paid_minor_min < 0, "the least amount is not below zero"),
        ]
        reasons = [reason for is_wrong, reason in checks if is_wrong]
        if reasons:
            raise TermsRefused(reasons=reasons)
        content = {"paid_share_bp": paid_share_bp, "paid_minor_min": paid_minor_min, "qualification_kinds": kinds}
        content |= {"person_qualification_kinds": of_people}
        content |= {"is_agency_list_kept": is_agency_list_kept, "are_notices_kept": are_notices_kept}
        try:
            with transaction.atomic():
                terms = GateTerms.objects.create(
                    creditor_id=actor.creditor_id, effective_on=effective_on, set_by=actor.user_id, known_at=now(), **content
                )
        except IntegrityError as taken:
            raise TermsRefused(reasons=[f"{effective_on} has terms already; choose a later day"]) from taken
        details = content | {"effective_on": effective_on}
        audit_append(
            creditor_id=actor.creditor_id, action="gate_terms_set", subject_kind="gate_terms", subject_id=terms.pk, details=details
        )
        return terms

"""One number or address at a time: opened for one permit, or ended because it was found wrong."""

from __future__ import annotations

from datetime import date

from duecourse.kit.errors import Absent
from duecourse.kit.masking import Masked, issue_reveal
from duecourse.ledger.services import audit_append
from duecourse.parties.access import Actor, acting
from duecourse.portfolio.errors import PersonErased
from duecourse.portfolio.models import ContactPoint, PersonSecret
from duecourse.portfolio.selectors.sealing import sealer_of, value_place


def point_reveal(*, actor: Actor, contact_point_id: int | None, purpose: str, permit_id: int) -> str:
    """Open one number or address for one permit.

    Args:
        actor: who looks; an agency's people only at points of persons whose cases they have.
        contact_point_id: which.
        purpose: why, as it is recorded.
        permit_id: the permit that it is opened for, recorded with the look.

    Raises:
        Absent: there is no such contact point for this actor.
        PersonErased: the person's key was destroyed.

    Guarantees: the look stands in the trail before the value is opened; nothing else of the person is.
    """
    with acting(actor):
        point = ContactPoint.objects.filter(creditor_id=actor.creditor_id, pk=contact_point_id).first()
        if point is None:
            raise Absent(entity="contact point")
        details = {"purpose": purpose, "permit_id": permit_id, "person_id": point.person_id}
        event_id = audit_append(
            creditor_id=actor.creditor_id, action="number_revealed", subject_kind="contact_point", subject_id=point.pk, details=details
        )
        reveal = issue_reveal(purpose=purpose, actor_id=actor.user_id, event_id=event_id)
        secret = PersonSecret.objects.filter(creditor_id=actor.creditor_id, person_id=point.person_id).first()
        if secret is None:
            raise PersonErased(person_id=point.person_id)
        sealer = sealer_of(actor.creditor_id, person_id=point.person_id, wrapped_key=bytes(secret.wrapped_key))
        place = value_place(actor.creditor_id, person_id=point.person_id, field=point.kind)
        return Masked(sealer.unseal(bytes(point.value_sealed), aad=place).decode()).expose(reveal)


def contact_point_end(*, actor: Actor, contact_point_id: int, on: date, reason: str) -> None:
    """End a number or address on a day: from then on no permit is given for it. An ended one stays as it is.

    Args:
        actor: writes as the creditor's side.
        contact_point_id: which.
        on: the first day on which it is not valid.
        reason: a code, for the trail.

    Raises:
        Absent: there is no such contact point for this actor.
    """
    with acting(actor):
        found = ContactPoint.objects.filter(creditor_id=actor.creditor_id, pk=contact_point_id)
        if not found.exists():
            raise Absent(entity="contact point")
        if found.filter(valid_until_on__isnull=True).update(valid_until_on=on):
            audit_append(
                creditor_id=actor.creditor_id,
                action="contact_point_ended",
                subject_kind="contact_point",
                subject_id=contact_point_id,
                details={"reason": reason, "on": on},
            )

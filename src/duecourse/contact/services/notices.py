"""What rules ask of the creditor's records: who is on the published list, who was told of the outsourcing, and who asked for what."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from django.db import connection

from duecourse.contact.errors import WishInvalid
from duecourse.contact.models import ContactWish, PublishedAgency, WishKind
from duecourse.kit.clock import now
from duecourse.kit.errors import Absent
from duecourse.kit.ids import content_hash
from duecourse.ledger.services import audit_append
from duecourse.parties.access import Actor, acting, require
from duecourse.parties.models import Agency, Role
from duecourse.portfolio.models import ContactPoint, Person
from duecourse.portfolio.services.cases import writer
from duecourse.rules.form import CHANNELS

WRITERS = (Role.COMPLIANCE, Role.MANAGER)
HOWS = ("sms", "email", "letter", "call", "app", "announcement")
_NOTICES = """
INSERT INTO contact_outsourcingnotice (creditor_id, person_id, agency_id, told_on, how, known_at)
SELECT p.creditor_id, p.id, %(agency)s, %(told)s, %(how)s, %(now)s FROM portfolio_person p
WHERE p.creditor_id = %(creditor)s AND p.id = ANY(%(persons)s::bigint[]) ORDER BY p.id
ON CONFLICT (creditor_id, person_id, agency_id) DO NOTHING
"""


def agency_publish(*, actor: Actor, agency_id: int, from_on: date) -> PublishedAgency:
    """Put an agency on the published list from a day on; one that stands on it is left as it is.

    Raises:
        Forbidden: the actor is neither compliance nor a manager.
        Absent: there is no such agency.
    """
    require(actor, *WRITERS, action="keep the published list")
    with acting(actor):
        if not Agency.objects.filter(creditor_id=actor.creditor_id, pk=agency_id).exists():
            raise Absent(entity="agency")
        key = {"creditor_id": actor.creditor_id, "agency_id": agency_id, "until_on": None}
        found, is_new = PublishedAgency.objects.get_or_create(**key, defaults={"from_on": from_on, "recorded_by": actor.user_id})
        if is_new:
            _note(actor, "agency_published", "agency", agency_id, {"from_on": from_on})
        return found


def agency_unpublish(*, actor: Actor, agency_id: int, until_on: date) -> None:
    """Take an agency off the published list; `until_on` is the first day on which it does not stand there.

    Raises:
        Forbidden: the actor is neither compliance nor a manager.
        Absent: it does not stand on the list.
    """
    require(actor, *WRITERS, action="keep the published list")
    with acting(actor):
        found = PublishedAgency.objects.filter(creditor_id=actor.creditor_id, agency_id=agency_id, until_on__isnull=True).first()
        if found is None:
            raise Absent(entity="agency")
        found.until_on = max(until_on, found.from_on)
        found.save(update_fields=["until_on"])
        _note(actor, "agency_unpublished", "agency", agency_id, {"until_on": until_on})


def outsourcing_notices_record(*, actor: Actor, agency_id: int, person_ids: Sequence[int], told_on: date, how: str) -> int:
    """Record that debtors were told that an agency collects, and return for how many that is new; the first notice of each stands.

    Args:
        actor: compliance, a manager or the system.
        agency_id: which agency.
        person_ids: the debtors; who is not the creditor's is passed over.
        told_on: when.
        how: of `HOWS`.

    Raises:
        Forbidden, Absent: as `agency_publish`.
        WishInvalid: it is not said how.
    """
    require(actor, *WRITERS, action="record notices of outsourcing")
    if how not in HOWS:
        raise WishInvalid(reasons=[f"how debtors were told is one of {', '.join(HOWS)}"])
    with acting(actor):
        if not Agency.objects.filter(creditor_id=actor.creditor_id, pk=agency_id).exists():
            raise Absent(entity="agency")
        persons = sorted(set(person_ids))
        wanted = {"agency": agency_id, "told": told_on, "how": how, "now": now(), "creditor": actor.creditor_id, "persons": persons}
        with connection.cursor() as cursor:
            cursor.execute(_NOTICES, wanted)
            count = cursor.rowcount
        details = {"told_on": told_on, "how": how, "person_count": len(persons), "new_count": count, "persons_hash": content_hash(persons)}
        _note(actor, "outsourcing_notices_recorded", "agency", agency_id, details)
        return count


def contact_wish_record(
    *,
    actor: Actor,
    person_id: int,
    kind: str,
    from_on: date,
    channel: str = "",
    contact_point_id: int | None = None,
    is_withdrawn: bool = False,
) -> ContactWish:
    """Record what a debtor or a third party said about being contacted; the newest of a kind, channel and point holds.

    Args:
        actor: anybody who works for the creditor or has the case; what an agency records is written for it. What loosens takes compliance, a
            manager or the system.
        person_id: the debtor whose case it is about.
        kind: of `WishKind`.
        from_on: from when it holds.
        channel: for a declined channel.
        contact_point_id: whose number or address, for a third party's words and a declined place.
        is_withdrawn: it holds no more from that day.

    Raises:
        Forbidden: it loosens, and the actor is neither compliance nor a manager.
        WishInvalid: kind, channel and contact point do not go together; or an agency records what would loosen.
        Absent: there is no such debtor for this actor, or the contact point is not theirs.
    """
    require(actor, *Role.values, action="record a wish about contact")
    tightening = (WishKind.REFUSED_CONTACT, WishKind.CHANNEL_DECLINED, WishKind.PLACE_DECLINED)
    is_loosening = kind not in tightening or is_withdrawn
    if is_loosening and not actor.is_agency:
        require(actor, *WRITERS, action="record words that loosen the rules")
    checks = [
        (kind not in WishKind.values, f"the kind is one of {', '.join(WishKind.values)}"),
        ((kind == WishKind.CHANNEL_DECLINED) != bool(channel), "a declined channel names it, and nothing else does"),
        (bool(channel) and channel not in CHANNELS, f"the channel is one of {', '.join(CHANNELS)}"),
        (kind != WishKind.CHANNEL_DECLINED and contact_point_id is None, "it names a number or address"),
        (actor.is_agency and is_loosening, "an agency records refusals only"),
    ]
    reasons = [reason for is_wrong, reason in checks if is_wrong]
    if reasons:
        raise WishInvalid(reasons=reasons)
    with acting(actor):
        _check_visible(actor, person_id=person_id, contact_point_id=contact_point_id)
    with acting(writer(actor)):
        wish = ContactWish.objects.create(
            creditor_id=actor.creditor_id,
            person_id=person_id,
            contact_point_id=contact_point_id,
            kind=kind,
            channel=channel,
            from_on=from_on,
            is_withdrawn=is_withdrawn,
            recorded_by=actor.user_id,
            known_at=now(),
        )
        details = {"wish_id": wish.pk, "kind": kind, "channel": channel, "contact_point_id": contact_point_id, "is_withdrawn": is_withdrawn}
        _note(actor, "contact_wish_recorded", "person", person_id, details | {"from_on": from_on, "caused_by": actor.user_id})
        return wish


def _check_visible(actor: Actor, *, person_id: int, contact_point_id: int | None) -> None:
    if not Person.objects.filter(creditor_id=actor.creditor_id, pk=person_id).exists():
        raise Absent(entity="person")
    points = ContactPoint.objects.filter(creditor_id=actor.creditor_id, person_id=person_id, pk=contact_point_id)
    if contact_point_id is not None and not points.exists():
        raise Absent(entity="contact point")


def _note(actor: Actor, action: str, subject_kind: str, subject_id: int, details: dict[str, object]) -> None:
    audit_append(creditor_id=actor.creditor_id, action=action, subject_kind=subject_kind, subject_id=subject_id, details=details)

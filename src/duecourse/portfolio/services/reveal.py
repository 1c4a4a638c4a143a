"""Opening personal data: each look is written to the trail before it happens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from django.db import connection

from duecourse.kit.ids import content_hash
from duecourse.kit.masking import Masked, Reveal, issue_reveal
from duecourse.ledger.services import audit_append
from duecourse.parties.access import Actor, acting, require
from duecourse.parties.models import Role
from duecourse.portfolio.errors import CaseMissing, FieldsUncontracted, PersonErased
from duecourse.portfolio.models import ContactPoint, PersonSecret
from duecourse.portfolio.selectors.access import access_person
from duecourse.portfolio.selectors.sealing import CONTACT_KINDS, sealer_of, value_place
from duecourse.portfolio.selectors.secrets import person_values

HANDOVER_FIELDS = ("name", "person_name", "id_number", *CONTACT_KINDS)
_SEALED_FIELDS = {"name": "name", "person_name": "name", "id_number": "identity"}


@dataclass(frozen=True, slots=True)
class RevealedPoint:
    """A contact point as it was revealed."""

    id: int
    kind: str
    whose: str
    value: str


@dataclass(frozen=True, slots=True)
class RevealedPerson:
    """A person as it was revealed, with the token that names the look.

    Attributes:
        person_id: whom.
        name: None when the tape did not tell.
        points: the contact points, oldest first.
        reveal: the token; its `event_id` is the look's place in the trail.
    """

    person_id: int
    name: str | None
    points: list[RevealedPoint]
    reveal: Reveal


def person_reveal(*, actor: Actor, person_id: int, purpose: str) -> RevealedPerson:
    """Open a person's name and contact points for one look.

    Args:
        actor: who looks; an agency's people only at persons of cases they have.
        person_id: at whom.
        purpose: why, as it is recorded.

    Raises:
        PersonMissing: there is no such person for this actor.
        PersonErased: the key was destroyed.
        RevealRefused: the purpose is empty.

    Guarantees: the look stands in the trail before anything is opened; the identity number stays closed.
    """
    with acting(actor):
        access_person(actor, person_id)
        event_id = audit_append(
            creditor_id=actor.creditor_id,
            action="person_revealed",
            subject_kind="person",
            subject_id=person_id,
            details={"purpose": purpose},
        )
        reveal = issue_reveal(purpose=purpose, actor_id=actor.user_id, event_id=event_id)
        values = person_values(creditor_id=actor.creditor_id, person_id=person_id)
        if values is None:
            raise PersonErased(person_id=person_id)
        points = [RevealedPoint(p.id, p.kind, p.whose, p.value.expose(reveal)) for p in values.points]
        return RevealedPerson(person_id, values.name.expose(reveal) if values.name else None, points, reveal)


def handover_rows(*, actor: Actor, case_ids: Sequence[int], fields: Sequence[str]) -> pa.Table:
    """Open the contracted personal fields of many cases at once, with one event in the trail.

    Args:
        actor: a manager of the creditor.
        case_ids: the cases handed over.
        fields: some of `HANDOVER_FIELDS`; what the contract names and nothing else.

    Returns:
        `case_id` int64 and each field as string, one row per case in order of case_id; null where nothing is known or the person was erased.
        Of several telephone numbers the debtor's own newest one stands.

    Raises:
        FieldsUncontracted: a field is not one that can be handed over.
        CaseMissing: a case is not there for this actor.
        Forbidden: the actor is not a manager.
    """
    require(actor, Role.MANAGER, action="hand personal data over")
    unknown = [name for name in fields if name not in HANDOVER_FIELDS]
    if unknown:
        raise FieldsUncontracted(fields=", ".join(unknown), known=", ".join(HANDOVER_FIELDS))
    wanted = sorted(set(case_ids))
    with acting(actor):
        persons = _persons_of(actor, wanted)
        if len(persons) != len(wanted):
            raise CaseMissing(entity="case")
        details = {"case_count": len(wanted), "cases_hash": content_hash(wanted), "fields": sorted(set(fields))}
        event_id = audit_append(
            creditor_id=actor.creditor_id, action="persons_revealed", subject_kind="creditor", subject_id=actor.creditor_id, details=details
        )
        reveal = issue_reveal(purpose="handover", actor_id=actor.user_id, event_id=event_id)
        opened = _opened(actor, sorted(set(persons.values())), fields)
    columns = [pa.array([_shown(opened.get(persons[case_id], {}).get(name), reveal) for case_id in wanted], pa.string()) for name in fields]
    return pa.table([pa.array(wanted, pa.int64()), *columns], names=["case_id", *fields])


def _shown(value: Masked[str] | None, reveal: Reveal) -> str | None:
    return value.expose(reveal) if value is not None else None


def _persons_of(actor: Actor, case_ids: Sequence[int]) -> dict[int, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, person_id FROM portfolio_case WHERE creditor_id = %s AND id = ANY(%s)", [actor.creditor_id, list(case_ids)]
        )
        return dict(cursor.fetchall())


def _opened(actor: Actor, person_ids: Sequence[int], fields: Sequence[str]) -> dict[int, dict[str, Masked[str]]]:
    """Return person → field → masked value."""
    secrets = PersonSecret.objects.filter(creditor_id=actor.creditor_id, person_id__in=person_ids).order_by("person_id")
    kinds = [name for name in fields if name in CONTACT_KINDS]
    points: dict[int, dict[str, bytes]] = {}
    found = ContactPoint.objects.filter(
        creditor_id=actor.creditor_id, person_id__in=person_ids, kind__in=kinds, whose="self", valid_until_on__isnull=True
    )
    for person_id, kind, value in found.order_by("valid_from_on", "id").values_list("person_id", "kind", "value_sealed"):
        points.setdefault(person_id, {})[kind] = bytes(value)
    opened: dict[int, dict[str, Masked[str]]] = {}
    for secret in secrets.iterator():
        sealed: dict[str, tuple[str, Any]] = {kind: (kind, value) for kind, value in points.get(secret.person_id, {}).items()}
        sealed |= {n: (place, getattr(secret, f"{place}_sealed")) for n, place in _SEALED_FIELDS.items() if n in fields}
        present = {name: (place, bytes(value)) for name, (place, value) in sealed.items() if value is not None}
        if present:
            sealer = sealer_of(actor.creditor_id, person_id=secret.person_id, wrapped_key=bytes(secret.wrapped_key))
            opened[secret.person_id] = {
                name: Masked(sealer.unseal(value, aad=value_place(actor.creditor_id, person_id=secret.person_id, field=place)).decode())
                for name, (place, value) in present.items()
            }
    return opened

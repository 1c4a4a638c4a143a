"""Personal data as masked values: read, but not seen."""

from __future__ import annotations

from dataclasses import dataclass

from duecourse.kit.masking import Masked
from duecourse.portfolio.models import ContactPoint, PersonSecret
from duecourse.portfolio.selectors.sealing import sealer_of, value_place


@dataclass(frozen=True, slots=True)
class MaskedPoint:
    """A contact point whose value does not show itself."""

    id: int
    kind: str
    whose: str
    zone: str | None
    zone_source: str
    value: Masked[str]


@dataclass(frozen=True, slots=True)
class PersonValues:
    """A person's name, identity number and contact points; None where the tape did not tell."""

    name: Masked[str] | None
    identity_kind: str
    identity_number: Masked[str] | None
    points: list[MaskedPoint]


def person_values(*, creditor_id: int, person_id: int) -> PersonValues | None:
    """Return what is known of a person, masked, or None when it was erased. The caller has checked that the actor may."""
    secret = PersonSecret.objects.filter(creditor_id=creditor_id, person_id=person_id).first()
    if secret is None:
        return None
    sealer = sealer_of(creditor_id, person_id=person_id, wrapped_key=bytes(secret.wrapped_key))

    def opened(sealed: memoryview | bytes | None, *, field: str) -> Masked[str] | None:
        if sealed is None:
            return None
        return Masked(sealer.unseal(bytes(sealed), aad=value_place(creditor_id, person_id=person_id, field=field)).decode())

    points = []
    for point in ContactPoint.objects.filter(creditor_id=creditor_id, person_id=person_id, valid_until_on__isnull=True).order_by("pk"):
        value = opened(point.value_sealed, field=point.kind)
        if value is not None:
            points.append(MaskedPoint(point.pk, point.kind, point.whose, point.zone, point.zone_source, value))
    return PersonValues(
        name=opened(secret.name_sealed, field="name"),
        identity_kind=secret.identity_kind,
        identity_number=opened(secret.identity_sealed, field="identity"),
        points=points,
    )

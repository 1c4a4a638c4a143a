"""Who is acting, and what the database shows them.

Every read and write of tenant rows happens inside `acting(actor)`. It opens a transaction, tells the database who acts, and for
an agency's people switches to the agency's database role, so that row-level security decides what exists for them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date

from django.db import connection, transaction

from duecourse.kit.errors import Forbidden
from duecourse.parties.errors import MembershipMissing, NoActor
from duecourse.parties.models import Agency, AgencyKind, Creditor, Membership, Role, User


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who acts: a member of a creditor's or an agency's staff, or the system on a creditor's behalf.

    Attributes:
        user_id: the user, or 0 for the system.
        creditor_id: the tenant.
        agency_id: the agency for an agency's people, None on the creditor's side.
        roles: what the actor may do; the system holds every role of the creditor's side.
    """

    user_id: int
    creditor_id: int
    agency_id: int | None
    roles: frozenset[str]

    @property
    def is_agency(self) -> bool:
        """Say whether the actor is on an agency's side."""
        return self.agency_id is not None


_acting: ContextVar[Actor | None] = ContextVar("duecourse_actor", default=None)

_TELL = "SELECT set_config('app.creditor', %s, true), set_config('app.agency', %s, true), set_config('app.user', %s, true)"


def system(creditor_id: int) -> Actor:
    """Return the system acting for a creditor, as commands and scheduled steps do."""
    roles = {Role.MANAGER, Role.COMPLIANCE, Role.ACCOUNTANT, Role.ANALYST, Role.READ_ONLY}
    return Actor(user_id=0, creditor_id=creditor_id, agency_id=None, roles=frozenset(map(str, roles)))


@contextmanager
def acting(actor: Actor) -> Iterator[Actor]:
    """Do what is in the block as `actor`, in one transaction (a savepoint when the same actor acts already).

    Guarantees: outside the block the database shows no tenant row; an exception rolls the block back.
    """
    before = _acting.get()
    with transaction.atomic():
        if before != actor:
            _tell(actor)
        token = _acting.set(actor)
        try:
            yield actor
        finally:
            _acting.reset(token)
            if before is not None and before != actor and not connection.needs_rollback:
                _tell(before)


def _tell(actor: Actor) -> None:
    """Set the transaction's role and settings."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE duecourse_agency" if actor.is_agency else "SET LOCAL ROLE NONE")
        cursor.execute(_TELL, [str(actor.creditor_id), str(actor.agency_id or ""), str(actor.user_id)])


def current() -> Actor:
    """Return who is acting.

    Raises:
        NoActor: nobody is.
    """
    actor = _acting.get()
    if actor is None:
        raise NoActor
    return actor


def require(actor: Actor, *roles: str, action: str) -> None:
    """Check that the actor holds one of the roles.

    Raises:
        Forbidden: none of them.
    """
    if actor.roles.isdisjoint(map(str, roles)):
        raise Forbidden(action=action, role=" / ".join(map(str, roles)))


def actors_of(user: User, *, on: date) -> list[Actor]:
    """Return the actors a user can be on a day: one per creditor or agency, roles merged, the creditor's side first.

    Raises:
        MembershipMissing: there is none.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_TELL, ["", "", str(user.pk)])
        rows = list(
            Membership.objects.filter(user=user, from_on__lte=on)
            .exclude(until_on__lte=on)
            .values_list("creditor_id", "agency_id", "role")
        )
        cursor.execute(_TELL, ["", "", ""])
    sides = sorted({(creditor, agency) for creditor, agency, _ in rows}, key=lambda side: (side[0], side[1] or 0))
    if not sides:
        raise MembershipMissing
    return [
        Actor(
            user_id=user.pk,
            creditor_id=creditor,
            agency_id=agency,
            roles=frozenset(role for c, a, role in rows if (c, a) == (creditor, agency)),
        )
        for creditor, agency in sides
    ]


def performer_of(actor: Actor) -> int | None:
    """Return the agency on whose behalf the actor contacts debtors, or None when the creditor's side must name one."""
    return actor.agency_id


def in_house_ids(creditor_id: int) -> list[int]:
    """Return the creditor's own teams and robots; they may contact cases that are placed with nobody."""
    kinds = [AgencyKind.IN_HOUSE, AgencyKind.ROBOT]
    return list(Agency.objects.filter(creditor_id=creditor_id, kind__in=kinds, closed_on__isnull=True).values_list("id", flat=True))


def creditor_of(actor: Actor) -> Creditor:
    """Return the actor's creditor."""
    return Creditor.objects.get(pk=actor.creditor_id)

"""Who is acting, and what the database shows them.

Every read and write of tenant rows happens inside `acting(actor)`. It opens a transaction, tells the database who acts, and for
an agency's people switches to a database role of their own, the lead's or the collector's, so that row-level security decides what
exists for them.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from django.conf import settings
from django.contrib.auth.backends import BaseBackend
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models import F

from duecourse.kit.calendar import local_day
from duecourse.kit.clock import now
from duecourse.kit.errors import Forbidden
from duecourse.parties.errors import LoginRefused, LoginThrottled, MembershipMissing, NoActor, ScopeMissing, TokenRefused, TokenTooFast
from duecourse.parties.models import Agency, AgencyKind, Creditor, Membership, Role, User

SCOPE_ROLES: dict[str, Role] = {
    "cases:read": Role.READ_ONLY,
    "placements:read": Role.READ_ONLY,
    "permits:read": Role.READ_ONLY,
    "permits:write": Role.READ_ONLY,
    "payments:write": Role.ACCOUNTANT,
    "statements:read": Role.READ_ONLY,
    "feeds:write": Role.MANAGER,
    "webhooks:read": Role.READ_ONLY,
    "webhooks:write": Role.MANAGER,
}
"""What a token of the creditor's side may be given for, and the role that its program then has."""
AGENCY_SCOPE_ROLES: dict[str, Role] = {
    "cases:read": Role.COLLECTOR,
    "placements:read": Role.COLLECTOR,
    "permits:read": Role.COLLECTOR,
    "permits:write": Role.COLLECTOR,
    "statements:read": Role.COLLECTOR,
    "statements:agree": Role.LEAD,
    "webhooks:read": Role.COLLECTOR,
    "webhooks:write": Role.LEAD,
}
"""The same for a token of an agency."""
CREDITOR_SCOPES, AGENCY_SCOPES = tuple(SCOPE_ROLES), tuple(AGENCY_SCOPE_ROLES)
_ENTERED = "SELECT * FROM gate.token_entered(%s, %s, %s, %s, %s)"
_TOKEN = re.compile(r"dc_([a-z0-9]{12})_([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who acts: a member of a creditor's or an agency's staff, or the system on a creditor's behalf.

    Attributes:
        user_id: the user, or 0 for the system; below zero for a program that acts with the API token of that number.
        creditor_id: the tenant, or 0 for the platform itself.
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

    @property
    def is_collector(self) -> bool:
        """Say whether the actor is one of an agency's people who does not lead it: the cases assigned to them are all there is.

        A program with a token acts for its whole agency.
        """
        return self.is_agency and self.user_id > 0 and Role.LEAD not in self.roles


class _Told(NamedTuple):
    """What the database was told in a transaction: its role and settings, and on behalf of whom."""

    role: str
    creditor: str
    agency: str
    user: str
    actor: Actor | None = None


_NOBODY = _Told("none", "", "", "")
_TELL = (
    "SELECT set_config('role', %s, true), set_config('app.creditor', %s, true),"
    " set_config('app.agency', %s, true), set_config('app.user', %s, true)"
)


def system(creditor_id: int) -> Actor:
    """Return the system acting for a creditor, as commands and scheduled steps do; 0 stands for the platform."""
    roles = {Role.MANAGER, Role.COMPLIANCE, Role.ACCOUNTANT, Role.ANALYST, Role.READ_ONLY}
    return Actor(user_id=0, creditor_id=creditor_id, agency_id=None, roles=frozenset(map(str, roles)))


@contextmanager
def asking(actor: Actor, *, query: str, parameters: Sequence[Any]) -> Iterator[CursorWrapper]:
    """Do what is in the block as `actor`, like `acting`, and begin with a query that goes to the database in the same message.

    What is in the block gets the cursor with the query's rows; it may use it for more.
    """
    with _telling(_told_of(actor), (query, parameters)) as cursor:
        yield cursor


@contextmanager
def acting(actor: Actor) -> Iterator[Actor]:
    """Do what is in the block as `actor`, in one transaction (a savepoint inside another one).

    Blocks may nest, for the same actor or another; after an inner block the outer actor acts again.

    Guarantees: outside the outermost block the database shows no tenant row, also when that block stands inside a longer transaction;
    an exception rolls the block back.
    """
    with _telling(_told_of(actor)):
        yield actor


def _told_of(actor: Actor) -> _Told:
    role = "duecourse_collector" if actor.is_collector else "duecourse_agency" if actor.is_agency else "none"
    agency = "" if actor.agency_id is None else str(actor.agency_id)
    return _Told(role, str(actor.creditor_id), agency, str(actor.user_id), actor)


@contextmanager
def _telling(wanted: _Told, first: tuple[str, Sequence[Any]] | None = None) -> Iterator[CursorWrapper]:
    """Tell the database `wanted` for the length of the block, and afterwards what it was told before; `first` is asked along with it.

    What was told is remembered on the connection, because it belongs to the connection's transaction: another thread has another one.
    A rollback, to the savepoint or of the whole, takes the settings back by itself.
    """
    before = getattr(connection, "duecourse_told", _NOBODY)
    is_inside = connection.in_atomic_block
    with transaction.atomic(), connection.cursor() as cursor:
        if wanted != before:
            _tell(cursor, wanted, first)
        elif first:
            cursor.execute(*first)
        connection.duecourse_told = wanted
        try:
            yield cursor
        finally:
            connection.duecourse_told = before
        if wanted != before and is_inside and not connection.needs_rollback:
            _tell(cursor, before)


def _tell(cursor: CursorWrapper, told: _Told, first: tuple[str, Sequence[Any]] | None = None) -> None:
    """Tell, and ask `first` in the same message: the driver sends statements as text, so that there may be two."""
    if first is None:
        cursor.execute(_TELL, told[:4])
    else:
        cursor.execute(f"{_TELL}; {first[0]}", (*told[:4], *first[1]))
        cursor.nextset()


def current() -> Actor:
    """Return who is acting.

    Raises:
        NoActor: nobody is.
    """
    actor = getattr(connection, "duecourse_told", _NOBODY).actor
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


def actors_of(user: User, *, on: date | None = None) -> list[Actor]:
    """Return the actors a user can be: one per creditor or agency, roles merged, the creditor's side first.

    It may be called outside `acting`, as login does, or inside; it reads the memberships of this user and of nobody else, in one query.

    Args:
        user: who.
        on: the day that counts; None for the day it is in each creditor's own zone.

    Raises:
        MembershipMissing: there is none, or the user is not active.
    """
    with _telling(_Told("none", "", "", str(user.pk))):
        rows = list(
            Membership.objects.filter(user=user, user__is_active=True)
            .order_by("creditor_id", F("agency_id").asc(nulls_first=True))
            .values_list("creditor_id", "agency_id", "role", "from_on", "until_on", "creditor__zone")
        )
    instant = now()
    days = {zone: on or local_day(instant, zone) for *_, zone in rows}
    roles: dict[tuple[int, int | None], set[str]] = {}
    for creditor, agency, role, from_on, until_on, zone in rows:
        if from_on <= days[zone] and (until_on is None or until_on > days[zone]):
            roles.setdefault((creditor, agency), set()).add(role)
    if not roles:
        raise MembershipMissing
    return [Actor(user_id=user.pk, creditor_id=side[0], agency_id=side[1], roles=frozenset(held)) for side, held in roles.items()]


def is_member_elsewhere(*, user_id: int, creditor_id: int) -> bool:
    """Say whether a user has, had or will have a role at any other creditor; nothing more is told of it."""
    with _telling(_Told("none", "", "", str(user_id))):
        return Membership.objects.filter(user_id=user_id).exclude(creditor_id=creditor_id).exists()


@dataclass(frozen=True, slots=True)
class Bearer:
    """A program that showed a token.

    Attributes:
        actor: it acts as; its user number is minus the token's, so that the trail names the token.
        scopes: what the token was given for.
        is_test: what it asks for is decided and not recorded.
    """

    actor: Actor
    scopes: frozenset[str]
    is_test: bool

    def require(self, scope: str) -> None:
        """Check that the token was given for this.

        Raises:
            ScopeMissing: it was not.
        """
        if scope not in self.scopes:
            raise ScopeMissing(scope=scope)


def token_hash(secret: str) -> str:
    """Return what is kept of a token's secret of 32 bytes, given as 64 hexadecimal digits: their SHA-256."""
    return hashlib.sha256(bytes.fromhex(secret)).hexdigest()


def bearer_of(text: str) -> Bearer:
    """Return who shows a token, and count the request, whatever comes of it. Call it outside `acting`: no creditor is open yet.

    Raises:
        TokenRefused: it is not known, has ended or was revoked, or its agency was closed; they look the same.
        TokenTooFast: it has used up what it may ask at once, over all processes, and has to wait.
    """
    parts = _TOKEN.fullmatch(text)
    if parts is None:
        raise TokenRefused
    rate, burst = settings.API_REQUESTS_PER_SECOND, settings.API_REQUESTS_AT_ONCE
    with connection.cursor() as cursor:
        cursor.execute(_ENTERED, [parts[1], token_hash(parts[2]), now(), rate, burst])
        row = cursor.fetchone()
    if row is None:
        raise TokenRefused
    token_id, creditor_id, agency_id, scopes, is_test, wait_ms = row
    if wait_ms:
        raise TokenTooFast(rate=rate, burst=burst, seconds=-(-wait_ms // 1000))
    given = frozenset(json.loads(scopes) if isinstance(scopes, str) else scopes)
    by_scope = SCOPE_ROLES if agency_id is None else AGENCY_SCOPE_ROLES
    roles = frozenset(str(by_scope[scope]) for scope in given & set(by_scope))
    return Bearer(Actor(user_id=-token_id, creditor_id=creditor_id, agency_id=agency_id, roles=roles), given, is_test)


def in_house_ids(creditor_id: int) -> list[int]:
    """Return the creditor's own teams and robots; they may contact cases that are placed with nobody. Call inside `acting`."""
    kinds = [AgencyKind.IN_HOUSE, AgencyKind.ROBOT]
    return list(Agency.objects.filter(creditor_id=creditor_id, kind__in=kinds, closed_on__isnull=True).values_list("id", flat=True))


def creditor_of(actor: Actor) -> Creditor:
    """Return the actor's creditor."""
    return Creditor.objects.get(pk=actor.creditor_id)


class EmailBackend(BaseBackend):
    """Logs users in by e-mail address and password; what they may do stands in their memberships, not in Django's permissions."""

    def authenticate(self, request: Any, username: str | None = None, password: str | None = None, **credentials: Any) -> User | None:
        """Return the user, or None when the two do not belong together.

        Raises:
            django.core.exceptions.PermissionDenied: too many attempts; no other backend is asked.
        """
        from duecourse.parties.services import user_authenticate

        email = username or credentials.get("email")
        if not email or password is None:
            return None
        try:
            return user_authenticate(email=email, password=password)
        except LoginThrottled as error:
            raise PermissionDenied from error
        except LoginRefused:
            return None

    def get_user(self, user_id: int) -> User | None:
        """Return the active user of a session, or None."""
        return User.objects.filter(pk=user_id, is_active=True).first()

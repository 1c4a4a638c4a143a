"""Creditors, users, what users may do, and their decisions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta

from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from duecourse.kit import calendar
from duecourse.kit.clock import now
from duecourse.kit.errors import Absent, Forbidden
from duecourse.kit.money import exponent
from duecourse.ledger.selectors import event_count
from duecourse.ledger.services import audit_append
from duecourse.parties.access import Actor, acting, require, system
from duecourse.parties.errors import (
    AlreadyDecided,
    CodeTaken,
    EmailTaken,
    LoginRefused,
    LoginThrottled,
    NobodyLetsIn,
    PasswordRefused,
    RoleElsewhere,
    SamePersonTwice,
    SettingUnknown,
    SpanRefused,
)
from duecourse.parties.models import AGENCY_ROLES, CREDITOR_ROLES, Agency, Approval, Creditor, Membership, Role, User
from duecourse.rules.load import shipped_names

PLATFORM = 0
CALENDARS = ("china",)
FAILED_LOGINS_MAX = 10
FAILED_LOGINS_WINDOW = timedelta(minutes=15)


@contextmanager
def code_taken(*, entity: str, code: str) -> Iterator[None]:
    """Turn the database's refusal of a code that is in use into `CodeTaken`; the transaction around it goes on."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if getattr(error.__cause__, "sqlstate", "") == "23505":
            raise CodeTaken(entity=entity, code=code) from error
        raise


def creditor_add(
    *,
    code: str,
    name: str,
    zone: str,
    currency: str,
    calendar_name: str = "china",
    lender_class: str = "bank",
    packs: Sequence[str] = (),
    is_simulated: bool = False,
) -> Creditor:
    """Add a creditor; its own people come after it, through `membership_grant` by the system.

    Args:
        code: unique in this installation.
        name: as shown.
        zone: IANA name; its days are this zone's days.
        calendar_name: one of `CALENDARS`.
        currency: ISO code, the default of its contracts.
        lender_class: what kind of lender it is, as rules ask for it.
        packs: rule packs in force for it; without any, nothing is permitted.
        is_simulated: it is made up, and what it shows is labelled so.

    Raises:
        SettingUnknown: the calendar or a rule pack is not known.
        UnknownZone, UnknownCurrency: see their texts.
        CodeTaken: the code is in use.
    """
    calendar.zone(zone)
    exponent(currency)
    if calendar_name not in CALENDARS:
        raise SettingUnknown(setting="calendar", value=calendar_name)
    for pack in packs:
        if pack not in shipped_names():
            raise SettingUnknown(setting="rule pack", value=pack)
    with code_taken(entity="creditor", code=code):
        creditor = Creditor.objects.create(
            code=code,
            name=name,
            lender_class=lender_class,
            zone=zone,
            calendar=calendar_name,
            currency=currency,
            packs=list(packs),
            is_simulated=is_simulated,
            created_at=now(),
        )
        with acting(system(creditor.pk)):
            audit_append(creditor_id=creditor.pk, action="creditor_added", subject_kind="creditor", subject_id=creditor.pk)
    return creditor


def user_add(*, email: str, display_name: str, password: str, lang: str = "zh-hans") -> User:
    """Add somebody who may log in; until a membership is granted they see nothing.

    Raises:
        PasswordRefused: the password is too easy to guess.
        EmailTaken: the address has a login.

    Guarantees: the trail holds neither the address nor the name.
    """
    user = User(email=email.strip().lower(), display_name=display_name, lang=lang)
    user.password = hashed(password, user=user)
    with acting(system(PLATFORM)):
        if User.objects.filter(email=user.email).exists():
            raise EmailTaken
        user.save(force_insert=True)
        audit_append(creditor_id=PLATFORM, action="user_added", subject_kind="user", subject_id=user.pk)
    return user


def user_password_set(*, user_id: int, password: str) -> None:
    """Give a user a new password.

    Raises:
        Absent: there is no such user.
        PasswordRefused: the password is too easy to guess.
    """
    user = _user(user_id)
    user.password = hashed(password, user=user)
    with acting(system(PLATFORM)):
        user.save(update_fields=["password"])
        audit_append(creditor_id=PLATFORM, action="user_password_set", subject_kind="user", subject_id=user.pk)


def user_close(*, user_id: int) -> None:
    """Close a login at once; sessions that are open end with their next request.

    Raises:
        Absent: there is no such user.
    """
    user = _user(user_id)
    with acting(system(PLATFORM)):
        User.objects.filter(pk=user.pk).update(is_active=False)
        audit_append(creditor_id=PLATFORM, action="user_closed", subject_kind="user", subject_id=user.pk)


def user_authenticate(*, email: str, password: str) -> User:
    """Return the user whose address and password these are; call it outside other transactions, for it records failures that must stay.

    Raises:
        LoginRefused: they do not belong together, or the login is closed; unknown addresses take as long as known ones.
        LoginThrottled: ten failures within 15 minutes; the password is not looked at, and that takes as long as a look.
    """
    with acting(system(PLATFORM)):
        user = User.objects.filter(email=email.strip().lower()).first()
    if user is None:
        make_password(password)
        raise LoginRefused
    with acting(system(PLATFORM)):
        failed_count = event_count(
            creditor_id=PLATFORM,
            subject_kind="user",
            subject_id=user.pk,
            action="login_failed",
            since_at=now() - FAILED_LOGINS_WINDOW,
        )
        if failed_count >= FAILED_LOGINS_MAX:
            make_password(password)
            raise LoginThrottled(minutes=FAILED_LOGINS_WINDOW.seconds // 60)
        is_right = check_password(password, user.password, setter=lambda raw: _rehash(user, raw)) and user.is_active
        if not is_right:
            audit_append(creditor_id=PLATFORM, action="login_failed", subject_kind="user", subject_id=user.pk)
    if not is_right:
        raise LoginRefused
    return user


def membership_grant(
    *, actor: Actor, user_id: int, role: str, from_on: date, agency_id: int | None = None, until_on: date | None = None
) -> Membership:
    """Give a user a role with the actor's creditor, or with one of its agencies, from a day on.

    Args:
        actor: a manager of the creditor, or the system for the first one.
        user_id: who gets it; never the actor.
        role: one of `Role`.
        from_on: first day.
        agency_id: the agency, for lead and collector.
        until_on: the day after the last, None for open.

    Raises:
        Forbidden: the actor is no manager.
        SamePersonTwice: the actor grants it to themselves.
        RoleElsewhere: the role belongs to the other side.
        SpanRefused: the span is empty.
        CodeTaken: the user holds this role already.
        Absent: no such user, or no such agency of this creditor.
    """
    require(actor, Role.MANAGER, action="grant a membership")
    if actor.user_id == user_id:
        raise SamePersonTwice(role=Role.MANAGER.label)
    if role not in (CREDITOR_ROLES if agency_id is None else AGENCY_ROLES):
        raise RoleElsewhere(role=role)
    if until_on is not None and until_on <= from_on:
        raise SpanRefused(from_on=from_on, until_on=until_on)
    _user(user_id)
    with acting(actor):
        if agency_id is not None and not Agency.objects.filter(creditor_id=actor.creditor_id, pk=agency_id).exists():
            raise Absent(entity="agency")
        with code_taken(entity="membership", code=role):
            membership = Membership.objects.create(
                creditor_id=actor.creditor_id, user_id=user_id, agency_id=agency_id, role=role, from_on=from_on, until_on=until_on
            )
        audit_append(
            creditor_id=actor.creditor_id,
            action="membership_granted",
            subject_kind="membership",
            subject_id=membership.pk,
            details={"user_id": user_id, "agency_id": agency_id, "role": str(role), "from_on": from_on, "until_on": until_on},
        )
    return membership


def membership_end(*, actor: Actor, membership_id: int, until_on: date) -> None:
    """End a membership: `until_on` is the first day without it; an earlier end that is set already stays.

    Raises:
        Forbidden: the actor is no manager.
        Absent: there is no such membership with this creditor.
        NobodyLetsIn: nobody would be left to let people in.
    """
    require(actor, Role.MANAGER, action="end a membership")
    with acting(actor):
        membership = Membership.objects.select_for_update().filter(creditor_id=actor.creditor_id, pk=membership_id).first()
        if membership is None:
            raise Absent(entity="membership")
        if membership.until_on is not None and membership.until_on <= until_on:
            return
        if actor.user_id and membership.role == Role.MANAGER and not _somebody_lets_in(membership, on=until_on):
            raise NobodyLetsIn
        Membership.objects.filter(pk=membership.pk).update(until_on=until_on)
        audit_append(
            creditor_id=actor.creditor_id,
            action="membership_ended",
            subject_kind="membership",
            subject_id=membership.pk,
            details={"until_on": until_on},
        )


def approval_decide(
    *,
    actor: Actor,
    subject_kind: str,
    subject_id: int,
    content_hash: str,
    requested_by: int | None,
    is_granted: bool,
    reason: str = "",
    roles: Sequence[str] = (Role.MANAGER,),
) -> Approval:
    """Decide what another person asked for; the same decision by the same person again returns the first one.

    Args:
        actor: who decides, a person.
        subject_kind: kind of the row that is decided on.
        subject_id: that row's id.
        content_hash: SHA-256 of exactly what is decided on, 64 hexadecimal digits.
        requested_by: the user who asked; None or 0 when the system did.
        is_granted: the decision.
        reason: why, in words; it stays out of the trail.
        roles: any one of them lets the actor decide.

    Raises:
        Forbidden: the actor holds none of the roles, or is the system or a program.
        SamePersonTwice: the actor asked.
        AlreadyDecided: it was decided already, otherwise or by another.

    Guarantees: the database itself refuses one person in both places.
    """
    require(actor, *roles, action="decide what a colleague asked for")
    label = " / ".join(map(str, roles))
    if actor.user_id <= 0:
        raise Forbidden(action="decide without a person", role=label)
    if actor.user_id == requested_by:
        raise SamePersonTwice(role=label)
    decision = {"content_hash": content_hash, "requested_by_id": requested_by or None, "is_granted": is_granted}
    key = {"creditor_id": actor.creditor_id, "subject_kind": subject_kind, "subject_id": subject_id}
    with acting(actor):
        approval, is_new = Approval.objects.get_or_create(
            **key, defaults=decision | {"decided_by_id": actor.user_id, "reason": reason, "at": now()}
        )
        if not is_new:
            is_same = approval.decided_by_id == actor.user_id and all(getattr(approval, name) == value for name, value in decision.items())
            if not is_same:
                raise AlreadyDecided
            return approval
        audit_append(
            creditor_id=actor.creditor_id,
            action="approval_granted" if is_granted else "approval_refused",
            subject_kind=subject_kind,
            subject_id=subject_id,
            details={"approval_id": approval.pk, "content_hash": content_hash, "requested_by_id": requested_by or None},
        )
    return approval


def _somebody_lets_in(membership: Membership, *, on: date) -> bool:
    """Say whether the creditor has another manager on a day; the rows are locked, so that two managers do not end each other at once."""
    others = Membership.objects.select_for_update().filter(creditor_id=membership.creditor_id, role=Role.MANAGER, from_on__lte=on)
    return any(row.pk != membership.pk and (row.until_on is None or row.until_on > on) for row in others.order_by("pk"))


def _user(user_id: int) -> User:
    user = User.objects.filter(pk=user_id).first()
    if user is None:
        raise Absent(entity="user")
    return user


def hashed(password: str, *, user: User) -> str:
    """Return what is kept of a password.

    Raises:
        PasswordRefused: it is too easy to guess.
    """
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise PasswordRefused(reasons=" ".join(error.messages)) from error
    return make_password(password)


def _rehash(user: User, password: str) -> None:
    """Store the same password under the parameters of today, as Django asks after a right login."""
    user.password = make_password(password)
    user.save(update_fields=["password"])

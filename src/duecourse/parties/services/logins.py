"""Logins as a creditor's manager hands them out: a link for a first password, a member who leaves, one's own password."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from django.contrib.auth.tokens import default_token_generator
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode

from duecourse.kit.errors import Absent
from duecourse.ledger.services import audit_append
from duecourse.parties.access import Actor, acting, is_member_elsewhere, require, system
from duecourse.parties.errors import LinkRefused, SamePersonTwice, SettingUnknown
from duecourse.parties.models import Membership, Role, User
from duecourse.parties.services.people import PLATFORM, hashed, membership_end, membership_grant, user_authenticate

LANGS = ("zh-hans", "en")


@dataclass(frozen=True, slots=True)
class Invited:
    """A member who was let in.

    Attributes:
        user: the login, new or known.
        link: opens the page for a first password, once and for three days; '' for a login that has a password.
        may_be_shown: whether the manager may see the link; not when the login opens something at another creditor, for who holds the
            link becomes that person there too. It then goes to the person's own mailbox.
    """

    user: User
    link: str = field(repr=False)
    may_be_shown: bool = True


def member_invite(
    *,
    actor: Actor,
    email: str,
    display_name: str,
    role: str,
    from_on: date,
    lang: str = "zh-hans",
    agency_id: int | None = None,
    until_on: date | None = None,
) -> Invited:
    """Let somebody in: a role, and a login if the address has none yet. Nobody but the person learns the password.

    A known address keeps its login, its name and its password, and gets the role. Links that another creditor was given for a login without
    a password end.

    Raises:
        Forbidden, SamePersonTwice, RoleElsewhere, SpanRefused, CodeTaken, Absent: as `membership_grant`.
        SettingUnknown: there is no such language.
    """
    require(actor, Role.MANAGER, action="let somebody in")
    if lang not in LANGS:
        raise SettingUnknown(setting="language", value=lang)
    address = email.strip().lower()
    with acting(actor):
        user = User.objects.filter(email=address).first()
        if user is None:
            user = User(email=address, display_name=" ".join(display_name.split()), lang=lang)
            user.set_unusable_password()
            with acting(system(PLATFORM)):
                user.save(force_insert=True)
                audit_append(creditor_id=PLATFORM, action="user_added", subject_kind="user", subject_id=user.pk)
        membership_grant(actor=actor, user_id=user.pk, role=role, from_on=from_on, agency_id=agency_id, until_on=until_on)
        if user.has_usable_password():
            return Invited(user, "")
        is_shared = is_member_elsewhere(user_id=user.pk, creditor_id=actor.creditor_id)
        if is_shared:
            user.set_unusable_password()
            with acting(system(PLATFORM)):
                user.save(update_fields=["password"])
        return Invited(user, _link(user), may_be_shown=not is_shared)


def member_link(*, actor: Actor, user_id: int) -> Invited:
    """Give a new link to a member who never set a password; with a password set, a link is for the person's own mailbox only.

    Raises:
        Forbidden: the actor is no manager.
        Absent: there is no such member of this creditor.
        LinkRefused: the login has a password; take `member_reset`.
    """
    user = _member(actor, user_id, action="give a link")
    if user.has_usable_password():
        raise LinkRefused
    _note_link(actor, user)
    return Invited(user, _link(user), may_be_shown=not is_member_elsewhere(user_id=user.pk, creditor_id=actor.creditor_id))


def member_reset(*, actor: Actor, user_id: int) -> Invited:
    """Return a link for a new password, to be sent to the person's own address and shown to nobody else.

    Raises:
        Forbidden: the actor is no manager.
        Absent: there is no such member of this creditor.

    Guarantees: the password that holds stays until the person sets another.
    """
    user = _member(actor, user_id, action="send a link")
    _note_link(actor, user)
    return Invited(user, _link(user))


def link_user(*, link: str) -> User:
    """Return whose link this is, while it holds.

    Raises:
        LinkRefused: it was used, is too old or forged, or the login is closed.
    """
    number, _, token = link.partition(".")
    try:
        user_id = int(urlsafe_base64_decode(number).decode("ascii"))
    except (ValueError, UnicodeDecodeError):
        raise LinkRefused from None
    user = User.objects.filter(pk=user_id, is_active=True).first() if 0 < user_id < 2**63 else None
    if user is None or not default_token_generator.check_token(user, token):
        raise LinkRefused
    return user


def password_by_link(*, link: str, password: str) -> User:
    """Set a password with a link; the link ends with it, and so do all sessions of the login.

    Raises:
        LinkRefused: the link does not hold.
        PasswordRefused: the password is too easy to guess.
    """
    with acting(system(PLATFORM)):
        found = link_user(link=link)
        locked = User.objects.select_for_update().get(pk=found.pk)
        if not default_token_generator.check_token(locked, link.partition(".")[2]):
            raise LinkRefused
        _store(locked, password)
    return locked


def password_change(*, user: User, old: str, new: str) -> User:
    """Change one's own password, and return the login as it is then.

    Raises:
        LoginRefused: the old one is wrong. LoginThrottled: it was wrong too often.
        PasswordRefused: the new one is too easy to guess.
    """
    user_authenticate(email=user.email, password=old)
    with acting(system(PLATFORM)):
        locked = User.objects.select_for_update().get(pk=user.pk)
        _store(locked, new)
    return locked


def user_lang_set(*, user_id: int, lang: str) -> None:
    """Choose the language in which a user is spoken to.

    Raises:
        SettingUnknown: there is no such language.
    """
    if lang not in LANGS:
        raise SettingUnknown(setting="language", value=lang)
    with acting(system(PLATFORM)):
        User.objects.filter(pk=user_id).update(lang=lang)


def member_leave(*, actor: Actor, user_id: int, until_on: date) -> int:
    """End every membership of somebody with this creditor, agencies' included, and return how many were ended.

    The login stays, for it may open something at another creditor, which is not ours to know; here it opens nothing from that day on.

    Args:
        actor: a manager, never the one who leaves.
        user_id: who leaves.
        until_on: the first day without access.

    Raises:
        Forbidden: the actor is no manager.
        SamePersonTwice: the actor ends their own.
        NobodyLetsIn: nobody would be left to let people in.
        Absent: nobody of this creditor's.
    """
    _member(actor, user_id, action="end all memberships")
    if user_id == actor.user_id:
        raise SamePersonTwice(role=Role.MANAGER.label)
    with acting(actor):
        open_ones = [row for row in _memberships(actor, user_id) if row.until_on is None or row.until_on > until_on]
        for membership in open_ones:
            membership_end(actor=actor, membership_id=membership.pk, until_on=max(until_on, membership.from_on))
    return len(open_ones)


def _member(actor: Actor, user_id: int, *, action: str) -> User:
    require(actor, Role.MANAGER, action=action)
    with acting(actor):
        if not _memberships(actor, user_id):
            raise Absent(entity="member")
        return User.objects.get(pk=user_id)


def _memberships(actor: Actor, user_id: int) -> list[Membership]:
    return list(Membership.objects.filter(creditor_id=actor.creditor_id, user_id=user_id))


def _link(user: User) -> str:
    return f"{urlsafe_base64_encode(str(user.pk).encode())}.{default_token_generator.make_token(user)}"


def _note_link(actor: Actor, user: User) -> None:
    with acting(actor):
        audit_append(creditor_id=actor.creditor_id, action="login_link_given", subject_kind="user", subject_id=user.pk)


def _store(user: User, password: str) -> None:
    user.password = hashed(password, user=user)
    user.save(update_fields=["password"])
    audit_append(creditor_id=PLATFORM, action="user_password_set", subject_kind="user", subject_id=user.pk)

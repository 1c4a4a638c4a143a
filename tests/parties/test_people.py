"""Creditors, logins, memberships and decisions by a second person."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.contrib.auth import authenticate, get_user
from django.contrib.auth import login as open_session
from django.contrib.sessions.backends.db import SessionStore
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.http import HttpRequest

from duecourse.kit.calendar import UnknownZone
from duecourse.kit.clock import frozen
from duecourse.kit.errors import Absent, Forbidden
from duecourse.kit.money import UnknownCurrency
from duecourse.parties import selectors, services
from duecourse.parties.access import EmailBackend, acting, actors_of
from duecourse.parties.errors import (
    AlreadyDecided,
    CodeTaken,
    EmailTaken,
    LoginRefused,
    LoginThrottled,
    MembershipMissing,
    PasswordRefused,
    RoleElsewhere,
    SamePersonTwice,
    SettingUnknown,
    SpanRefused,
)
from duecourse.parties.models import Approval, User
from tests import factories, people

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
BACKEND = "duecourse.parties.access.EmailBackend"
HASH = "a" * 64


@pytest.fixture
def bank():
    """Lanxi Bank."""
    return factories.bank()


def decide(actor, bank, **changes) -> Approval:
    """Grant allocation run 1, which Mei asked for; `changes` replace single arguments."""
    facts = {"subject_kind": "allocation_run", "subject_id": 1, "content_hash": HASH, "requested_by": bank.mei.user_id, "is_granted": True}
    return services.approval_decide(actor=actor, **(facts | changes))


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"zone": "Asia/Nowhere"}, UnknownZone),
        ({"currency": "XXQ"}, UnknownCurrency),
        ({"calendar_name": "mars"}, SettingUnknown),
        ({"packs": ["cn", "../../elsewhere"]}, SettingUnknown),
        ({"code": people.BANK.code}, CodeTaken),
    ],
)
def test_creditor_needs_a_known_zone_calendar_currency_and_a_free_code(bank, changes, error):
    """What would fail later in every date and amount is refused when the creditor is added."""
    facts = {"code": "new", "name": "New", "zone": "Asia/Shanghai", "currency": "CNY"}
    with pytest.raises(error):
        services.creditor_add(**(facts | changes))
    assert [c.code for c in selectors.creditors()] == [people.BANK.code]


def test_creditor_is_found_by_its_code(bank):
    """The code names one creditor; an unknown one is absent."""
    assert selectors.creditor_by_code(code=people.BANK.code) == bank.creditor
    with pytest.raises(Absent):
        selectors.creditor_by_code(code="nobody")


def test_address_is_one_login_however_it_is_typed(bank):
    """Capitals make no second login, in the service or around it."""
    with pytest.raises(EmailTaken):
        factories.user("MEI@Lanxi.Example")
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create(email="Mei@lanxi.example", display_name="Mei")
    assert User.objects.get_by_natural_key(" MEI@lanxi.example").display_name == "Mei"


@pytest.mark.parametrize("password", ["short", "password1234", "new@lanxi.example"])
def test_weak_passwords_are_refused(bank, password):
    """Short, common, and address-like passwords are refused, and no login is made."""
    with pytest.raises(PasswordRefused):
        services.user_add(email="new@lanxi.example", display_name="New", password=password)
    assert not User.objects.filter(email="new@lanxi.example").exists()


def test_passwords_are_hashed_by_argon2(settings, bank):
    """Under the hashers of an installation the stored text is argon2's and does not hold the password."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
    user = factories.user()
    assert user.password.startswith("argon2$argon2id$")
    assert people.PASSWORD not in user.password
    assert services.user_authenticate(email=people.DAI_EMAIL, password=people.PASSWORD) == user


def test_login_takes_address_and_password(bank):
    """The right pair logs in; a wrong password, an unknown address and a closed login are refused in the same words."""
    assert services.user_authenticate(email="Mei@Lanxi.example ", password=people.PASSWORD).pk == bank.mei.user_id
    services.user_close(user_id=bank.bo.user_id)
    said = set()
    for email, password in ((people.MEI.email, "wrong"), ("nobody@lanxi.example", people.PASSWORD), (people.BO.email, people.PASSWORD)):
        with pytest.raises(LoginRefused) as refused:
            services.user_authenticate(email=email, password=password)
        said.add(str(refused.value))
    assert len(said) == 1


def test_new_password_replaces_the_old_one(bank):
    """After a new password the old one is refused."""
    services.user_password_set(user_id=bank.mei.user_id, password="nine-cranes-under-lanxi")
    with pytest.raises(LoginRefused):
        services.user_authenticate(email=people.MEI.email, password=people.PASSWORD)
    assert services.user_authenticate(email=people.MEI.email, password="nine-cranes-under-lanxi")


def test_guessing_is_stopped_for_a_while(bank):
    """After ten failures even the right password is refused, of this user only, until the first failures are 15 minutes old."""
    with frozen(NOON):
        for _ in range(10):
            with pytest.raises(LoginRefused):
                services.user_authenticate(email=people.MEI.email, password="guess")
        with pytest.raises(LoginThrottled):
            services.user_authenticate(email=people.MEI.email, password=people.PASSWORD)
        assert services.user_authenticate(email=people.FAN.email, password=people.PASSWORD)
    with frozen(NOON + timedelta(minutes=16)):
        assert services.user_authenticate(email=people.MEI.email, password=people.PASSWORD)


@pytest.mark.parametrize("email", [people.MEI.email, "nobody@elsewhere.example"])
def test_every_refusal_takes_a_hash(bank, monkeypatch, email):
    """A throttled login and an unknown one cost one hashing of the password, so that the time tells nothing about the address."""
    hashed = []
    monkeypatch.setattr("duecourse.parties.services.people.make_password", hashed.append)
    monkeypatch.setattr("duecourse.parties.services.people.FAILED_LOGINS_MAX", 0)
    with pytest.raises((LoginThrottled, LoginRefused)):
        services.user_authenticate(email=email, password="guess")
    assert hashed == ["guess"]


def test_django_logs_in_by_the_backend(settings, bank):
    """Django's own login and session work with the user model and the backend under row-level security."""
    settings.AUTHENTICATION_BACKENDS = [BACKEND]
    request = HttpRequest()
    request.session = SessionStore()
    user = authenticate(request, username=people.MEI.email, password=people.PASSWORD)
    open_session(request, user)
    assert get_user(request) == user
    assert User.objects.get(pk=user.pk).last_login is not None
    assert actors_of(user, on=people.FIRST_DAY) == [bank.mei]
    services.user_close(user_id=user.pk)
    assert get_user(request).is_anonymous
    assert authenticate(request, username=people.MEI.email, password="wrong") is None


def test_backend_stops_the_other_backends_when_throttled(bank, monkeypatch):
    """A throttled login is denied outright, so that no other backend is asked; without both parts nobody is looked up."""
    monkeypatch.setattr("duecourse.parties.services.people.FAILED_LOGINS_MAX", 0)
    with pytest.raises(PermissionDenied):
        EmailBackend().authenticate(None, username=people.MEI.email, password=people.PASSWORD)
    assert EmailBackend().authenticate(None, username=people.MEI.email) is None


def test_trail_of_logins_names_no_address(bank):
    """The platform's trail holds ids of users, never addresses or names."""
    with pytest.raises(LoginRefused):
        services.user_authenticate(email=people.MEI.email, password="wrong")
    from duecourse.parties.access import system

    with acting(system(0)), connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(e::text, ' ') FROM ledger_auditevent e")
        text = cursor.fetchone()[0]
    assert "login_failed" in text
    assert "mei" not in text.lower()


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"role": "lead"}, RoleElsewhere),
        ({"agency": True}, RoleElsewhere),
        ({"role": "owner"}, RoleElsewhere),
        ({"until_on": people.FIRST_DAY}, SpanRefused),
        ({"user_id": 10**9}, Absent),
        ({"actor": "fan"}, Forbidden),
        ({"actor": "ann", "role": "collector", "agency": True}, Forbidden),
        ({"user_id": "mei"}, SamePersonTwice),
    ],
)
def test_membership_that_does_not_fit_is_refused(bank, changes, error):
    """Roles of the other side, empty spans, unknown users, actors without the role, and oneself are refused."""
    user_id = {"mei": bank.mei.user_id}.get(changes.get("user_id"), changes.get("user_id", factories.user().pk))
    with pytest.raises(error):
        services.membership_grant(
            actor=getattr(bank, changes.get("actor", "mei")),
            user_id=user_id,
            role=changes.get("role", "analyst"),
            from_on=people.FIRST_DAY,
            until_on=changes.get("until_on"),
            agency_id=bank.aoki.pk if changes.get("agency") else None,
        )


def test_membership_with_an_agency_of_another_creditor_is_absent(bank):
    """A manager cannot make somebody the lead of another creditor's agency."""
    other = factories.bank(people.OTHER_BANK)
    with pytest.raises(Absent):
        services.membership_grant(
            actor=bank.mei, user_id=factories.user().pk, role="lead", from_on=people.FIRST_DAY, agency_id=other.aoki.pk
        )


def test_membership_begins_and_ends(bank):
    """A membership holds from its first day until the day it was ended on; ending it later again changes nothing."""
    user = factories.user()
    membership = services.membership_grant(actor=bank.mei, user_id=user.pk, role="analyst", from_on=date(2026, 3, 2))
    with pytest.raises(CodeTaken):
        services.membership_grant(actor=bank.mei, user_id=user.pk, role="analyst", from_on=date(2026, 4, 2))
    services.membership_end(actor=bank.mei, membership_id=membership.pk, until_on=date(2026, 3, 10))
    services.membership_end(actor=bank.mei, membership_id=membership.pk, until_on=date(2026, 3, 20))
    assert actors_of(user, on=date(2026, 3, 9))
    for day in (date(2026, 3, 1), date(2026, 3, 10)):
        with pytest.raises(MembershipMissing):
            actors_of(user, on=day)
    with pytest.raises(Absent):
        services.membership_end(actor=bank.mei, membership_id=10**9, until_on=date(2026, 3, 10))


def test_decision_takes_a_second_person(bank):
    """Who asked cannot decide; another manager can; the database refuses one person in both places by itself."""
    with pytest.raises(SamePersonTwice):
        decide(bank.mei, bank)
    approval = decide(bank.lin, bank)
    assert (approval.decided_by_id, approval.requested_by_id) == (bank.lin.user_id, bank.mei.user_id)
    forged = Approval(
        creditor_id=bank.id, subject_kind="x", subject_id=1, content_hash=HASH, is_granted=True, at=NOON,
        requested_by_id=bank.mei.user_id, decided_by_id=bank.mei.user_id,
    )  # fmt: skip
    with pytest.raises(IntegrityError, match="approval_takes_two_people"), acting(bank.mei):
        forged.save()


def test_decision_takes_a_person_with_the_role(bank):
    """The system, an accountant, and an agency's lead cannot decide for a manager; an accountant can where the role is asked for."""
    for actor in (bank.system, bank.fan, bank.ann):
        with pytest.raises(Forbidden):
            decide(actor, bank)
    assert decide(bank.fan, bank, roles=("accountant",)).is_granted


def test_decision_on_what_the_system_asked(bank):
    """What a scheduled step asked for has no person behind it; any manager decides."""
    assert decide(bank.mei, bank, requested_by=0).requested_by_id is None


@pytest.mark.parametrize("changes", [{"is_granted": False}, {"content_hash": "b" * 64}])
def test_decision_stands(bank, changes):
    """The same decision repeated is the first one; another decision, or another content, is refused; so is another person."""
    first = decide(bank.lin, bank)
    assert decide(bank.lin, bank) == first
    with pytest.raises(AlreadyDecided):
        decide(bank.lin, bank, **changes)
    with acting(bank.mei):
        assert selectors.approval_of(actor=bank.mei, subject_kind="allocation_run", subject_id=1) == first
    with pytest.raises(DatabaseError, match="permission denied"), acting(bank.mei):
        Approval.objects.filter(pk=first.pk).update(is_granted=False)

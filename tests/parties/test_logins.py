"""Letting people in and out: links for a first password, and what a manager never learns."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.contrib.auth import authenticate

from duecourse.kit.errors import Absent, Forbidden
from duecourse.parties import services
from duecourse.parties.access import acting, actors_of
from duecourse.parties.errors import (
    LinkRefused,
    LoginRefused,
    MembershipMissing,
    NobodyLetsIn,
    PasswordRefused,
    SamePersonTwice,
    TermsMoved,
)
from duecourse.parties.models import Membership, User
from tests import factories, people

DAY = people.FIRST_DAY
GAO = {"email": "Gao@Lanxi.example", "display_name": " Gao  Yi ", "role": "analyst", "from_on": DAY}
NEW = "four-quiet-ferries-north"


@pytest.fixture
def bank(db):
    """Lanxi Bank, in a transaction that is rolled back."""
    return factories.bank()


def test_link_sets_a_first_password_once(bank):
    """Gao comes in by a link that works once; before it there is no password to log in with, afterwards it is Gao's own."""
    invited = services.member_invite(actor=bank.mei, **GAO)
    assert (invited.user.email, invited.user.display_name) == ("gao@lanxi.example", "Gao Yi")
    assert invited.link not in repr(invited)
    assert authenticate(username="gao@lanxi.example", password="") is None
    with pytest.raises(PasswordRefused):
        services.password_by_link(link=invited.link, password="short")
    services.password_by_link(link=invited.link, password=NEW)
    assert authenticate(username="gao@lanxi.example", password=NEW).pk == invited.user.pk
    with pytest.raises(LinkRefused):
        services.password_by_link(link=invited.link, password=NEW + "-again")


def test_a_new_link_ends_nothing_and_an_old_one_ends_with_the_password(bank):
    """Two links may be about; whichever is used first ends the other."""
    first = services.member_invite(actor=bank.mei, **GAO)
    second = services.member_link(actor=bank.lin, user_id=first.user.pk)
    services.password_by_link(link=second.link, password=NEW)
    with pytest.raises(LinkRefused):
        services.link_user(link=first.link)


def test_nobody_gets_into_a_colleagues_login(bank):
    """With a password set, no link is shown to anybody: a colleague's second signature cannot be made by who asks for it."""
    with pytest.raises(LinkRefused):
        services.member_link(actor=bank.mei, user_id=bank.lin.user_id)
    known = services.member_invite(actor=bank.mei, **(GAO | {"email": people.LIN.email}))
    assert known.link == ""
    assert known.user.pk == bank.lin.user_id
    assert authenticate(username=people.LIN.email, password=people.PASSWORD) is not None


@pytest.mark.parametrize("link", ["", "x", "MQ.x", "....", "9" * 400, "MQ.c0ffee-" + "a" * 32, "-1.x", "é.x"])
def test_forged_links_open_nothing(bank, link):
    """Whatever is not a link of ours is refused like one that was used."""
    with pytest.raises(LinkRefused):
        services.link_user(link=link)


def test_link_of_a_closed_login_opens_nothing(bank):
    """Who was let in and out again before setting a password does not get in with the link."""
    invited = services.member_invite(actor=bank.mei, **GAO)
    services.user_close(user_id=invited.user.pk)
    with pytest.raises(LinkRefused):
        services.link_user(link=invited.link)


def test_only_the_same_bank_lets_in_and_out(bank):
    """An accountant, an agency's lead and another bank's manager neither let in nor out."""
    other = factories.bank(people.OTHER_BANK)
    for actor in (bank.fan, bank.ann):
        with pytest.raises(Forbidden):
            services.member_invite(actor=actor, **GAO)
        with pytest.raises(Forbidden):
            services.member_leave(actor=actor, user_id=bank.qiu.user_id, until_on=DAY)
    with pytest.raises(Absent):
        services.member_leave(actor=other.mei, user_id=bank.qiu.user_id, until_on=DAY)
    with pytest.raises(Absent):
        services.member_reset(actor=other.mei, user_id=bank.qiu.user_id)


def test_who_leaves_loses_everything_here_and_nothing_elsewhere(bank):
    """Qiu, who works for another bank too, leaves Lanxi: every role here ends on the day, the other bank's stays."""
    other = factories.bank(people.OTHER_BANK)
    qiu = User.objects.get(pk=bank.qiu.user_id)
    services.membership_grant(actor=bank.mei, user_id=qiu.pk, role="analyst", from_on=DAY)
    services.membership_grant(actor=other.mei, user_id=qiu.pk, role="compliance", from_on=DAY)
    assert services.member_leave(actor=bank.mei, user_id=qiu.pk, until_on=DAY + timedelta(days=7)) == 2
    assert {actor.creditor_id for actor in actors_of(qiu, on=DAY + timedelta(days=6))} == {bank.id, other.id}
    assert {actor.creditor_id for actor in actors_of(qiu, on=DAY + timedelta(days=7))} == {other.id}
    with pytest.raises(SamePersonTwice):
        services.member_leave(actor=bank.mei, user_id=bank.mei.user_id, until_on=DAY)


def test_somebody_stays(bank):
    """Of two managers one can be let out, the last one cannot."""
    services.member_leave(actor=bank.mei, user_id=bank.lin.user_id, until_on=DAY)
    with acting(bank.mei):
        mine = Membership.objects.get(creditor_id=bank.id, user_id=bank.mei.user_id)
    with pytest.raises(NobodyLetsIn):
        services.membership_end(actor=bank.mei, membership_id=mine.pk, until_on=DAY)
    lin = User.objects.get(pk=bank.lin.user_id)
    with pytest.raises(MembershipMissing):
        actors_of(lin, on=DAY)


def test_two_people_do_not_let_each_other_out(committed_db):
    """Mei and Lin end each other in the same moment: one of them stays."""
    bank = factories.bank()
    pairs = [(bank.mei, bank.lin), (bank.lin, bank.mei)]
    results = committed_db.parallel(
        lambda number: services.member_leave(actor=pairs[number][0], user_id=pairs[number][1].user_id, until_on=DAY), count=2
    )
    assert 1 in results
    with acting(bank.system):
        staying = Membership.objects.filter(creditor_id=bank.id, role="manager")
        assert staying.filter(until_on__isnull=True).count() == 1


def test_own_password_takes_the_old_one(bank):
    """A wrong old password changes nothing; the right one does, and the new one must be hard to guess."""
    fan = User.objects.get(pk=bank.fan.user_id)
    with pytest.raises(LoginRefused):
        services.password_change(user=fan, old="wrong-horse-battery", new=NEW)
    with pytest.raises(PasswordRefused):
        services.password_change(user=fan, old=people.PASSWORD, new="password1234")
    services.password_change(user=fan, old=people.PASSWORD, new=NEW)
    assert authenticate(username=people.FAN.email, password=NEW).pk == fan.pk


def test_two_people_save_terms_and_fees_at_once(committed_db):
    """Two versions, and two fee schedules, made looking at the same last one: the first is saved, the second is told."""
    bank = factories.bank()
    contract, version = bank.aoki_terms.contract, bank.aoki_terms.version
    lines = [{"hand_from": 1, "hand_to": None} | dict(line) for line in factories.FEE_LINES]
    with acting(bank.mei):
        from duecourse.parties.selectors import fee_schedules

        seen_id = fee_schedules(actor=bank.mei, contract_version_ids=[version.pk])[0].pk
    people_of_two = (bank.mei, bank.lin)

    def add(number):
        return services.contract_version_add(actor=people_of_two[number], contract_id=contract.pk, seen_number=1, **factories.TERMS)

    def fees(number):
        day = date(2026, 4, 1 + number)
        key = {"contract_version_id": version.pk, "effective_on": day, "seen_schedule_id": seen_id}
        return services.fee_schedule_set(actor=people_of_two[number], lines=lines, **key)

    for call, kind in ((add, "ContractVersion"), (fees, "FeeSchedule")):
        results = committed_db.parallel(call, count=2)
        assert sorted(type(result).__name__ for result in results) == sorted([kind, TermsMoved.__name__])


def test_who_lets_in_elsewhere_gets_no_link_into_our_house(bank):
    """Another bank's link to Gao's login ends when Mei gives Gao a role, and no manager of either bank is shown a new one."""
    other = factories.bank(people.OTHER_BANK)
    bait = services.member_invite(actor=other.mei, **GAO)
    assert bait.may_be_shown
    ours = services.member_invite(actor=bank.mei, **GAO)
    assert not ours.may_be_shown
    with pytest.raises(LinkRefused):
        services.link_user(link=bait.link)
    for manager in (bank.mei, other.mei):
        assert not services.member_link(actor=manager, user_id=ours.user.pk).may_be_shown

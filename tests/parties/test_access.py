"""Who acts: nesting, switching sides, rollback, and that nothing leaks out of the transaction."""

from __future__ import annotations

import threading
from datetime import date

import pytest
from django.db import DatabaseError, connection, transaction

from duecourse.kit.errors import Forbidden
from duecourse.parties.access import Actor, acting, actors_of, creditor_of, current, in_house_ids, require, system
from duecourse.parties.errors import MembershipMissing, NoActor
from duecourse.parties.models import Agency, Membership, User
from duecourse.parties.services import membership_grant, user_close
from tests import factories, people

NOBODY = ("duecourse_app", "", "", "")


def told() -> tuple[str, ...]:
    """Return role, creditor, agency and user as the database has them now."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_user::text, coalesce(current_setting('app.creditor', true), ''),"
            " coalesce(current_setting('app.agency', true), ''), coalesce(current_setting('app.user', true), '')"
        )
        return cursor.fetchone()


def as_told(actor: Actor) -> tuple[str, ...]:
    """Return what the database is to have while the actor acts."""
    role = "duecourse_collector" if actor.is_collector else "duecourse_agency" if actor.is_agency else "duecourse_app"
    return role, str(actor.creditor_id), str(actor.agency_id or ""), str(actor.user_id)


@pytest.fixture
def bank(committed_db):
    """Lanxi Bank, committed."""
    return factories.bank()


@pytest.fixture
def rolled_back_bank(db):
    """Lanxi Bank inside a transaction that goes on around every block."""
    return factories.bank()


def fail_in_python() -> None:
    """Fail without the database noticing."""
    raise ZeroDivisionError


def fail_in_database() -> None:
    """Leave the transaction broken, as PostgreSQL does after any error."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 / 0")


def test_database_knows_who_acts_and_forgets(bank):
    """Inside the block role and settings are the actor's; after it they are nobody's, on the same connection."""
    for actor in (bank.mei, bank.ann, bank.bo, bank.system):
        with acting(actor):
            assert told() == as_told(actor)
            assert current() is actor
        assert told() == NOBODY
        with pytest.raises(NoActor):
            current()


@pytest.mark.parametrize("fail", [fail_in_python, fail_in_database])
def test_exception_leaks_neither_role_nor_settings(bank, fail):
    """After an error of the program or of the database, the connection that goes on is nobody's."""
    for actor in (bank.mei, bank.bo):
        backend = connection.connection
        with pytest.raises((ZeroDivisionError, DatabaseError)), acting(actor):
            fail()
        assert told() == NOBODY
        assert connection.connection is backend
        with pytest.raises(NoActor):
            current()


@pytest.mark.parametrize("fail", [fail_in_python, fail_in_database])
def test_error_of_an_inner_block_is_not_masked_and_the_outer_goes_on(bank, fail):
    """An error inside another actor's block comes out as it is, and the outer actor acts on, agency or creditor."""
    for outer, inner in ((bank.mei, bank.bo), (bank.bo, bank.mei), (bank.ann, bank.bo), (bank.mei, bank.mei)):
        with acting(outer):
            with pytest.raises((ZeroDivisionError, DatabaseError), match=r"zero|^$"), acting(inner):
                fail()
            assert told() == as_told(outer)
            assert current() is outer
        assert told() == NOBODY


def test_blocks_nest_and_restore(bank):
    """Creditor, agency, other agency and back: after each inner block the outer actor acts again."""
    chain = [bank.mei, bank.bo, bank.bo, bank.ann, bank.qiu, system(0)]

    def descend(depth: int) -> None:
        if depth == len(chain):
            return
        with acting(chain[depth]):
            assert told() == as_told(chain[depth])
            descend(depth + 1)
            assert told() == as_told(chain[depth])

    descend(0)
    assert told() == NOBODY


def test_inner_rollback_keeps_the_outer_work(bank):
    """What an inner block wrote before it failed is gone, what the outer wrote stays."""

    def write_and_fail() -> None:
        with acting(bank.qiu):
            Agency.objects.filter(pk=bank.birch.pk).update(name="inner")
            raise ZeroDivisionError

    with acting(bank.mei):
        Agency.objects.filter(pk=bank.aoki.pk).update(name="outer")
        with pytest.raises(ZeroDivisionError):
            write_and_fail()
    with acting(bank.mei):
        names = dict(Agency.objects.values_list("code", "name"))
        assert names["aoki"] == "outer"
        assert names["birch"] == people.BIRCH.name


def test_block_inside_a_longer_transaction_shows_nothing_afterwards(rolled_back_bank):
    """Inside a transaction that goes on, rows are visible within the block only."""
    bank = rolled_back_bank
    for actor in (bank.mei, bank.bo):
        with acting(actor):
            assert Agency.objects.exists()
        assert told() == NOBODY
        assert not Agency.objects.exists()


def test_block_that_is_rolled_back_by_hand_restores_the_outer_one(bank):
    """A block told to roll back ends without an error and leaves the outer actor acting."""
    with acting(bank.bo):
        with acting(bank.mei):
            Agency.objects.filter(pk=bank.aoki.pk).update(name="x")
            transaction.set_rollback(True)
        assert told() == as_told(bank.bo)
    with acting(bank.mei):
        assert Agency.objects.get(pk=bank.aoki.pk).name == people.AOKI.name


def test_one_connection_serves_many_actors_in_turn(bank):
    """Two hundred turns of five actors, every third of which fails, on one connection: each sees their own and nothing is left."""
    other = factories.bank(people.OTHER_BANK)
    actors = [bank.mei, bank.bo, other.ann, bank.ann, other.fan]

    def turn(number: int) -> set[int]:
        actor = actors[number % 5]
        with acting(actor):
            seen = set(Agency.objects.values_list("creditor_id", flat=True))
            (fail_in_python, fail_in_database)[number % 2]() if number % 3 == 0 else None
        return seen

    backend = connection.connection
    for number in range(200):
        if number % 3 == 0:
            with pytest.raises((ZeroDivisionError, DatabaseError)):
                turn(number)
        else:
            assert turn(number) == {actors[number % 5].creditor_id}
        assert told() == NOBODY
    assert connection.connection is backend


def test_pooled_connections_carry_nothing_over(bank, test_server, committed_db):
    """Eight threads share two pooled connections; whichever a thread gets, it is nobody's before the block and after it."""
    from psycopg_pool import ConnectionPool

    settings = connection.settings_dict
    conninfo = {"host": settings["HOST"], "port": settings["PORT"], "dbname": settings["NAME"]}
    login = conninfo | {"user": settings["USER"], "password": settings["PASSWORD"]}
    agency, query = bank.birch.pk, "SELECT current_user::text, coalesce(current_setting('app.agency', true), '')"
    from duecourse.parties.access import _TELL

    def work(pool) -> None:
        for _ in range(10):
            with pool.connection() as raw:
                seen.append(raw.execute(query).fetchone())
                raw.execute(_TELL, ["duecourse_agency", str(bank.id), str(agency), "1"])
                assert raw.execute(query).fetchone() == ("duecourse_agency", str(agency))

    seen: list[tuple[str, str]] = []
    with ConnectionPool(min_size=2, max_size=2, kwargs=login, open=True) as pool:
        threads = [threading.Thread(target=work, args=(pool,)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert seen == [("duecourse_app", "")] * 80


def test_another_thread_does_not_inherit_the_actor(bank, committed_db):
    """A thread started inside a block has a connection of its own, on which nobody acts, even with the starter's context."""
    from contextvars import copy_context

    with acting(bank.mei):
        context = copy_context()
        (found,) = committed_db.parallel(lambda number: context.run(lambda: (told(), Agency.objects.count())), count=1)
    assert found == (NOBODY, 0)


def test_roles_are_required():
    """Holding one of the roles is enough; holding none is refused with the roles it takes."""
    actor = Actor(user_id=1, creditor_id=1, agency_id=None, roles=frozenset({"analyst"}))
    require(actor, "manager", "analyst", action="look")
    with pytest.raises(Forbidden, match="manager / accountant"):
        require(actor, "manager", "accountant", action="pay")


def test_actors_of_a_user(rolled_back_bank):
    """A user with roles at two tenants is one actor each, roles merged, on the days of the memberships and not after."""
    bank, other = rolled_back_bank, factories.bank(people.OTHER_BANK)
    user = User.objects.get(pk=bank.fan.user_id)
    membership_grant(actor=bank.mei, user_id=user.pk, role="analyst", from_on=date(2026, 1, 1), until_on=date(2026, 4, 1))
    membership_grant(actor=other.mei, user_id=user.pk, role="read_only", from_on=date(2026, 1, 1))
    march, april = (actors_of(user, on=day) for day in (date(2026, 3, 31), date(2026, 4, 1)))
    assert [(a.creditor_id, a.roles) for a in march] == [
        (bank.id, {"accountant", "analyst"}),
        (other.id, {"read_only"}),
    ]
    assert [a.roles for a in april] == [{"accountant"}, {"read_only"}]
    with pytest.raises(MembershipMissing):
        actors_of(user, on=date(2024, 1, 1))


def test_actors_may_be_asked_for_inside_a_block(rolled_back_bank):
    """Asking for a user's actors while somebody acts, even an agency's person, changes nothing for them."""
    bank = rolled_back_bank
    user = User.objects.get(pk=bank.fan.user_id)
    for actor in (bank.mei, bank.bo):
        with acting(actor):
            assert [a.creditor_id for a in actors_of(user, on=people.FIRST_DAY)] == [bank.id]
            assert told() == as_told(actor)


def test_closed_login_and_stranger_are_nobody(rolled_back_bank):
    """Dai, who belongs nowhere, and a user whose login was closed can be no actor."""
    stranger = factories.user()
    closed = User.objects.get(pk=rolled_back_bank.bo.user_id)
    user_close(user_id=closed.pk)
    for user in (stranger, closed):
        with pytest.raises(MembershipMissing):
            actors_of(user, on=people.FIRST_DAY)


def test_own_memberships_elsewhere_are_for_login_only(rolled_back_bank):
    """While Mei acts for one creditor, her membership with another is not shown, and she cannot write one there."""
    bank, other = rolled_back_bank, factories.bank(people.OTHER_BANK)
    membership_grant(actor=other.mei, user_id=bank.mei.user_id, role="analyst", from_on=people.FIRST_DAY)
    with acting(bank.mei):
        assert set(Membership.objects.values_list("creditor_id", flat=True)) == {bank.id}
    forged = Membership(creditor_id=other.id, user_id=bank.mei.user_id, role="manager", from_on=people.FIRST_DAY)
    with pytest.raises(DatabaseError, match="row-level security"), acting(bank.mei):
        forged.save()
    with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
        forged.save()


def test_in_house_performers_and_the_creditor(rolled_back_bank):
    """The bank's own team and robot are its in-house performers, and its row is found from the actor."""
    bank = rolled_back_bank
    with acting(bank.mei):
        assert set(in_house_ids(bank.id)) == {bank.in_house.pk, bank.robot.pk}
        assert creditor_of(bank.mei).zone == "Asia/Shanghai"

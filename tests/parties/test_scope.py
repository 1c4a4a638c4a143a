"""What each kind of actor sees of parties: tables × actors, and the selectors on top."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import DatabaseError, connection

from duecourse.kit.errors import Absent
from duecourse.parties import selectors
from duecourse.parties.access import acting
from duecourse.parties.models import (
    Agency,
    CollectorQualification,
    Contract,
    ContractVersion,
    Creditor,
    FeeLine,
    FeeSchedule,
    Membership,
    Qualification,
    User,
)
from duecourse.parties.services import collector_qualification_add, qualification_add
from tests import factories, people

pytestmark = pytest.mark.django_db
MODELS = (Agency, Membership, Qualification, Contract, ContractVersion, FeeSchedule, FeeLine, CollectorQualification)


@pytest.fixture
def banks():
    """Two banks, each with a qualification per agency."""
    pair = factories.bank(), factories.bank(people.OTHER_BANK)
    for bank in pair:
        for agency in (bank.aoki, bank.birch):
            qualification_add(
                actor=bank.qiu, agency_id=agency.pk, kind="licence", valid_from_on=date(2026, 1, 1), valid_until_on=date(2027, 1, 1)
            )
        for person, agency in ((bank.ann, bank.aoki), (bank.bo, bank.birch)):
            collector_qualification_add(
                actor=bank.qiu, agency_id=agency.pk, user_id=person.user_id, kind="training", document_ref="1",
                valid_from_on=date(2026, 1, 1), valid_until_on=date(2027, 1, 1),
            )  # fmt: skip
    return pair


def agency_of(row) -> int | None:
    """Return the agency a row belongs to."""
    match row:
        case Agency():
            return row.pk
        case ContractVersion():
            return row.contract.agency_id
        case FeeSchedule():
            return row.contract_version.contract.agency_id
        case FeeLine():
            return row.fee_schedule.contract_version.contract.agency_id
    return row.agency_id


@pytest.mark.parametrize("model", MODELS)
def test_staff_sees_its_creditor_and_agencies_see_themselves(banks, model):
    """Each table shows staff every row of their creditor and none of another, and an agency's person the agency's own rows only."""
    bank, other = banks
    for home, away in ((bank, other), (other, bank)):
        with acting(home.mei):
            assert {row.creditor_id for row in model.objects.all()} == {home.id}
            assert {home.aoki.pk, home.birch.pk} <= {agency_of(row) for row in model.objects.all()}
            assert not model.objects.filter(creditor_id=away.id).exists()
        for actor in (home.ann, home.bo):
            with acting(actor):
                assert {agency_of(row) for row in model.objects.all()} == {actor.agency_id}
    assert not model.objects.exists()


@pytest.mark.parametrize("table", ["parties_approval", "ledger_entry", "django_session"])
def test_agencies_have_no_privilege_where_they_have_no_business(banks, table):
    """Approvals, books and sessions are not merely empty for an agency: the role may not ask."""
    with pytest.raises(DatabaseError, match="permission denied"), acting(banks[0].bo), connection.cursor() as cursor:
        cursor.execute(f"SELECT 1 FROM {table}")


@pytest.mark.parametrize("model", [*MODELS, Creditor, User])
def test_agencies_write_nothing_here(banks, model):
    """An agency's person can neither change, remove nor add a row of any table of this room."""
    bank, _ = banks
    table, column = model._meta.db_table, "lang" if model is User else "id"
    statements = [f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}", f"INSERT INTO {table} DEFAULT VALUES"]
    for statement in statements:
        with pytest.raises(DatabaseError, match="permission denied"), acting(bank.ann), connection.cursor() as cursor:
            cursor.execute(statement)


def test_agencies_know_their_colleagues_and_no_password(banks):
    """An agency's person sees the names of the agency's people, never a password hash, and not the bank's staff."""
    bank, _ = banks
    with acting(bank.bo):
        assert list(User.objects.values_list("display_name", flat=True)) == ["Bo"]
        assert [c.name for c in Creditor.objects.all()] == [people.BANK.name]
        (member,) = selectors.members(actor=bank.bo, on=people.FIRST_DAY, agency_id=bank.birch.pk)
        assert member.user.email == people.BO.email
        assert selectors.members(actor=bank.bo, on=people.FIRST_DAY) == []
    with pytest.raises(DatabaseError, match="permission denied"), acting(bank.bo):
        User.objects.get(pk=bank.bo.user_id)


def test_absent_and_forbidden_look_the_same(banks):
    """Another agency's contract, another creditor's, and none at all raise the same error with the same words."""
    bank, other = banks
    calls = [
        (bank.bo, bank.aoki_terms.contract.pk),
        (bank.ann, other.aoki_terms.contract.pk),
        (bank.mei, other.aoki_terms.contract.pk),
        (bank.mei, 10**9),
    ]
    said = []
    for actor, contract_id in calls:
        with acting(actor), pytest.raises(Absent) as refused:
            selectors.access_contract(actor=actor, contract_id=contract_id)
        said.append(str(refused.value))
    assert len(set(said)) == 1
    for actor, agency_id in ((bank.bo, bank.aoki.pk), (bank.mei, other.aoki.pk)):
        with acting(actor), pytest.raises(Absent):
            selectors.access_agency(actor=actor, agency_id=agency_id)
        with acting(actor), pytest.raises(Absent):
            selectors.access_contract_version(actor=actor, contract_version_id=other.birch_terms.version.pk)


def test_fees_of_a_rival_are_no_rows(banks):
    """An agency that knows the number of a rival's contract version learns neither terms nor fees."""
    bank, _ = banks
    rival = bank.aoki_terms
    with acting(bank.bo):
        assert selectors.fee_lines(contract_version_id=rival.version.pk, on=people.FIRST_DAY).num_rows == 0
        assert selectors.contract_version_on(contract_id=rival.contract.pk, on=people.FIRST_DAY) is None
        own = selectors.fee_lines(contract_version_id=bank.birch_terms.version.pk, on=people.FIRST_DAY)
        assert own.num_rows == len(factories.FEE_LINES)


def test_reference_into_another_creditor_is_refused(banks):
    """A contract of one creditor cannot name the other's agency, whatever the code does."""
    bank, other = banks
    with pytest.raises(DatabaseError, match="foreign key"), acting(bank.mei):
        Contract.objects.create(creditor_id=bank.id, agency_id=other.aoki.pk, code="x")

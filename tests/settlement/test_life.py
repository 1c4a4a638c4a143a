"""The life of a statement: draft, agreed, approved, frozen; who may do what, and what the database itself refuses."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.db import DatabaseError, IntegrityError, ProgrammingError, connection

from duecourse.kit.errors import Absent, Forbidden
from duecourse.ledger.selectors import book_totals
from duecourse.parties.access import acting
from duecourse.parties.errors import SamePersonTwice
from duecourse.settlement import selectors, services
from duecourse.settlement.errors import StatementBroken, StatementChanged, StatementOutOfOrder
from duecourse.settlement.models import Statement, StatementTransition
from tests.repayment.world import pay, record
from tests.settlement.world import SEPTEMBER, frozen, own, page, settled


@pytest.fixture
def statement_id(bank, placed):
    """Aoki's draft of September: 120 fen."""
    record(bank, pay(own(placed, bank.aoki)[0], 1_000), pay(own(placed, bank.birch)[0], 2_000))
    return settled(bank)


def test_whole_life(bank, placed, statement_id):
    """Ann agrees, Fan approves, Mei freezes; the books then owe Aoki exactly the statement."""
    services.statement_agree(actor=bank.ann, statement_id=statement_id, lines_hash=page(bank, statement_id)["lines_hash"])
    services.statement_approve(actor=bank.fan, statement_id=statement_id)
    entry_id = services.statement_freeze(actor=bank.mei, statement_id=statement_id)
    shown = page(bank, statement_id)
    assert (shown["status"], shown["entry_id"]) == ("frozen", entry_id)
    assert [(step["status"], step["actor_id"]) for step in shown["transitions"]] == [
        ("draft", bank.fan.user_id),
        ("agreed", bank.ann.user_id),
        ("approved", bank.fan.user_id),
        ("frozen", bank.mei.user_id),
    ]
    with acting(bank.fan):
        assert book_totals(creditor_id=bank.id, kinds=["commission"]) == [
            ("commission_expense", "CNY", 120),
            ("commission_payable", "CNY", -120),
        ]
        assert selectors.unfrozen(creditor_id=bank.id, month=SEPTEMBER) == []


def test_agency_sees_and_agrees_to_its_own_only(bank, placed, statement_id, birch_lead):
    """Bai leads Birch: Aoki's statement does not exist for her; Ann sees hers with its lines and nothing of Birch's."""
    settled(bank, contract_id=bank.birch_terms.contract.pk)
    with pytest.raises(Absent):
        services.statement_agree(actor=birch_lead, statement_id=statement_id)
    with pytest.raises(Absent):
        page(bank, statement_id, actor=birch_lead)
    with acting(bank.ann):
        assert [row["id"] for row in selectors.statements(creditor_id=bank.id)] == [statement_id]
    with acting(bank.fan):
        assert len(selectors.statements(creditor_id=bank.id, month=SEPTEMBER)) == 2
    shown = page(bank, statement_id, actor=bank.ann)
    assert [line["amount_minor"] for line in shown["lines"]] == [120]


def test_each_step_needs_its_role(bank, placed, statement_id):
    """A collector and the creditor cannot agree, a manager and an agency cannot approve, an accountant cannot freeze, the system does neither."""
    for actor in (bank.bo, bank.fan, bank.mei):
        with pytest.raises(Forbidden):
            services.statement_agree(actor=actor, statement_id=statement_id)
    services.statement_agree(actor=bank.ann, statement_id=statement_id)
    for actor in (bank.mei, bank.ann, bank.system):
        with pytest.raises(Forbidden):
            services.statement_approve(actor=actor, statement_id=statement_id)
    services.statement_approve(actor=bank.fan, statement_id=statement_id)
    for actor in (bank.fan, bank.ann, bank.system):
        with pytest.raises(Forbidden):
            services.statement_freeze(actor=actor, statement_id=statement_id)


def test_one_person_does_not_approve_and_freeze(bank, placed, statement_id):
    """Fan, who is a manager too, approved it and so cannot freeze it."""
    both = replace(bank.fan, roles=frozenset({"accountant", "manager"}))
    services.statement_agree(actor=bank.ann, statement_id=statement_id)
    services.statement_approve(actor=both, statement_id=statement_id)
    with pytest.raises(SamePersonTwice):
        services.statement_freeze(actor=both, statement_id=statement_id)
    assert page(bank, statement_id)["status"] == "approved"


def test_steps_come_one_after_the_other_and_once(bank, placed, statement_id):
    """Approving a draft, freezing what is agreed, and doing a step twice are refused."""
    with pytest.raises(StatementOutOfOrder):
        services.statement_approve(actor=bank.fan, statement_id=statement_id)
    services.statement_agree(actor=bank.ann, statement_id=statement_id)
    with pytest.raises(StatementOutOfOrder):
        services.statement_agree(actor=bank.ann, statement_id=statement_id)
    with pytest.raises(StatementOutOfOrder):
        services.statement_freeze(actor=bank.mei, statement_id=statement_id)


def test_nobody_agrees_to_lines_they_have_not_seen(bank, placed, statement_id):
    """Drawn up anew between looking and agreeing: refused, until it is looked at again."""
    seen = page(bank, statement_id)["lines_hash"]
    record(bank, pay(own(placed, bank.aoki)[0], 3_000))
    settled(bank)
    with pytest.raises(StatementChanged):
        services.statement_agree(actor=bank.ann, statement_id=statement_id, lines_hash=seen)
    services.statement_agree(actor=bank.ann, statement_id=statement_id, lines_hash=page(bank, statement_id)["lines_hash"])


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE settlement_statementline SET amount_minor = 1",
        "DELETE FROM settlement_statementline",
        "INSERT INTO settlement_statementline SELECT (l).* FROM (SELECT l FROM settlement_statementline l LIMIT 1) x",
        "UPDATE settlement_statement SET total_minor = 1",
        "UPDATE settlement_statement SET total_minor = 1, entry_id = 7",
        "DELETE FROM settlement_statement",
    ],
)
def test_database_refuses_any_change_after_agreement(bank, placed, statement_id, statement):
    """Not even the application's own login changes what an agency agreed to."""
    services.statement_agree(actor=bank.ann, statement_id=statement_id)
    with pytest.raises(IntegrityError, match="is settled"), acting(bank.fan), connection.cursor() as cursor:
        cursor.execute(statement)


def test_frozen_statement_keeps_its_entry(bank, placed, statement_id):
    """The number of the ledger entry is filled in once."""
    frozen(bank)
    with pytest.raises(IntegrityError, match="is settled"), acting(bank.fan):
        Statement.objects.filter(pk=statement_id).update(entry_id=7)


def test_agency_cannot_write_the_creditor_s_steps(bank, placed, statement_id):
    """The database lets an agency say that it agrees, not that the creditor approved."""
    services.statement_agree(actor=bank.ann, statement_id=statement_id)
    step = {"creditor_id": bank.id, "statement_id": statement_id, "actor_id": bank.ann.user_id, "at": "2026-10-01T00:00Z"}
    with pytest.raises(ProgrammingError), acting(bank.ann):
        StatementTransition.objects.create(status="approved", **step)
    with pytest.raises(DatabaseError), acting(bank.ann):
        Statement.objects.filter(pk=statement_id).update(total_minor=1_000_000)


def test_lines_that_do_not_sum_are_never_booked(bank, placed, statement_id):
    """A total that was tampered with before the agency agreed is found when freezing; nothing is booked."""
    with acting(bank.fan):
        Statement.objects.filter(pk=statement_id).update(total_minor=121)
    services.statement_agree(actor=bank.ann, statement_id=statement_id)
    services.statement_approve(actor=bank.fan, statement_id=statement_id)
    with pytest.raises(StatementBroken):
        services.statement_freeze(actor=bank.mei, statement_id=statement_id)
    with acting(bank.fan):
        assert book_totals(creditor_id=bank.id, kinds=["commission"]) == []


def test_exception_while_freezing_leaves_it_approved(bank, placed, statement_id, monkeypatch):
    """A freeze that breaks off after booking leaves no entry; the same call then freezes it."""
    from duecourse.settlement.services import life

    services.statement_agree(actor=bank.ann, statement_id=statement_id)
    services.statement_approve(actor=bank.fan, statement_id=statement_id)

    def break_off(*_):
        raise RuntimeError("power cut")

    with monkeypatch.context() as patch:
        patch.setattr(life, "_move", break_off)
        with pytest.raises(RuntimeError):
            services.statement_freeze(actor=bank.mei, statement_id=statement_id)
    with acting(bank.fan):
        assert book_totals(creditor_id=bank.id, kinds=["commission"]) == []
    assert services.statement_freeze(actor=bank.mei, statement_id=statement_id)


def test_two_freeze_at_once_book_once(committed_db, home):
    """Mei and Lin press the button at the same time: one of them freezes it, one entry is booked."""
    from tests import factories
    from tests.repayment import world

    bank = factories.bank()
    placed = world.placed(bank)
    record(bank, pay(own(placed, bank.aoki)[0], 1_000))
    number = settled(bank)
    services.statement_agree(actor=bank.ann, statement_id=number)
    services.statement_approve(actor=bank.fan, statement_id=number)
    people = (bank.mei, bank.lin, bank.mei, bank.lin)
    results = committed_db.parallel(lambda n: services.statement_freeze(actor=people[n], statement_id=number), count=4)
    assert sorted(isinstance(result, int) for result in results) == [False, False, False, True]
    assert all(isinstance(result, (int, StatementOutOfOrder)) for result in results)
    with acting(bank.fan):
        assert selectors.booked_total(creditor_id=bank.id, month=SEPTEMBER) == 120

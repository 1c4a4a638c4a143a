"""What stands on a statement, to the fen.

1. Σ lines = statement = movement in the ledger, whatever was paid and taken back (docs/algorithms/commission.md).
2. A claw-back takes back at the exact rate of the original line.
3. A recovery stands on one statement.
"""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from duecourse.engine.commission import COMMISSION_LINES
from duecourse.parties import services as parties
from duecourse.parties.access import acting
from duecourse.settlement import selectors, services
from duecourse.settlement.errors import CommissionIncomplete, LaterStatement, LinesRefused, StatementSettled
from duecourse.settlement.models import StatementLine
from tests import factories
from tests.placement import world as placement_world
from tests.repayment import world as money
from tests.repayment.world import pay, record, take_back
from tests.settlement.world import NOVEMBER, OCTOBER, SEPTEMBER, frozen, line_sum, lines, measured, own, page, settled, tier_minor

TENTH, OCTOBER_3 = date(2026, 9, 10), date(2026, 10, 3)


def test_each_recovery_earns_one_line(bank, placed):
    """Two payments of Aoki's cases, below the first tier: 12 % of each; Birch's money stands elsewhere."""
    mine, other = own(placed, bank.aoki), own(placed, bank.birch)
    record(bank, pay(mine[0], 1_000), pay(mine[1], 1_004), pay(other[0], 5_000))
    statement_id = settled(bank)
    assert lines(bank, statement_id) == [("commission", 1_000, 1_200, 120), ("commission", 1_004, 1_200, 120)]
    shown = page(bank, statement_id)
    assert (shown["status"], shown["total_minor"], shown["line_count"], shown["currency"]) == ("draft", 240, 2, "CNY")
    assert shown["lines"][0]["account_number"] == mine[0].number


@pytest.mark.parametrize(("less", "rate_bp"), [(0, 1_500), (1, 1_200)])
def test_tier_is_reached_in_full_or_not(bank, placed, less, rate_bp):
    """Exactly 5 % of the frozen amount earns the second tier's rate; one fen less earns the first's."""
    loan = own(placed, bank.aoki)[0]
    amount = tier_minor(bank, loan.batch_id) - less
    record(bank, pay(loan, amount))
    (line,) = lines(bank, settled(bank))
    assert (line[0], line[1], line[2]) == ("commission", amount, rate_bp)


def test_tier_counts_what_was_recovered_so_far(bank, placed):
    """Half of 5 % in September and half in October: October's money earns the second tier, September's line stays as it is."""
    loan = own(placed, bank.aoki)[0]
    half = -(-tier_minor(bank, loan.batch_id) // 2)
    record(bank, pay(loan, half, on=TENTH), pay(loan, half, on=OCTOBER_3))
    first = frozen(bank)
    assert [line[2] for line in lines(bank, first)] == [1_200]
    assert [line[1:3] for line in lines(bank, settled(bank, OCTOBER))] == [(half, 1_500)]


def test_reversal_in_the_same_month_cancels_its_line(bank, placed):
    """A payment taken back in its month earns nothing: a line, a line against it, and no ledger entry."""
    loan = own(placed, bank.aoki)[0]
    payment = pay(loan, 3_333)
    record(bank, payment, take_back(payment, on=date(2026, 9, 28)))
    statement_id = frozen(bank)
    assert [(kind, amount) for kind, _, _, amount in lines(bank, statement_id)] == [("commission", 400), ("reversal", -400)]
    shown = page(bank, statement_id)
    assert (shown["status"], shown["total_minor"], shown["entry_id"]) == ("frozen", 0, None)
    assert shown["lines"][1]["original_line_id"] == shown["lines"][0]["id"]


def test_claw_back_next_month_at_the_original_rate(bank, placed):
    """September's 12 % is taken back in October as 12 %, although October's money earns 15 %; the total may be below zero."""
    first, second = own(placed, bank.aoki)[:2]
    payment = pay(first, 3_333)
    record(bank, payment)
    september = frozen(bank)
    big = tier_minor(bank, first.batch_id) + 3_333
    record(bank, take_back(payment, on=OCTOBER_3), pay(second, big, on=OCTOBER_3))
    statement_id = settled(bank, OCTOBER)
    shown = page(bank, statement_id)["lines"]
    claw_back, earned = sorted(shown, key=lambda line: line["amount_minor"])
    assert (claw_back["kind"], claw_back["rate_bp"], claw_back["amount_minor"]) == ("clawback", 1_200, -400)
    assert claw_back["original_line_id"] == page(bank, september)["lines"][0]["id"]
    assert (earned["kind"], earned["rate_bp"]) == ("commission", 1_500)
    with acting(bank.fan):
        assert selectors.clawback_totals(creditor_id=bank.id, month=OCTOBER) == {statement_id: -400}
        assert selectors.clawback_totals(creditor_id=bank.id, month=SEPTEMBER) == {}


def test_statement_of_claw_backs_only_is_booked_the_other_way_round(bank, placed):
    """A total below zero is frozen as a debit of what is payable; over both months nothing was earned."""
    payment = pay(own(placed, bank.aoki)[0], 3_333)
    record(bank, payment)
    frozen(bank)
    record(bank, take_back(payment, on=OCTOBER_3))
    assert page(bank, frozen(bank, OCTOBER))["total_minor"] == -400
    with acting(bank.fan):
        assert selectors.booked_total(creditor_id=bank.id, month=SEPTEMBER) == 400
        assert selectors.booked_total(creditor_id=bank.id, month=OCTOBER) == -400
        books = money.books(bank)
        assert (books.get("commission_expense", 0), books.get("commission_payable", 0)) == (0, 0)


def test_late_money_goes_onto_the_draft_or_onto_the_next_statement(bank, placed):
    """September money that arrives before the agency agreed changes the draft; what arrives later stands on October's statement."""
    loan = own(placed, bank.aoki)[0]
    record(bank, pay(loan, 1_000))
    first = settled(bank)
    record(bank, pay(loan, 2_000, on=date(2026, 9, 30)))
    assert settled(bank) == first
    assert [line[1] for line in lines(bank, first)] == [1_000, 2_000]
    services.statement_agree(actor=bank.ann, statement_id=first)
    record(bank, pay(loan, 4_000, on=date(2026, 9, 29)))
    assert settled(bank) == first
    assert [line[1] for line in lines(bank, first)] == [1_000, 2_000]
    assert [line[1] for line in lines(bank, settled(bank, OCTOBER))] == [4_000]


def test_other_lines_are_refused_once_agreed(bank, placed):
    """Whoever computes otherwise cannot replace what the agency agreed to."""
    record(bank, pay(own(placed, bank.aoki)[0], 1_000))
    statement_id = settled(bank)
    services.statement_agree(actor=bank.ann, statement_id=statement_id)
    with pytest.raises(StatementSettled):
        services.statement_draft(
            actor=bank.fan,
            contract_id=bank.aoki_terms.contract.pk,
            month=SEPTEMBER,
            lines=COMMISSION_LINES.empty_table(),
            inputs_hash="0" * 64,
        )


def test_earlier_month_is_not_drawn_up_below_a_later_one(bank, placed):
    """Once October is drawn up, September's draft stays as it is."""
    loan = own(placed, bank.aoki)[0]
    record(bank, pay(loan, 1_000), pay(loan, 1_000, on=OCTOBER_3))
    settled(bank)
    settled(bank, OCTOBER)
    record(bank, pay(loan, 2_000, on=date(2026, 9, 30)))
    with pytest.raises(LaterStatement):
        settled(bank)


def test_lines_of_another_contract_or_amount_are_refused(bank, placed):
    """Aoki's lines on Birch's statement, or with another basis than what was recovered, are named and nothing is written."""
    record(bank, pay(own(placed, bank.aoki)[0], 1_000))
    measured(bank)
    with acting(bank.fan):
        parts = selectors.commission_inputs(creditor_id=bank.id, contract_id=bank.aoki_terms.contract.pk, month=SEPTEMBER)
        computed, problems = selectors.commission_lines(parts)
    assert problems == []
    more = computed.to_pylist()[0] | {"basis_minor": 1_001}
    wrong = computed.from_pylist([more], schema=COMMISSION_LINES)
    for contract, table in ((bank.birch_terms, computed), (bank.aoki_terms, wrong)):
        with pytest.raises(LinesRefused):
            services.statement_draft(actor=bank.fan, contract_id=contract.contract.pk, month=SEPTEMBER, lines=table, inputs_hash="0" * 64)
    with acting(bank.fan):
        assert not StatementLine.objects.exists()


def test_month_that_was_not_measured_has_no_commission(bank, placed):
    """A tier is never guessed: without measured rates nothing is drawn up."""
    record(bank, pay(own(placed, bank.aoki)[0], 1_000))
    with pytest.raises(CommissionIncomplete):
        services.statement_compute(actor=bank.fan, contract_id=bank.aoki_terms.contract.pk, month=SEPTEMBER)


def test_each_version_settles_by_its_own_terms(bank, placed):
    """Cases placed under a second version of the contract earn its fees; one statement holds both."""
    first = own(placed, bank.aoki)[0]
    terms = factories.TERMS | {"effective_on": date(2026, 9, 20), "signed_on": date(2026, 9, 19)}
    version = parties.contract_version_add(actor=bank.system, contract_id=bank.aoki_terms.contract.pk, **terms)
    line = {"product_class": "*", "age_band_from_days": 1, "age_band_to_days": None, "tier_from_bp": 0, "tier_to_bp": None}
    line |= {"rate_bp": 3_000, "hand_from": 1, "hand_to": None}
    parties.fee_schedule_set(actor=bank.system, contract_version_id=version.pk, effective_on=version.effective_on, lines=[line])
    new = placement_world.cases(bank, 6, as_of=date(2026, 9, 21))
    placement_world.published(bank, case_ids=new, as_of=date(2026, 9, 21), at=placement_world.days_later(20))
    with acting(bank.fan):
        loans = [loan for loan in money.loans_of(bank) if loan.case_id in new and loan.agency_id == bank.aoki.pk]
        money.owe(bank, [loans[0].id], source_id=2)
    record(bank, pay(first, 1_000, on=date(2026, 9, 25)), pay(loans[0], 1_000, on=date(2026, 9, 25)))
    shown = page(bank, settled(bank))["lines"]
    assert [(line["rate_bp"], line["contract_version_id"]) for line in shown] == [
        (1_200, bank.aoki_terms.version.pk),
        (3_000, version.pk),
    ]


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_not_a_fen_is_lost(bank, placed, data):
    """Propositions 1 to 3: over three months of payments and reversals, lines = statements = books, and what was taken back earns nothing."""
    from django.db import transaction

    mine = own(placed, bank.aoki)
    draw = st.tuples(st.integers(0, len(mine) - 1), st.integers(1, 30_000), st.integers(0, 2), st.integers(0, 2))
    drawn = data.draw(st.lists(draw, min_size=1, max_size=8))
    days = [date(2026, 9, 10), date(2026, 10, 10), date(2026, 11, 10)]
    with transaction.atomic():
        total = 0
        for number, month in enumerate((SEPTEMBER, OCTOBER, NOVEMBER)):
            paid = [pay(mine[i], minor, on=days[p], ref=f"H{n}") for n, (i, minor, p, _) in enumerate(drawn) if p == number]
            backs = [
                take_back(pay(mine[i], minor, on=days[p], ref=f"H{n}"), on=days[p + later])
                for n, (i, minor, p, later) in enumerate(drawn)
                if later and p + later == number
            ]
            record(bank, *paid, *backs)
            statement_id = frozen(bank, month)
            shown = page(bank, statement_id)
            with acting(bank.fan):
                booked = selectors.booked_total(creditor_id=bank.id, month=month)
                assert selectors.lines_total(creditor_id=bank.id, month=month) == shown["total_minor"]
            assert line_sum(bank, statement_id) == shown["total_minor"] == booked
            total += booked
        with acting(bank.fan):
            all_lines = list(StatementLine.objects.select_related("original_line"))
        gone = {line.original_line_id for line in all_lines if line.original_line_id}
        assert total == sum(line.amount_minor for line in all_lines if line.kind == "commission" and line.pk not in gone)
        assert all(line.amount_minor == -line.original_line.amount_minor for line in all_lines if line.original_line_id)
        transaction.set_rollback(True)

"""A debt explained adds up to the fen.

1. Per component, what was taken in, accrued, paid, reversed and the rest sum to the balance of the ledger.
2. Every line's balance is the line before it plus the line; the last one is what is owed.
3. What a payment took off the debt and what it left in suspense are the payment.
"""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import ProgrammingError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from duecourse.ledger.selectors import receivable_balances
from duecourse.parties.access import acting
from duecourse.repayment import selectors, services
from duecourse.repayment.selectors.debts import COMPONENTS, Parts
from tests.repayment import world

FIRST = date(2026, 9, 10)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("pay"), st.integers(1, 60_000)),
        st.tuples(st.just("lost"), st.integers(1, 30_000)),
        st.tuples(st.just("accrue"), st.sampled_from(COMPONENTS), st.integers(1, 5_000)),
        st.tuples(st.just("take_back"), st.integers(0, 20)),
        st.tuples(st.just("match"), st.integers(0, 20)),
    ),
    max_size=9,
)


def play(bank, loan, steps) -> None:
    """Let a history happen to an account through the services."""
    paid = []
    for number, (kind, *rest) in enumerate(steps):
        on = FIRST + timedelta(days=number)
        if kind == "pay":
            paid.append(world.pay(loan, rest[0], on=on, ref=f"P{number}"))
            world.record(bank, paid[-1])
        elif kind == "lost":
            paid.append(world.pay(None, rest[0], on=on, ref=f"L{number}"))
            world.record(bank, paid[-1])
        elif kind == "accrue":
            with acting(bank.system):
                world.owe(bank, [loan.id], source_id=100 + number, **{rest[0]: rest[1]})
        elif kind == "take_back" and paid:
            world.record(bank, world.take_back(paid.pop(rest[0] % len(paid)), on=on))
        elif kind == "match":
            with acting(bank.fan):
                waiting = [row for row in selectors.suspense_list(creditor_id=bank.id) if row["account_id"] is None]
            if waiting:
                chosen = waiting[rest[0] % len(waiting)]["payment_id"]
                services.suspense_match(actor=bank.fan, payment_id=chosen, account_id=loan.id, booked_on=on)


@given(steps=STEPS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_history_adds_up(bank, placed, steps):
    """Whatever happened to an account, its explanation sums to what the ledger says is owed, component by component."""
    from django.db import transaction

    loan = placed[0]
    with transaction.atomic():
        play(bank, loan, steps)
        with acting(bank.fan):
            (debt,) = selectors.debts_explained(creditor_id=bank.id, account_ids=[loan.id])
            owed = receivable_balances(creditor_id=bank.id, account_ids=[loan.id]).to_pylist()
        assert debt.balance == Parts(**{row["component"]: row["balance_minor"] for row in owed})
        assert sum(debt.sums.values(), Parts()) == debt.balance
        running = 0
        for line in debt.lines:
            running += line.parts.total
            assert line.balance_minor == running
        assert running == debt.balance.total
        came_in = {line.payment["id"]: line.payment["amount_minor"] for line in debt.lines if line.payment}
        met = -sum(line.parts.total for line in debt.lines if line.payment)
        assert met + debt.suspense_minor == sum(came_in.values())
        transaction.set_rollback(True)


def test_each_payment_shows_what_it_met(bank, placed):
    """A payment smaller than penalty and fee meets those first; what the bank takes back stands as a line of its own."""
    loan = placed[0]
    payment = world.pay(loan, 250, ref="small")
    world.record(bank, payment)
    world.record(bank, world.take_back(payment, on=FIRST + timedelta(days=3)))
    with acting(bank.fan):
        (debt,) = selectors.debts_explained(creditor_id=bank.id, account_ids=[loan.id])
    opening, paid, back = debt.lines
    assert (opening.cause, paid.cause, back.cause) == ("opening", "paid", "reversed")
    assert paid.parts.total == -250
    assert back.parts.amounts == tuple(-amount for amount in paid.parts.amounts)
    assert back.payment["reverses_ref"] == "small"
    assert debt.balance.total == world.TOTAL


def test_what_was_paid_too_much_waits_in_suspense(bank, placed):
    """A payment above the debt leaves nothing owed, and the rest waits under the account."""
    world.record(bank, world.pay(placed[0], world.TOTAL + 77))
    with acting(bank.fan):
        (debt,) = selectors.debts_explained(creditor_id=bank.id, account_ids=[placed[0].id])
    assert (debt.balance.total, debt.suspense_minor) == (0, 77)


def test_a_long_history_is_carried(bank, placed):
    """Of many lines the oldest are one, and the sums are the same."""
    loan = placed[0]
    world.record(bank, *(world.pay(loan, 100 + number, ref=f"N{number}") for number in range(12)))
    with acting(bank.fan):
        (whole,) = selectors.debts_explained(creditor_id=bank.id, account_ids=[loan.id])
        (short,) = selectors.debts_explained(creditor_id=bank.id, account_ids=[loan.id], rows_max=5)
    assert len(short.lines) == 5
    assert (short.lines[0].cause, short.lines[0].line_count) == ("carried", len(whole.lines) - 4)
    assert sum((line.parts for line in short.lines), Parts()) == whole.balance
    assert short.lines[-1] == whole.lines[-1]
    assert short.sums == whole.sums


def test_an_agency_sees_no_books(bank, placed):
    """The database refuses the books to an agency's people, whatever they ask for."""
    with pytest.raises(ProgrammingError, match="permission denied"), acting(bank.ann):
        selectors.debts_explained(creditor_id=bank.id, account_ids=[loan.id for loan in placed])


@given(steps=STEPS)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_table_of_suspense_is_the_list_of_suspense(bank, placed, steps):
    """Whatever happened, the long table shows the payments and amounts that the ledger's list shows."""
    from django.db import transaction

    from duecourse.ledger.selectors import page
    from duecourse.repayment.selectors.pages import SUSPENSE_PAGE

    with transaction.atomic():
        play(bank, placed[0], steps)
        with acting(bank.fan):
            listed = {(row["payment_id"], row["suspense_minor"]) for row in selectors.suspense_list(creditor_id=bank.id)}
            shown = {(row["id"], row["suspense_minor"]) for row in page(SUSPENSE_PAGE, creditor_id=bank.id, order="booked").rows}
        assert shown == listed
        transaction.set_rollback(True)

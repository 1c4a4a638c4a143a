"""Recording payments.

1. Every payment has one entry; Σ cash = Σ imputed + Σ suspense, whatever came (docs/algorithms/imputation.md).
2. The same payment again changes nothing; another body under its reference is no payment.
3. A reversal takes back exactly what the payment did.
"""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from duecourse.kit.errors import Forbidden
from duecourse.parties.access import acting
from duecourse.repayment import selectors, services
from duecourse.repayment.errors import OrderUnknown
from duecourse.repayment.models import Attribution, Payment, PaymentMatch
from tests.repayment import world
from tests.repayment.world import TOTAL, books, owed, pay, record, take_back


def test_payment_meets_costs_then_interest_then_principal(bank, placed):
    """Money meets fee, interest, penalty and principal in this order, and the placement's agency recovered it."""
    result = record(bank, pay(placed[0], 3_500))
    assert (result.payment_count, result.suspense_count, result.attributed_count) == (1, 0, 1)
    with acting(bank.fan):
        assert owed(bank, placed[0]) == {"fee": 0, "interest": 0, "penalty": 0, "principal": 99_800}
        match, recovery = PaymentMatch.objects.get(), Attribution.objects.get()
        assert (match.account_id, match.how) == (placed[0].id, "reference")
        assert (recovery.placement_id, recovery.amount_minor, recovery.rule) == (placed[0].placement_id, 3_500, "paid")


def test_order_of_imputation_can_be_chosen(bank, placed):
    """Under the order principal_first the same payment meets principal alone; an unknown order is refused."""
    record(bank, pay(placed[0], 3_500), order="principal_first")
    with acting(bank.fan):
        assert owed(bank, placed[0])["principal"] == 96_500
    with pytest.raises(OrderUnknown):
        record(bank, pay(placed[0], 1), order="random")


def test_remainder_stays_in_suspense_and_counts_for_nobody(bank, placed):
    """What goes beyond the debt waits in suspense under the account; only what was met is a recovery."""
    record(bank, pay(placed[0], TOTAL + 700))
    with acting(bank.fan):
        assert sum(owed(bank, placed[0]).values()) == 0
        assert Attribution.objects.get().amount_minor == TOTAL
        (waiting,) = selectors.suspense_list(creditor_id=bank.id)
        assert (waiting["suspense_minor"], waiting["account_id"]) == (700, placed[0].id)


def test_unknown_reference_and_other_currency_go_to_suspense(bank, placed):
    """A payment that names no account of ours, or one in another currency, belongs to nobody yet."""
    result = record(bank, pay(None, 500, account_number="no such"), pay(placed[0], 900, currency="USD"))
    assert (result.payment_count, result.suspense_count, result.attributed_count) == (2, 2, 0)
    with acting(bank.fan):
        assert {m.how for m in PaymentMatch.objects.all()} == {"suspense"}
        window = selectors.money_window(creditor_id=bank.id, first_on=date(2026, 9, 1), last_on=date(2026, 9, 30))
        assert [(w["currency"], w["received_minor"], w["suspense_minor"], w["imputed_minor"]) for w in window] == [
            ("CNY", 500, 500, 0),
            ("USD", 900, 900, 0),
        ]


def test_same_payment_again_changes_nothing(bank, placed):
    """A repeat is a duplicate, within one frame and over two."""
    first = record(bank, pay(placed[0], 100), pay(placed[0], 100))
    second = record(bank, pay(placed[0], 100))
    assert (first.payment_count, first.duplicate_count, second.payment_count, second.duplicate_count) == (1, 1, 0, 1)
    with acting(bank.fan):
        assert books(bank)["cash"] == 100


def test_same_reference_with_another_body_is_a_conflict(bank, placed):
    """The first payment stays as it is, and the row is named."""
    record(bank, pay(placed[0], 100, ref="R1"))
    result = record(bank, pay(placed[0], 200, ref="R1"), pay(placed[1], 300, ref="R2"), pay(placed[1], 301, ref="R2"))
    assert [(p.row, p.code) for p in result.problems] == [(1, "ReferenceConflict"), (3, "ReferenceConflict")]
    with acting(bank.fan):
        assert sorted(Payment.objects.values_list("amount_minor", flat=True)) == [100, 300]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"amount_minor": 0}, "AmountZero"),
        ({"paid_on": date(2, 1, 1)}, "DaysImplausible"),
        ({"paid_on": date(9999, 12, 31), "booked_on": date(9999, 12, 31)}, "DaysImplausible"),
        ({"booked_on": date(2028, 1, 1)}, "DaysImplausible"),
        ({"amount_minor": -5}, "ReversalUnnamed"),
        ({"reverses_ref": "R1"}, "ReversalPositive"),
        ({"amount_minor": -5, "reverses_ref": "nothing"}, "OriginalAbsent"),
        ({"amount_minor": -5, "reverses_ref": "R1", "external_ref": "R9"}, "ReversalPartial"),
    ],
)
def test_rows_that_are_no_payment_are_named(bank, placed, changes, code):
    """Each refusal has its code, and the good row beside it is booked."""
    result = record(bank, pay(placed[0], 100, ref="R1"), pay(placed[1], 100, ref="R2") | changes)
    assert [(p.row, p.code) for p in result.problems] == [(2, code)]
    assert result.payment_count == 1


def test_reversal_takes_everything_back(bank, placed):
    """After a reversal the account owes what it owed, and the same placement lost the recovery on the reversal's own day."""
    payment = pay(placed[0], 4_000)
    with acting(bank.fan):
        before = owed(bank, placed[0])
    record(bank, payment)
    result = record(bank, take_back(payment, on=date(2026, 10, 3)))
    assert (result.reversal_count, result.received_minor) == (1, {"CNY": -4_000})
    with acting(bank.fan):
        assert owed(bank, placed[0]) == before
        lines = [(a.placement_id, a.amount_minor, a.recognised_on) for a in Attribution.objects.order_by("pk")]
        assert lines == [(placed[0].placement_id, 4_000, payment["paid_on"]), (placed[0].placement_id, -4_000, date(2026, 10, 3))]
        assert books(bank)["cash"] == 0


def test_payment_and_reversal_in_one_frame_in_any_order(bank, placed):
    """The reversal may stand before its payment; the second reversal of a payment is refused, the first one again is a duplicate."""
    payment = pay(placed[0], 4_000)
    back = take_back(payment, on=date(2026, 9, 12))
    result = record(bank, back, payment)
    assert (result.payment_count, result.reversal_count, result.problems) == (1, 1, [])
    again = record(bank, back, take_back(payment, on=date(2026, 9, 13), external_ref="X2"))
    assert (again.duplicate_count, [p.code for p in again.problems]) == (1, ["ReversedTwice"])


def test_suspense_is_matched_by_hand_once(bank, placed):
    """Fan matches a payment to an account: it meets the debt, counts by its own day, and is not matched again."""
    record(bank, pay(None, 5_000, on=date(2026, 9, 20), ref="R7", account_number="typo"))
    with acting(bank.fan):
        payment_id = selectors.suspense_list(creditor_id=bank.id)[0]["payment_id"]
    with pytest.raises(Forbidden):
        services.suspense_match(actor=bank.ann, payment_id=payment_id, account_id=placed[1].id)
    met = services.suspense_match(actor=bank.fan, payment_id=payment_id, account_id=placed[1].id, booked_on=date(2026, 9, 25))
    assert met == 5_000
    assert services.suspense_match(actor=bank.fan, payment_id=payment_id, account_id=placed[1].id) == 0
    with pytest.raises(services.suspense.NotInSuspense):
        services.suspense_match(actor=bank.fan, payment_id=payment_id, account_id=placed[2].id)
    with acting(bank.fan):
        recovery = Attribution.objects.get()
        assert (recovery.placement_id, recovery.recognised_on) == (placed[1].placement_id, date(2026, 9, 20))
        assert books(bank).get("suspense", 0) == 0
        (window,) = selectors.money_window(creditor_id=bank.id, first_on=date(2026, 9, 1), last_on=date(2026, 9, 30))
        assert (window["received_minor"], window["imputed_minor"], window["suspense_minor"], window["posted_minor"]) == (5_000, 5_000, 0, 0)


def test_reversal_after_a_match_by_hand_takes_both_entries_back(bank, placed):
    """Both bookings are reversed, nothing is left anywhere, and the payment cannot be matched any more."""
    payment = pay(None, TOTAL + 5_000, ref="R7", account_number="typo")
    record(bank, payment)
    with acting(bank.fan):
        payment_id = Payment.objects.get().pk
    services.suspense_match(actor=bank.fan, payment_id=payment_id, account_id=placed[1].id, booked_on=date(2026, 9, 25))
    assert record(bank, take_back(payment, on=date(2026, 9, 30))).problems == []
    with acting(bank.fan):
        assert sum(owed(bank, placed[1]).values()) == TOTAL
        assert (books(bank).get("cash", 0), books(bank).get("suspense", 0)) == (0, 0)
        assert sum(Attribution.objects.values_list("amount_minor", flat=True)) == 0
        assert selectors.suspense_list(creditor_id=bank.id) == []


def test_reversal_of_a_payment_in_suspense(bank, placed):
    """Money that never belonged to anybody is taken back from suspense, and can be matched no more."""
    payment = pay(None, 800, ref="R8")
    record(bank, payment, take_back(payment, on=date(2026, 9, 11)))
    with acting(bank.fan):
        payment_id = Payment.objects.get(external_ref="R8").pk
        assert selectors.suspense_list(creditor_id=bank.id) == []
    with pytest.raises(services.suspense.PaymentReversed):
        services.suspense_match(actor=bank.fan, payment_id=payment_id, account_id=placed[0].id)


def test_exception_in_the_middle_leaves_nothing(bank, placed, monkeypatch):
    """Whatever happens before the end, no payment, no entry and no match stays; the same call then does everything."""
    from duecourse.repayment.services import record as module

    def break_off(**_):
        raise RuntimeError("power cut")

    with monkeypatch.context() as patch:
        patch.setattr(module, "attribute", break_off)
        with pytest.raises(RuntimeError):
            record(bank, pay(placed[0], 100))
    with acting(bank.fan):
        assert not Payment.objects.exists()
        assert not PaymentMatch.objects.exists()
        assert "cash" not in books(bank)
    assert record(bank, pay(placed[0], 100)).payment_count == 1


def test_recording_takes_the_right_role(bank, placed):
    """A compliance officer and an agency's lead are refused."""
    for actor in (bank.qiu, bank.ann):
        with pytest.raises(Forbidden):
            services.payments_record(actor=actor, frame=world.frame([pay(placed[0], 1)]))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_not_a_fen_is_lost(bank, placed, data):
    """Proposition 1: over any payments and reversals, received = cash = imputed + suspense, and debts go down by what was imputed."""
    from django.db import transaction

    amounts = st.tuples(st.integers(0, len(placed)), st.integers(1, 2 * TOTAL), st.booleans())
    drawn = data.draw(st.lists(amounts, min_size=1, max_size=8))
    payments = [pay(placed[i] if i < len(placed) else None, minor, ref=f"H{n}") for n, (i, minor, _) in enumerate(drawn)]
    backs = [take_back(p, on=date(2026, 9, 28)) for p, (_, _, is_reversed) in zip(payments, drawn, strict=True) if is_reversed]
    with transaction.atomic():
        cut = data.draw(st.integers(0, len(payments)))
        assert record(bank, *payments[:cut]).problems == []
        assert record(bank, *payments[cut:], *backs).problems == []
        with acting(bank.fan):
            (window,) = selectors.money_window(creditor_id=bank.id, first_on=date(2026, 9, 1), last_on=date(2026, 9, 30))
            left = sum(sum(owed(bank, loan).values()) for loan in placed)
            suspended = sum(row["suspense_minor"] for row in selectors.suspense_list(creditor_id=bank.id))
            attributed = sum(Attribution.objects.values_list("amount_minor", flat=True))
            assert all(balance >= 0 for loan in placed for balance in owed(bank, loan).values())
        received = sum(row["amount_minor"] for row in payments + backs)
        assert window["received_minor"] == window["cash_minor"] == received == window["imputed_minor"] + window["suspense_minor"]
        assert (window["posted_minor"], window["suspense_minor"]) == (0, suspended)
        assert len(placed) * TOTAL - left == window["imputed_minor"] == attributed
        transaction.set_rollback(True)

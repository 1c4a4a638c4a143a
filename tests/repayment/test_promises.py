"""Promises: made once per conversation, judged once, by what was paid in their days."""

from __future__ import annotations

from datetime import date

import pytest

from duecourse.kit.errors import Absent
from duecourse.parties.access import acting
from duecourse.repayment import selectors, services
from duecourse.repayment.errors import PromiseConflict, PromiseRefused
from duecourse.repayment.models import Promise, PromiseOutcome
from tests import factories
from tests.repayment.world import pay, record, take_back

MADE, DUE = date(2026, 9, 5), date(2026, 9, 15)


def promise(actor, loan, *, amount_minor=1_000, source_id=1, **changes):
    """Make a promise to pay by 15 September."""
    terms = {"due_on": DUE, "made_on": MADE, "source_kind": "attempt", "source_id": source_id}
    return services.promise_make(actor=actor, case_id=loan.case_id, account_id=loan.id, amount_minor=amount_minor, **(terms | changes))


def outcomes(bank):
    """Return (outcome, paid) of all promises, by promise."""
    with acting(bank.mei):
        return list(PromiseOutcome.objects.order_by("promise_id").values_list("outcome", "paid_minor"))


def loans_of(placed, actor):
    """Return the accounts placed with the actor's agency."""
    return [loan for loan in placed if loan.agency_id == actor.agency_id]


def test_same_conversation_makes_one_promise(bank, placed):
    """A repeat returns the same promise; another amount from the same conversation is a conflict."""
    first, second = promise(bank.mei, placed[0]), promise(bank.mei, placed[0])
    assert first == second
    with pytest.raises(PromiseConflict):
        promise(bank.mei, placed[0], amount_minor=2_000)
    with pytest.raises(PromiseRefused):
        promise(bank.mei, placed[0], amount_minor=0, source_id=2)
    with pytest.raises(PromiseRefused):
        promise(bank.mei, placed[0], due_on=date(2026, 9, 4), source_id=2)


def test_agency_makes_promises_for_its_own_cases(bank, placed):
    """Ann keeps a promise of an Aoki case on record; a Birch case does not exist for her, and she sees hers only."""
    own, other = loans_of(placed, bank.ann)[0], loans_of(placed, bank.bo)[0]
    promise(bank.ann, own)
    promise(factories.leading(bank.bo), other, source_id=2)
    with pytest.raises(Absent):
        promise(bank.ann, other, source_id=3)
    with pytest.raises(Absent):
        services.promise_make(
            actor=bank.ann,
            case_id=own.case_id,
            account_id=other.id,
            amount_minor=1,
            due_on=DUE,
            made_on=MADE,
            source_kind="attempt",
            source_id=4,
        )
    with acting(bank.ann):
        assert [p.case_id for p in Promise.objects.all()] == [own.case_id]


def test_promises_are_judged_by_what_was_paid_in_their_days(bank, placed):
    """Kept on the last day, kept in part, broken by a payment too late, too early or taken back."""
    for n, loan in enumerate(placed):
        promise(bank.mei, loan, source_id=n)
    gone = pay(placed[4], 1_000, on=DUE)
    record(
        bank,
        pay(placed[0], 400, on=MADE),
        pay(placed[0], 600, on=DUE),
        pay(placed[1], 999, on=DUE),
        pay(placed[2], 1_000, on=date(2026, 9, 16)),
        pay(placed[3], 1_000, on=date(2026, 9, 4)),
        gone,
        take_back(gone, on=date(2026, 9, 16)),
        pay(placed[5], 5_000, on=DUE),
    )
    assert services.promises_judge(actor=bank.mei, on=DUE) == 0
    assert services.promises_judge(actor=bank.mei, on=date(2026, 9, 16)) == 6
    expected = [("kept", 1_000), ("part_kept", 999), ("broken", 0), ("broken", 0), ("broken", 0), ("kept", 5_000)]
    assert outcomes(bank) == expected
    assert services.promises_judge(actor=bank.mei, on=date(2026, 9, 30)) == 0
    with acting(bank.mei):
        counts = selectors.promise_counts(creditor_id=bank.id, first_on=date(2026, 9, 1), last_on=date(2026, 9, 30))
    assert counts == {"kept": 2, "part_kept": 1, "broken": 3, "open": 0}


def test_payment_matched_by_hand_keeps_a_promise(bank, placed):
    """Money that waited in suspense counts once it belongs to the account."""
    promise(bank.mei, placed[0])
    record(bank, pay(None, 1_000, on=DUE, ref="R1"))
    with acting(bank.fan):
        payment_id = selectors.suspense_list(creditor_id=bank.id)[0]["payment_id"]
    services.suspense_match(actor=bank.fan, payment_id=payment_id, account_id=placed[0].id)
    services.promises_judge(actor=bank.mei, on=date(2026, 9, 16))
    assert outcomes(bank) == [("kept", 1_000)]

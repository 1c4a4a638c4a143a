"""Which placement a recovery counts for: both sides of every boundary (docs/algorithms/attribution.md).

The placements of `placed` began on 2 September 2026, their last day is 1 December, and five tail days follow.
"""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from duecourse.parties.access import acting
from duecourse.placement import services as placing
from duecourse.placement.models import Placement
from duecourse.repayment import selectors
from duecourse.repayment.models import Attribution
from tests import factories
from tests.placement import world as placement_world
from tests.repayment import world
from tests.repayment.world import LAST_ON, PLACED_ON, TAIL_ON, pay, record

DAY = timedelta(days=1)


def recovered(bank, loan) -> list[tuple[int, int]]:
    """Return (placement, amount) of an account's recoveries."""
    with acting(bank.fan):
        return list(Attribution.objects.filter(account_id=loan.id).order_by("pk").values_list("placement_id", "amount_minor"))


@pytest.mark.parametrize(
    ("on", "counts"),
    [
        (PLACED_ON - DAY, False),
        (PLACED_ON, True),
        (LAST_ON, True),
        (LAST_ON + DAY, True),
        (TAIL_ON, True),
        (TAIL_ON + DAY, False),
    ],
)
def test_days_of_the_term_and_its_tail(bank, placed, on, counts):
    """The first day, the last day and the last tail day count; the day before and the day after do not."""
    assert placed[0].placement_id
    record(bank, pay(placed[0], 1_000, on=on))
    assert recovered(bank, placed[0]) == ([(placed[0].placement_id, 1_000)] if counts else [])


@pytest.mark.parametrize(("rule", "counts"), [("paid", True), ("booked", False)])
def test_contract_says_which_day_counts(db, home, monkeypatch, rule, counts):
    """Paid on the last tail day and booked a day later: the contract's rule decides."""
    monkeypatch.setitem(factories.TERMS, "attribution_rule", rule)
    bank = factories.bank()
    loan = world.placed(bank)[0]
    record(bank, pay(loan, 1_000, on=TAIL_ON, booked_on=TAIL_ON + DAY))
    assert bool(recovered(bank, loan)) is counts


def test_after_a_recall_the_tail_still_counts(bank, placed):
    """A placement recalled on 10 September keeps what is paid until the 15th, and not what comes after."""
    loan = placed[0]
    at = placement_world.days_later(8)
    placing.placement_recall(actor=bank.mei, placement_ids=[loan.placement_id], reason="audit", at=at)
    record(bank, pay(loan, 1_000, on=date(2026, 9, 15)), pay(loan, 1_000, on=date(2026, 9, 16)))
    assert recovered(bank, loan) == [(loan.placement_id, 1_000)]


def test_of_two_placements_the_later_one_takes_the_tail(bank, placed):
    """A case placed anew while the tail of its first placement runs: a payment counts for the one placed last."""
    ids = [loan.placement_id for loan in placed]
    placing.placement_recall(actor=bank.mei, placement_ids=ids, reason="audit", at=placement_world.days_later(2))
    placement_world.published(bank, at=placement_world.days_later(4), nonce="again")
    loan = placed[0]
    with acting(bank.mei):
        second = Placement.objects.get(case_id=loan.case_id, hand=2)
    record(bank, pay(loan, 1_000, on=date(2026, 9, 5)), pay(loan, 1_000, on=date(2026, 9, 6)))
    assert recovered(bank, loan) == [(loan.placement_id, 1_000), (second.pk, 1_000)]


def test_a_case_with_nobody_earns_nobody_anything(bank):
    """Money for an account that was never placed is imputed and counts for nobody."""
    loan = world.placed(bank, 1, is_published=False)[0]
    assert record(bank, pay(loan, 1_000)).attributed_count == 0
    assert recovered(bank, loan) == []


def test_recovered_frame_is_net_of_reversals(bank, placed):
    """A placement whose money was taken back has recovered nothing over both months, and lost it in the second."""
    payment = pay(placed[0], 1_000)
    record(bank, payment, world.take_back(payment, on=date(2026, 10, 1)), pay(placed[1], 500))
    with acting(bank.fan):
        first = selectors.recovered_frame(creditor_id=bank.id, first_on=date(2026, 9, 1), last_on=date(2026, 9, 30)).to_pylist()
        second = selectors.recovered_frame(creditor_id=bank.id, first_on=date(2026, 10, 1), last_on=date(2026, 10, 31)).to_pylist()
        both = selectors.recovered_frame(creditor_id=bank.id, last_on=date(2026, 10, 31)).to_pylist()
    number = placed[0].placement_id
    assert {row["placement_id"]: (row["recovered_minor"], row["paid"]) for row in first}[number] == (1_000, True)
    assert {row["placement_id"]: (row["recovered_minor"], row["paid"]) for row in second} == {number: (-1_000, False)}
    assert {row["placement_id"]: row["recovered_minor"] for row in both} == {number: 0, placed[1].placement_id: 500}


def test_agency_sees_its_own_recoveries_only(bank, placed):
    """Ann sees what counts for Aoki, who leads Birch what counts for Birch, and neither sees a payment."""
    from django.db import ProgrammingError

    from duecourse.repayment.models import Payment

    record(bank, *[pay(loan, 100) for loan in placed])
    for actor in (bank.ann, factories.leading(bank.bo)):
        own = {loan.placement_id for loan in placed if loan.agency_id == actor.agency_id}
        assert own
        with acting(actor):
            assert set(Attribution.objects.values_list("placement_id", flat=True)) == own
        with pytest.raises(ProgrammingError), acting(actor):
            Payment.objects.count()

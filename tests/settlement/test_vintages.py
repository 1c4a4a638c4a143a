"""Vintages, against a world of six accounts that can be counted by hand."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from duecourse.kit.errors import Forbidden
from duecourse.parties.access import acting
from duecourse.placement.models import PlacementAccount
from duecourse.placement.services import cases_closed
from duecourse.portfolio.services import cases_close
from duecourse.settlement import selectors, services
from duecourse.settlement.models import VintageFlow
from tests.placement.world import SHANGHAI
from tests.portfolio.small_world import aged
from tests.repayment.world import pay, record, take_back
from tests.settlement.world import OCTOBER, SEPTEMBER

OCTOBER_20 = date(2026, 10, 20)


def curves(bank, kind, **split):
    """Return the cohorts of a kind as Fan sees them."""
    with acting(bank.fan):
        return selectors.vintages(creditor_id=bank.id, kind=kind, currency="CNY", **split)


def left(bank, loan, on):
    """Close a loan's case as paid off while it is placed."""
    cases_closed(actor=bank.mei, case_ids=[loan.case_id], reason="paid_off", at=datetime(on.year, on.month, on.day, 12, tzinfo=SHANGHAI))
    cases_close(actor=bank.mei, case_ids=[loan.case_id], on=on, reason="paid_off")


@pytest.fixture
def lived(bank, placed):
    """September: 100.00 from the first. October: taken back, 200.00 from the second, and the third leaves. Both months are measured."""
    aged(bank, dict.fromkeys((loan.id for loan in placed), 45), as_of=date(2026, 9, 1), step_run_id=2)
    first = pay(placed[0], 10_000)
    record(bank, first)
    services.vintages_write(actor=bank.system, month=SEPTEMBER)
    record(bank, take_back(first, on=date(2026, 10, 2)), pay(placed[1], 20_000, on=date(2026, 10, 5)))
    left(bank, placed[2], OCTOBER_20)
    services.vintages_write(actor=bank.system, month=OCTOBER)
    return placed


def test_curves_are_what_the_hand_counts(bank, lived):
    """Six accounts of 100,000 first seen in September: 10,000 of 600,000, then 20,000; one of six gone in the second month."""
    (cohort,) = curves(bank, "opened")
    assert (cohort.cohort, cohort.account_count, cohort.base_minor) == (SEPTEMBER, 6, 600_000)
    assert [(p.age, p.month, p.recovered_minor, p.gone_count) for p in cohort.points] == [
        (0, SEPTEMBER, 10_000, 0),
        (1, OCTOBER, 20_000, 1),
    ]
    assert [p.recovered_share for p in cohort.points] == pytest.approx([1 / 60, 1 / 30])
    assert [p.gone_share for p in cohort.points] == pytest.approx([0, 1 / 6])


def test_placed_cohort_counts_over_the_frozen_balance(bank, lived):
    """The cohort of the placement has what was frozen as its base, and the same money, all of it recognised for the placements."""
    with acting(bank.fan):
        frozen = sum(PlacementAccount.objects.values_list("balance_minor", flat=True))
    (cohort,) = curves(bank, "placed")
    assert (cohort.account_count, cohort.base_minor) == (6, frozen)
    assert [(p.recovered_minor, p.gone_count) for p in cohort.points] == [(10_000, 0), (20_000, 1)]
    assert cohort.points[-1].recovered_share == pytest.approx(20_000 / frozen)


def test_measuring_again_adds_nothing(bank, lived):
    """A month that is measured again has the same flows; what came in meanwhile is added to the open month alone."""
    before = curves(bank, "opened")
    services.vintages_write(actor=bank.system, month=OCTOBER)
    assert curves(bank, "opened") == before
    record(bank, pay(lived[3], 5_000, on=date(2026, 10, 30)))
    services.vintages_write(actor=bank.system, month=OCTOBER)
    assert [p.recovered_minor for p in curves(bank, "opened")[0].points] == [10_000, 25_000]


def test_split_keeps_the_sum(bank, lived):
    """The one product and region hold everything, others nothing."""
    assert curves(bank, "opened", product_class="consumer_loan", region="ZJ") == curves(bank, "opened")
    assert curves(bank, "opened", product_class="mortgage") == []


def test_cohort_without_its_first_month_is_left_out(bank, lived):
    """When the month a cohort began in was not measured, nobody knows what it began with."""
    with acting(bank.system):
        VintageFlow.objects.filter(month=SEPTEMBER).delete()
    assert curves(bank, "opened") == curves(bank, "placed") == []


def test_agency_neither_reads_nor_writes_vintages(bank, lived):
    """Ann may not write, and another bank's people find no cohort."""
    with pytest.raises(Forbidden):
        services.vintages_write(actor=bank.ann, month=OCTOBER)
    from tests import factories, people

    other = factories.bank(people.OTHER_BANK)
    with acting(other.fan):
        assert selectors.vintages(creditor_id=bank.id, kind="opened", currency="CNY") == []

"""Ages of cases, their sums and roll rates, against a portfolio counted by hand."""

from __future__ import annotations

from datetime import date

import pytest

from duecourse.engine.ageing import roll_rates
from duecourse.ledger.selectors import page, page_count
from duecourse.parties.access import acting
from duecourse.placement.selectors import CASES_PAGE
from duecourse.portfolio import selectors
from duecourse.portfolio.errors import AsOfUnlike
from duecourse.portfolio.models import CaseAccount, CaseSnapshot
from tests import factories, people
from tests.placement import world as placing
from tests.portfolio.small_world import aged

SEPTEMBER_1, OCTOBER_1, OCTOBER_15 = date(2026, 9, 1), date(2026, 10, 1), date(2026, 10, 15)
CNY = {"currency": "CNY"}


@pytest.fixture
def bank(db, home):
    """Lanxi Bank, in a transaction that is rolled back."""
    return factories.bank()


@pytest.fixture
def six(bank):
    """Six accounts of six cases: three in M1, two in M2, one in M3 on 1 September; what became of them a month later is two tests below."""
    placing.cases(bank, 6)
    with acting(bank.system):
        accounts = list(CaseAccount.objects.order_by("account_id").values_list("account_id", flat=True))
    before = aged(bank, dict(zip(accounts, (10, 20, 30, 40, 50, 70), strict=True)), as_of=SEPTEMBER_1, step_run_id=11)
    after = aged(bank, dict(zip(accounts[:5], (40, 0, 60, 70, 90), strict=True)), as_of=OCTOBER_1, step_run_id=12, balance_minor=90_000)
    return accounts, before, after


def test_sums_count_every_case_once(bank, six):
    """Three of M1, two of M2 and one of M3 in September, 1,000.00 each; in October one in M0, two in M2 and two in M3."""
    with acting(bank.fan):
        found = selectors.bucket_sums(creditor_id=bank.id, step_run_ids=[11, 12], **CNY)
    assert [(row["step_run_id"], row["bucket"], row["case_count"], row["balance_minor"]) for row in found] == [
        (11, "M1", 3, 300_000),
        (11, "M2", 2, 200_000),
        (11, "M3", 1, 100_000),
        (12, "M0", 1, 90_000),
        (12, "M2", 2, 180_000),
        (12, "M3", 2, 180_000),
    ]


def test_rolls_are_what_the_hand_counts(bank, six):
    """Of three in M1 two roll to M2 and one is cured; both of M2 roll to M3; the one of M3 is gone; and the engine says the same."""
    _, before, after = six
    with acting(bank.fan):
        found = selectors.case_rolls(creditor_id=bank.id, before_id=11, after_id=12, **CNY)
    assert [(row["from_bucket"], row["to_bucket"], row["case_count"], row["case_share"]) for row in found] == [
        ("M1", "M0", 1, pytest.approx(1 / 3)),
        ("M1", "M2", 2, pytest.approx(2 / 3)),
        ("M2", "M3", 2, 1.0),
        ("M3", selectors.GONE, 1, 1.0),
    ]
    engine = {
        (row["from_bucket"], row["to_bucket"].replace("cured", "M0")): row["account_count"] for row in roll_rates(before, after).to_pylist()
    }
    assert {(row["from_bucket"], row["to_bucket"]): row["case_count"] for row in found} == engine
    with acting(bank.fan):
        backwards = selectors.case_rolls(creditor_id=bank.id, before_id=12, after_id=11, **CNY)
    assert ("new", "M3", 1) in {(row["from_bucket"], row["to_bucket"], row["case_count"]) for row in backwards}


def test_split_of_nothing_is_empty(bank, six):
    """A product or region nobody has gives no sums and no rolls; the one that all have gives all."""
    with acting(bank.fan):
        assert selectors.bucket_sums(creditor_id=bank.id, step_run_ids=[11], product_class="mortgage", **CNY) == []
        assert selectors.case_rolls(creditor_id=bank.id, before_id=11, after_id=12, region="XX", **CNY) == []
        assert (
            len(selectors.case_rolls(creditor_id=bank.id, before_id=11, after_id=12, product_class="consumer_loan", region="ZJ", **CNY))
            == 4
        )
        splits = selectors.portfolio_splits(creditor_id=bank.id, step_run_ids=[11, 12])
    assert splits == {"product_class": ["consumer_loan"], "region": ["ZJ"], "currency": ["CNY"]}


def test_month_is_its_last_days_newest_execution(bank, six):
    """October was aged twice on one day and once later: the later day counts, and of one day the later execution."""
    accounts, _, _ = six
    for step_run_id, as_of in ((13, OCTOBER_1), (14, OCTOBER_15)):
        aged(bank, {accounts[0]: 5}, as_of=as_of, step_run_id=step_run_id)
    with acting(bank.fan):
        months = selectors.counted_months(creditor_id=bank.id)
    assert [(month.month, month.as_of, month.step_run_id) for month in months] == [
        ("2026-10", OCTOBER_15, 14),
        ("2026-09", SEPTEMBER_1, 11),
    ]


def test_case_is_as_old_as_its_oldest_account(bank):
    """A case of two accounts in M1 and M3 stands once, in M3, with what both owe."""
    placing.cases(bank, 1, accounts=2)
    with acting(bank.system):
        accounts = list(CaseAccount.objects.order_by("account_id").values_list("account_id", flat=True))
    aged(bank, {accounts[0]: 80, accounts[1]: 3}, as_of=SEPTEMBER_1, step_run_id=21)
    with acting(bank.fan):
        (row,) = CaseSnapshot.objects.filter(step_run_id=21)
        frame = selectors.case_frame(creditor_id=bank.id, step_run_id=21).to_pylist()
    assert (row.bucket, row.days_past_due, row.balance_minor, row.account_count) == ("M3", 80, 200_000, 2)
    assert [(case["bucket"], case["balance_minor"], case["account_count"], case["hand"]) for case in frame] == [("M3", 200_000, 2, 1)]


def test_execution_is_written_once(bank, six):
    """A second writing of an execution is refused, and neither cases nor sums are doubled."""
    accounts, _, _ = six
    with pytest.raises(AsOfUnlike):
        aged(bank, {accounts[0]: 10}, as_of=SEPTEMBER_1, step_run_id=11)
    with acting(bank.fan):
        assert CaseSnapshot.objects.filter(step_run_id=11).count() == 6


def cases(actor, creditor_id, **filters):
    """Return the case list's rows under filters, the largest balance first."""
    with acting(actor):
        return page(CASES_PAGE, creditor_id=creditor_id, order="-days", filters=filters, parameters={"today": "2026-10-02"}).rows


def test_cases_behind_a_cell(bank, six):
    """The cells of the matrix lead to their cases: M1 to M2 to two, M3 to gone to one, new to M3 backwards to one, today's list to five."""
    found = cases(bank.fan, bank.id, as_of="2026-09-01", bucket="M1", became="2026-10-01.M2")
    assert [row["days_past_due"] for row in found] == [30, 10]
    assert [row["days_past_due"] for row in cases(bank.fan, bank.id, as_of="2026-09-01", became="2026-10-01.closed")] == [70]
    assert [row["days_past_due"] for row in cases(bank.fan, bank.id, as_of="2026-09-01", was="2026-10-01.new")] == [70]
    assert [row["days_past_due"] for row in cases(bank.fan, bank.id)] == [90, 70, 60, 40, 0]


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ({"bucket": "M2"}, 2),
        ({"agency": "none"}, 5),
        ({"product": "consumer_loan", "region": "ZJ"}, 5),
        ({"region": "'; DROP TABLE portfolio_case; --"}, 0),
        ({"dpd_min": "60", "dpd_max": "70"}, 2),
        ({"balance_min": "90001"}, 0),
        ({"state": "open"}, 5),
        ({"state": "closed"}, 0),
        ({"hand": "0"}, 5),
        ({"hand": "1"}, 0),
        ({"opened_in": "2026-09"}, 5),
        ({"placed_in": "2026-09"}, 0),
        ({"placed_from": "2026-09-01"}, 0),
        ({"hold": "stop_list"}, 0),
        ({"number": "nobody"}, 0),
    ],
)
def test_filters_of_the_case_list(bank, six, filters, count):
    """Each filter leaves the cases it names, and the count agrees with the rows."""
    assert len(cases(bank.fan, bank.id, **filters)) == count
    with acting(bank.fan):
        assert page_count(CASES_PAGE, creditor_id=bank.id, filters=filters, parameters={"today": "2026-10-02"}) == count


def test_number_is_exact(bank, six):
    """A whole account number finds its case; a part of it finds nothing."""
    number = cases(bank.fan, bank.id)[0]["number"]
    assert [row["number"] for row in cases(bank.fan, bank.id, number=number)] == [number]
    assert cases(bank.fan, bank.id, number=number[:-1]) == []


def test_other_creditors_and_agencies_see_nothing(bank, six):
    """Another bank's people see no case, sum or month of Lanxi's; an agency may not ask at all."""
    other = factories.bank(people.OTHER_BANK)
    assert cases(other.fan, bank.id) == []
    with acting(other.fan):
        assert selectors.counted_months(creditor_id=bank.id) == []
        assert selectors.case_rolls(creditor_id=bank.id, before_id=11, after_id=12, **CNY) == []

"""LendingClub's file of accepted loans, as the shipped mapping reads it (docs/algorithms/intake.md).

The real file is not part of the project. Where it lies beside it, the figures of the whole are checked; a made-up file of the same shape
is read everywhere.
"""

from __future__ import annotations

import csv
import io
from datetime import date
from pathlib import Path

import pyarrow.compute as pc
import pytest

from duecourse.engine.ageing import age
from duecourse.parties.access import acting
from duecourse.portfolio import selectors, services
from duecourse.portfolio.models import Account, ContactPoint, Person

REAL = Path(__file__).parents[3] / "shared/data/lendingclub/accepted_2015_12.csv"
AS_OF = date(2019, 3, 31)
USUAL = {
    "": "0",
    "id": "68407277",
    "funded_amnt": "3600",
    "term": " 36 months",
    "installment": "123.03",
    "issue_d": "15-Dec",
    "loan_status": "Charged Off",
    "purpose": "debt_consolidation",
    "addr_state": "PA",
    "earliest_cr_line": "3-Aug",
    "total_pymnt": "4421.723917",
    "total_rec_prncp": "1000.5",
    "recoveries": "0",
    "last_pymnt_d": "17-Jan",
    "last_pymnt_amnt": "122.675",
}


@pytest.fixture
def take(bank, tape):
    """Takes made-up loans in, given as changes of the usual one."""

    def intake(*loans):
        block = io.StringIO()
        writer = csv.DictWriter(block, fieldnames=list(USUAL), lineterminator="\n")
        writer.writeheader()
        writer.writerows({**USUAL, "id": str(number), **loan} for number, loan in enumerate(loans, start=1))
        return services.tape_intake(actor=bank.mei, path=tape.raw(block.getvalue().encode()), mapping="lendingclub", as_of=AS_OF)

    return intake


def ages(bank):
    """Return account number → (days past due, balance)."""
    with acting(bank.mei):
        accounts, pauses = selectors.ageing_inputs(creditor_id=bank.id, as_of=AS_OF)
        numbers = dict(Account.objects.values_list("id", "number"))
    aged = age(accounts, pauses, as_of=AS_OF, convention="actual").to_pylist()
    return {numbers[row["account_id"]]: (row["days_past_due"], row["balance_minor"]) for row in aged}


def test_overdue_loans_come_in_and_the_others_are_counted(take):
    """Charged-off and late loans are taken, paid and current ones passed over; a status nobody knows is refused with its row."""
    result = take(
        {},
        {"loan_status": "Late (16-30 days)"},
        {"loan_status": "In Grace Period"},
        {"loan_status": "Fully Paid"},
        {"loan_status": "Curren"},
    )
    counts = result.counts
    assert (counts["accepted_count"], counts["not_overdue_count"], counts["rejected_count"]) == (3, 1, 1)
    assert [(p.row, p.column, p.code) for p in result.problems] == [(5, "loan_status", "CodeUnknown")]


def test_what_is_owed_is_what_was_lent_less_what_came_back(bank, take):
    """3,600.00 lent − 1,000.50 principal repaid − 500.00 recovered = 2,099.50; no balance is below zero."""
    result = take({"recoveries": "500"}, {"recoveries": "2599.5"}, {"recoveries": "2700"})
    assert result.counts["balance_minor"] == {"USD": 209_950}
    assert result.counts["nothing_owed_count"] == 2
    assert ages(bank) == {"1": (788, 209_950)}


@pytest.mark.parametrize(
    ("last_paid", "issued", "days"),
    [("19-Feb", "15-Dec", 30), ("19-Mar", "15-Dec", 0), ("17-Jan", "15-Dec", 788), ("", "15-Dec", 1185), ("3-Aug", "3-Jan", 5690)],
)
def test_days_past_due_count_from_a_month_after_the_last_payment(bank, take, last_paid, issued, days):
    """19-Feb → due 1 March → 30 days on 31 March; without any payment a month after the loan was made; 3-Aug is August 2003."""
    take({"last_pymnt_d": last_paid, "issue_d": issued})
    assert ages(bank)["1"][0] == days


def test_zone_follows_the_state_only_where_it_has_one(bank, take):
    """Pennsylvania lies in one zone; Texas in two, so nothing is guessed, and the bank's own zone is not taken for it."""
    take({"addr_state": "PA"}, {"addr_state": "TX"})
    with acting(bank.mei):
        assert list(Person.objects.order_by("pk").values_list("zone", "zone_source")) == [("America/New_York", "state"), (None, "")]
        assert not ContactPoint.objects.exists()


def test_rounding_is_named(bank, take):
    """122.675 becomes 122.68 and 122.665 becomes 122.66: half to even."""
    from duecourse.portfolio.models import TapeRow

    take({"last_pymnt_amnt": "122.675"}, {"last_pymnt_amnt": "122.665"})
    with acting(bank.mei):
        assert list(TapeRow.objects.order_by("row_number").values_list("last_paid_minor", flat=True)) == [12_268, 12_266]


@pytest.mark.skipif(not REAL.exists(), reason="the real file is not on this machine")
def test_real_file_comes_in(bank):
    """849 overdue loans, three of them recovered in full; one status is cut off; the rest is paid or current."""
    result = services.tape_intake(actor=bank.mei, path=REAL, mapping="lendingclub", as_of=AS_OF)
    counts = {
        name: result.counts[name] for name in ("row_count", "accepted_count", "rejected_count", "not_overdue_count", "nothing_owed_count")
    }
    assert counts == {"row_count": 5000, "accepted_count": 846, "rejected_count": 1, "not_overdue_count": 4150, "nothing_owed_count": 3}
    assert result.counts["person_new_count"] == 846
    assert result.problems[0].column == "loan_status"
    with acting(bank.mei):
        accounts, pauses = selectors.ageing_inputs(creditor_id=bank.id, as_of=AS_OF)
    aged = age(accounts, pauses, as_of=AS_OF, convention="actual")
    assert pc.min(aged["days_past_due"]).as_py() >= 0
    assert pc.sum(aged["balance_minor"]).as_py() == result.counts["balance_minor"]["USD"]

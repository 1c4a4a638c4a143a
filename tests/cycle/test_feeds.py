"""Daily feeds: each kind does what it says, once, and whatever comes late or twice changes nothing.

1. Late, repeated and out-of-order feeds end in the same accounts, balances, cases, holds and placements.
2. Bad rows go back with row, column and reason; the others are kept.
3. A trial tells what would happen and keeps nothing.
"""

from __future__ import annotations

import pytest

from tests.cycle import feeding
from tests.cycle.feeding import at, feed_file, receive, state, tape_file, update
from tests.portfolio.tapes import row


@pytest.fixture
def bank(db, home, tmp_path):
    """A bank with two placed debtors and one who is not."""
    return feeding.begin(tmp_path)


def only(rows, **wanted):
    """Return the one row that has these values."""
    found = [r for r in rows if all(r[name] == value for name, value in wanted.items())]
    assert len(found) == 1, (wanted, rows)
    return found[0]


def test_update_changes_the_books_to_what_it_says(bank, tmp_path):
    """Components, days and ageing go by the newest row; what differs is booked, and the same file does nothing twice."""
    path = feed_file(tmp_path, [update("A-1", "900.00", days=47), update("B-1", "30.00")], name="u.csv")
    first, second = (receive(bank, "update", path, feed_at=at(5)) for _ in range(2))
    assert (first.is_new, second.is_new, second.feed_id) == (True, False, first.feed_id)
    assert (first.counts["applied_count"], first.counts["superseded_count"]) == (2, 0)
    balances = {(r["number"], r["component"]): r["owed_minor"] for r in state(bank)["balances"]}
    assert balances["A-1", "principal"] == 89_900
    assert balances["A-1", "interest"] == 100
    assert ("A-1", "penalty") not in balances
    assert only(state(bank)["accounts"], number="A-1")["days_past_due"] == 47


def test_yesterdays_update_after_todays_is_kept_and_not_applied(bank, tmp_path):
    """An older feed that comes later is recorded, marked superseded, and moves nothing."""
    receive(bank, "update", feed_file(tmp_path, [update("A-1", "900.00")], name="u6.csv"), feed_at=at(6))
    before = state(bank)
    late = receive(bank, "update", feed_file(tmp_path, [update("A-1", "950.00")], name="u5.csv"), feed_at=at(5))
    assert late.counts["superseded_count"] == 1
    assert state(bank) == before


def test_paid_closes_case_and_placement(bank, tmp_path):
    """When every account of a placed case is paid, the placement ends with the code and the case is closed; the books wait for the money."""
    half = receive(bank, "paid", feed_file(tmp_path, [{"account_number": "A-1"}], name="p1.csv"), feed_at=at(5))
    assert half.counts["placement_ended_count"] == 0
    assert half.counts["account_left_count"] == 1
    assert only(state(bank)["placements"], person="A-1")["ended_at"] is None
    whole = receive(bank, "paid", feed_file(tmp_path, [{"account_number": "A-2", "结清时间": "2026-09-06 10:00"}], name="p2.csv"))
    assert whole.counts["placement_ended_count"] == 1
    assert whole.counts["case_closed"] == {"paid": 1}
    case = only(state(bank)["cases"], person="A-1")
    assert (str(case["closed_on"]), case["close_reason"], case["is_placed"]) == ("2026-09-06", "paid", False)
    assert only(state(bank)["placements"], person="A-1")["end_reason"] == "core_closed"


def test_recall_is_pending_first_and_unplaced_cases_close_at_once(bank, tmp_path):
    """A placed case waits for the days of notice; one that is with nobody closes at once."""
    path = feed_file(tmp_path, [{"account_number": n} for n in ("B-1", "C-1")], name="r.csv")
    result = receive(bank, "recalled", path, feed_at=at(19))
    assert (result.counts["recall_pending_count"], result.counts["case_closed"]) == (1, {"recalled": 1})
    placement = only(state(bank)["placements"], person="B-1")
    assert (placement["status"], str(placement["last_on"]), placement["reason_code"]) == ("recall_pending", "2026-09-22", "core_recall")


def test_rows_of_unknown_accounts_wait(bank, tmp_path):
    """An update and a payment that come before the account itself take effect when it comes."""
    receive(bank, "update", feed_file(tmp_path, [update("Z-1", "12.00")], name="u.csv"), feed_at=at(6))
    early = receive(bank, "paid", feed_file(tmp_path, [{"account_number": "Z-2"}], name="p.csv"), feed_at=at(7))
    assert (early.counts["waiting_count"], early.counts["applied_count"]) == (1, 0)
    new = [row(n, balance="20.00", person_name="Zhou", days_past_due=5) for n in ("Z-1", "Z-2")]
    result = receive(bank, "new", tape_file(tmp_path, new, name="new.csv"), feed_at=at(5))
    assert result.counts["waited_count"] == 2
    found = state(bank)
    assert {r["component"]: r["owed_minor"] for r in found["balances"] if r["number"] == "Z-1"} == {"principal": 1_100, "interest": 100}
    assert only(found["cases"], person="Z-2")["close_reason"] == "paid"
    assert only(found["cases"], person="Z-1")["closed_on"] is None


def test_stops_are_holds_by_account_and_reason(bank, tmp_path):
    """A stop holds, a lift ends it, and a lift that came first is not undone by the older stop."""
    stop = {"account_number": "A-1", "停催原因": "complaint", "is_lifted": ""}
    receive(bank, "stopped", feed_file(tmp_path, [stop], name="s5.csv"), feed_at=at(5))
    assert only(state(bank)["holds"], person="A-1")["kind"] == "complaint"
    lift = feed_file(
        tmp_path, [stop | {"is_lifted": "是"}, {"account_number": "B-1", "停催原因": "complaint", "is_lifted": "yes"}], name="s7.csv"
    )
    assert receive(bank, "stopped", lift, feed_at=at(7)).counts["lifted_count"] == 1
    receive(bank, "stopped", feed_file(tmp_path, [{"account_number": "B-1", "reason": "complaint"}], name="s6.csv"), feed_at=at(6))
    assert state(bank)["holds"] == []

"""The daily scrub: recalls and terms end when their day is over, waiting accounts join, stops are counted, and twice is once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from duecourse.cycle.services.day import day_run
from duecourse.kit.clock import frozen
from duecourse.kit.errors import Forbidden
from duecourse.ledger.selectors import event_details
from duecourse.parties.access import acting
from tests.cycle import feeding
from tests.cycle.feeding import TODAY_AT, TODAY_ON, at, feed_file, receive, state
from tests.cycle.test_feeds import only


@pytest.fixture
def bank(db, home, tmp_path):
    """A bank with two placed debtors and one who is not."""
    return feeding.begin(tmp_path)


def day(bank, days_later):
    """Run the day so many days after the feeds, soon after midnight."""
    with frozen(TODAY_AT + timedelta(days=days_later, hours=-17)):
        return day_run(actor=bank.mei, on=TODAY_ON + timedelta(days=days_later)).counts


def test_a_recall_of_the_core_becomes_final(bank, tmp_path):
    """On the final day the agency still has the case; on the day after the placement has ended, access with it, and the case is closed."""
    receive(bank, "recalled", feed_file(tmp_path, [{"account_number": "B-1"}], name="r.csv"), feed_at=at(20))
    assert day(bank, 3)["placement_ended_count"] == 0
    counts = day(bank, 4)
    assert (counts["placement_ended_count"], counts["case_closed"]) == (1, {"recalled": 1})
    placement, case = only(state(bank)["placements"], person="B-1"), only(state(bank)["cases"], person="B-1")
    assert (placement["status"], case["close_reason"], case["is_placed"]) == ("recalled", "recalled", False)


def test_the_same_day_again_does_nothing(bank, tmp_path):
    """A second run changes nothing; each run is an event."""
    receive(bank, "paid", feed_file(tmp_path, [{"account_number": "A-1"}], name="p.csv"), feed_at=at(20))
    day(bank, 1)
    before = state(bank)
    counts = day(bank, 1)
    assert state(bank) == before
    assert (counts["placement_ended_count"], counts["account_left_count"], counts["case_closed"]) == (0, 0, {})
    with acting(bank.system):
        assert len(event_details(creditor_id=bank.id, subject_kind="creditor", subject_id=bank.id, action="day_run")) == 2


def test_stops_and_idle_cases_are_counted(bank, tmp_path):
    """Open cases under a stop by reason, those of them with an agency, first contacts owed, idle cases, hands that are over."""
    stops = [{"account_number": n, "reason": "deceased"} for n in ("B-1", "C-1")]
    receive(bank, "stopped", feed_file(tmp_path, stops, name="s.csv"), feed_at=at(20))
    counts = day(bank, 1)
    assert (counts["held"], counts["held_case_count"], counts["held_placed_count"]) == ({"deceased": 2}, 2, 1)
    assert (counts["contact_owed_count"], counts["idle_count"], counts["rotation_count"]) == (1, 1, 0)
    assert day(bank, 90)["rotation_count"] == 0
    assert only(state(bank)["placements"], person="A-1")["status"] == "term_ended"


def test_agencies_do_not_run_the_day(bank):
    """A lead of an agency is refused."""
    with pytest.raises(Forbidden):
        day_run(actor=bank.ann, on=TODAY_ON)

"""Daily feeds: each kind does what it says, once, and whatever comes late or twice changes nothing.

1. Late, repeated and out-of-order feeds end in the same accounts, balances, cases, holds and placements.
2. Bad rows go back with row, column and reason; the others are kept.
3. A trial tells what would happen and keeps nothing.
"""

from __future__ import annotations

from datetime import date

import pytest

from duecourse.cycle.errors import FeedKindUnknown, FeedTimeUnknown
from duecourse.cycle.services.feeds import feed_receive
from duecourse.kit.clock import frozen
from duecourse.kit.errors import Forbidden
from duecourse.parties.access import acting
from duecourse.placement.errors import PolicyWrong
from duecourse.placement.models import Placement, PlacementAccount
from duecourse.placement.services import policy_set
from duecourse.portfolio import services as portfolio
from duecourse.portfolio.errors import TotalsDisagree
from duecourse.portfolio.models import Tape
from tests import factories, people
from tests.cycle import feeding
from tests.cycle.feeding import at, feed_file, receive, state, tape_file, update
from tests.portfolio.tapes import CHEN, DAI, row


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


@pytest.mark.parametrize(("policy", "expected"), [("wait", "waits"), ("follow", "follows"), ("split", "splits")])
def test_a_new_account_of_a_placed_debtor(bank, tmp_path, policy, expected):
    """By the contract's policy it waits outside of the case, joins the placement with a day, or gets a case of its own."""
    with acting(bank.system):
        contract_id = Placement.objects.select_related("batch").get(case_id=feeding.case_of(bank, "A-1")).batch.contract_id
    policy_set(actor=bank.mei, effective_on=date(2026, 1, 1), terms={"new_account": policy}, contract_id=contract_id)
    new = tape_file(tmp_path, [row("A-9", balance="33.00", days_past_due=3, oldest_due_on="", **CHEN)], name="n.csv")
    counts = receive(bank, "new", new, feed_at=at(10)).counts
    found = only(state(bank)["accounts"], number="A-9")
    with acting(bank.system):
        joined = [(row.joined_on, row.balance_minor) for row in PlacementAccount.objects.filter(joined_on__isnull=False)]
    if expected == "waits":
        assert (found["waits"], found["work_stream"], joined, counts["account_waiting_count"]) == (True, None, [], 1)
        receive(bank, "paid", feed_file(tmp_path, [{"account_number": n} for n in ("A-1", "A-2")], name="p.csv"), feed_at=at(11))
        found, case = only(state(bank)["accounts"], number="A-9"), only(state(bank)["cases"], person="A-1")
        assert (found["waits"], found["work_stream"], case["closed_on"], case["is_placed"]) == (False, "collection", None, False)
    elif expected == "follows":
        assert (found["work_stream"], joined, counts["account_followed_count"]) == ("collection", [(feeding.TODAY_ON, 3_300)], 1)
    else:
        assert (found["work_stream"], joined, counts["case_split_count"]) == ("collection_2", [], 1)


def test_unknown_policy_is_refused(bank):
    """A policy for new accounts is one of three."""
    with pytest.raises(PolicyWrong):
        policy_set(actor=bank.mei, effective_on=date(2026, 1, 1), terms={"new_account": "swap"})


def test_trial_tells_and_keeps_nothing(bank, tmp_path):
    """A trial counts what would happen; afterwards nothing has, not even a file."""
    path, before = feed_file(tmp_path, [{"account_number": n} for n in ("A-1", "A-2")], name="p.csv"), state(bank)
    trial = receive(bank, "paid", path, feed_at=at(9), is_trial=True)
    assert (trial.is_trial, trial.counts["placement_ended_count"], trial.counts["case_closed"]) == (True, 1, {"paid": 1})
    assert state(bank) == before
    with acting(bank.system):
        assert Tape.objects.count() == 1
    assert receive(bank, "paid", path, feed_at=at(9)).is_new


def test_bad_rows_go_back_and_the_others_are_kept(bank, tmp_path):
    """Row, column and reason of each bad row; formulas in it are neutralised; good rows are in force."""
    rows = [
        update("A-1", "900.00"),
        update("A-2", "50.00") | {"balance": "51.00"},
        update("=cmd()", "5.00") | {"days_past_due": "many"},
        update("B-1", "30.00") | {"feed_at": "2031-01-01T00:00:00Z"},
        update("C-1", "40.00") | {"currency": "USD"},
    ]
    rejects = tmp_path / "rejects.csv"
    result = receive(bank, "update", feed_file(tmp_path, rows, name="u.csv"), feed_at=at(5), rejects_path=rejects)
    codes = {problem.row: problem.code for problem in result.problems}
    assert codes == {2: "ComponentsUnequal", 3: "IntegerUnreadable", 4: "FeedTimeAhead", 5: "CurrencyDiffers"}
    assert (result.counts["applied_count"], result.counts["rejected_count"]) == (1, 4)
    text = rejects.read_text(encoding="utf-8-sig")
    assert "'=cmd()" in text
    assert "_problem" in text


def test_time_and_totals_are_asked_for(bank, tmp_path):
    """Without a time rows are refused; a file of new accounts, a time of next year, an unknown kind and wrong totals are refused whole."""
    path = feed_file(tmp_path, [{"account_number": "A-1"}], name="p.csv")
    assert receive(bank, "paid", path).problems[0].code == "FeedTimeMissing"
    for options in ({"kind": "new"}, {"kind": "paid", "feed_at": at(5).replace(year=2027)}):
        with pytest.raises(FeedTimeUnknown):
            receive(bank, options.pop("kind"), path, **options)
    with pytest.raises(FeedKindUnknown):
        receive(bank, "sold", path, feed_at=at(5))
    with pytest.raises(TotalsDisagree):
        receive(bank, "paid", path, feed_at=at(5), control_totals={"rows": 7})


def test_feeds_are_taken_in_by_mei_alone(bank, tmp_path):
    """A lead of an agency and an accountant are refused, and another creditor's accounts are unknown to a feed."""
    path = feed_file(tmp_path, [{"account_number": "A-1"}], name="p.csv")
    for actor in (bank.ann, bank.fan):
        with pytest.raises(Forbidden):
            feed_receive(actor=actor, kind="paid", path=path, feed_at=at(5))
    other = factories.bank(people.OTHER_BANK)
    assert receive(other, "paid", path, feed_at=at(5)).counts["waiting_count"] == 1
    assert only(state(bank)["placements"], person="A-1")["ended_at"] is None


def test_a_late_tape_does_not_undo_newer_feeds(bank, tmp_path):
    """The tape of yesterday after today's feeds: its row is superseded, its paid account stays out, the books keep the newer balance."""
    receive(bank, "update", feed_file(tmp_path, [update("B-1", "30.00")], name="u.csv"), feed_at=at(12))
    receive(bank, "paid", feed_file(tmp_path, [{"account_number": "C-1"}], name="p.csv"), feed_at=at(12))
    before = state(bank)
    rows = [row(n, balance="70.00", days_past_due=50, oldest_due_on="", **who) for n, who in (("B-1", DAI), ("C-1", feeding.EVA))]
    with frozen(feeding.TODAY_AT):
        portfolio.tape_intake(actor=bank.system, path=tape_file(tmp_path, rows, name="late.csv"), mapping="native", as_of=date(2026, 9, 11))
    after = state(bank)
    assert (after["cases"], after["placements"]) == (before["cases"], before["placements"])
    assert [r for r in after["balances"] if r["number"] == "B-1"] == [r for r in before["balances"] if r["number"] == "B-1"]

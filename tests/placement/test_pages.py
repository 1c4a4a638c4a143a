"""What long tables show: each query filters and orders as it says, and what is counted for a page is what the room counts one by one."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
import pytest

from duecourse.ledger.selectors import page
from duecourse.parties.access import acting
from duecourse.placement import selectors, services
from duecourse.placement.models import AllocationRow, AllocationRun
from tests import factories, people
from tests.placement import world

pytestmark = pytest.mark.django_db
QUERIES = ("ALLOCATIONS", "ALLOCATION_ROWS", "BATCHES", "PLACEMENTS", "MOVE_SETS", "MOVE_ROWS")


@pytest.fixture
def bank():
    """Lanxi Bank with twenty cases placed on 2 September until 1 December, five of them being recalled."""
    bank = factories.bank()
    cases = world.cases(bank, 20)
    world.published(bank)
    moved = services.moves_preview(
        actor=bank.mei, kind="recall", reason_code="idle", as_of=date(2026, 9, 10), case_ids=cases[:5], until_on=date(2026, 9, 20)
    )
    services.moves_apply(actor=bank.mei, move_set_id=moved.pk, at=world.days_later(8))
    return bank


def rows(bank, name, order, **filters):
    """Return the rows of a query for Mei."""
    with acting(bank.mei):
        return page(getattr(selectors, name), creditor_id=bank.id, order=order, filters=filters, limit=500).rows


@pytest.mark.parametrize("name", QUERIES)
def test_every_order_and_filter_is_answered(bank, name):
    """Every order works both ways over the same rows, and no filter breaks the query."""
    query = getattr(selectors, name)
    samples = {"day": "2026-09-10", "from": "2026-09-01", "until": "2026-09-30", "ends_by": "2026-12-31", "month": "2026-09"}
    for order in query.orders:
        down = [row["page_key"] for row in rows(bank, name, f"-{order}")]
        assert down == [row["page_key"] for row in rows(bank, name, order)][::-1]
        assert down
    for filter_name in query.wheres:
        assert rows(bank, name, next(iter(query.orders)), **{filter_name: samples.get(filter_name, "1")}) is not None


def test_rows_say_what_is_stored(bank):
    """Allocations, their rows, batches, placements, sets and moves show the stored facts, with the names of who asked and decided."""
    allocation = rows(bank, "ALLOCATIONS", "number")[0]
    assert (allocation["state"], allocation["placed_count"], allocation["decider"]) == ("published", 20, "Qiu")
    assert len(rows(bank, "ALLOCATION_ROWS", "case", allocation=str(allocation["allocation_run_id"]), placed="yes")) == 20
    assert sum(row["case_count"] for row in rows(bank, "BATCHES", "cases", open="yes")) == 20
    assert {row["status"] for row in rows(bank, "PLACEMENTS", "case", status="recall_pending")} == {"recall_pending"}
    assert len(rows(bank, "PLACEMENTS", "case", status="recall_pending")) == 5
    moved = rows(bank, "MOVE_SETS", "number", kind="recall")[0]
    assert (moved["asker"], moved["state"]) == ("Mei", "applied")
    with acting(bank.mei):
        counts = selectors.move_set_counts(creditor_id=bank.id, move_set_ids=[moved["move_set_id"]])
    assert counts == {moved["move_set_id"]: {"case_count": 5, "allowed_count": 5, "applied_count": 5, "changed_count": 0}}
    assert len(rows(bank, "MOVE_ROWS", "case", set=str(moved["move_set_id"]), stays="no")) == 5


def test_who_took_a_row_is_told(bank):
    """A row that somebody else moved since the preview says who it was and what they did."""
    cases = [row["case_id"] for row in rows(bank, "PLACEMENTS", "case", status="placed")][:1]
    arguments = {"kind": "recall", "reason_code": "idle", "as_of": date(2026, 9, 11), "case_ids": cases, "until_on": date(2026, 9, 20)}
    mine = services.moves_preview(actor=bank.mei, **arguments)
    theirs = services.moves_preview(actor=bank.lin, **arguments)
    services.moves_apply(actor=bank.lin, move_set_id=theirs.pk, at=world.days_later(9))
    services.moves_apply(actor=bank.mei, move_set_id=mine.pk, at=world.days_later(9))
    row = rows(bank, "MOVE_ROWS", "case", set=str(mine.pk))[0]
    assert (row["said"], row["taken_by"], row["taken_status"]) == ("changed", "Lin", "recall_pending")


def test_rates_of_many_batches_are_those_of_each(bank):
    """What is counted for a page's batches together is what is counted for each of them, with moves and money."""
    with acting(bank.mei):
        batch_ids = [batch.pk for batch in selectors.batches(creditor_id=bank.id, month="2026-09")]
        wanted = {"creditor_id": bank.id, "on": date(2026, 9, 12), "recovered": {batch_ids[0]: 12_345}}
        together = selectors.batch_rates(batch_ids=batch_ids, **wanted)
        assert together == {key: selectors.batch_rates(batch_ids=[key], **wanted)[key] for key in batch_ids}
        assert together[batch_ids[0]].recovered_minor == 12_345
        assert sum(rate.case_count for rate in together.values()) == 20


def test_share_that_may_stay_is_shown(bank):
    """The share of each batch that may stay is its policy's, with what was used and what this set would use."""
    services.policy_set(actor=bank.mei, effective_on=date(2026, 9, 1), terms={"extension_share_cap_bp": 2_000})
    grounds = pa.table([[row["case_id"] for row in rows(bank, "PLACEMENTS", "case")], ["promise_open"] * 20], schema=services.GROUNDS)
    moved = services.moves_preview(
        actor=bank.mei,
        kind="extend",
        reason_code="promise_open",
        as_of=date(2026, 9, 11),
        case_ids=grounds["case_id"].to_pylist(),
        until_on=date(2026, 12, 20),
        grounds=grounds,
    )
    with acting(bank.mei):
        shares = selectors.extension_shares(creditor_id=bank.id, move_set_id=moved.pk)
    for share in shares:
        assert share["cap_count"] == share["case_count"] // 5
        assert share["allowed_count"] <= share["left_count"] == share["cap_count"]


def test_a_proposal_stands_beside_the_month_before(bank):
    """The next proposal is compared with the last published one, agency by agency; drafts are counted."""
    world.cases(bank, 4, as_of=date(2026, 10, 1))
    run_id = world.proposed(bank, as_of=date(2026, 10, 1))
    with acting(bank.mei):
        before = selectors.allocation_before(creditor_id=bank.id, allocation_run_id=run_id)
        run = AllocationRun.objects.get(pk=run_id)
        placed = AllocationRow.objects.filter(allocation_run=run, agency__isnull=False).count()
        assert before["as_of"] == world.AS_OF
        assert sum(row["before_case_count"] for row in before["rows"]) == 20
        assert sum(row["case_count"] for row in before["rows"]) == placed
        assert selectors.other_drafts(run) == 0
        first = AllocationRun.objects.order_by("pk").first()
        assert selectors.allocation_before(creditor_id=bank.id, allocation_run_id=first.pk) == {"as_of": None, "rows": []}
        limits = {row["agency_code"]: row["capacity_count"] for row in selectors.contract_limits(creditor_id=bank.id, on=world.AS_OF)}
    assert limits == {"aoki": 1000, "birch": 1000}


def test_a_second_set_for_the_same_cases_is_told(bank):
    """Who previews cases that stand in a set that waits for a second person is told of it."""
    cases = [row["case_id"] for row in rows(bank, "PLACEMENTS", "case", status="placed")][:3]
    waiting = services.moves_preview(
        actor=bank.lin,
        kind="extend",
        reason_code="creditor_decides",
        words="audit",
        as_of=date(2026, 9, 11),
        case_ids=cases,
        until_on=date(2026, 12, 9),
    )
    services.moves_apply(actor=bank.lin, move_set_id=waiting.pk)
    mine = services.moves_preview(
        actor=bank.mei, kind="recall", reason_code="idle", as_of=date(2026, 9, 11), case_ids=cases, until_on=date(2026, 9, 20)
    )
    with acting(bank.mei):
        found = selectors.rival_sets(creditor_id=bank.id, move_set_id=mine.pk)
    assert [(row["move_set_id"], row["asker"], row["case_count"]) for row in found] == [(waiting.pk, "Lin", 3)]


@pytest.mark.parametrize("name", QUERIES)
def test_another_bank_sees_no_row(bank, name):
    """Another creditor's manager has no row of any of these tables."""
    other = factories.bank(people.OTHER_BANK)
    assert rows(other, name, next(iter(getattr(selectors, name).orders))) == []


def test_beginning_of_a_number_is_taken_as_it_is_written(bank):
    """A percent sign or an underscore stands for itself, and the case of letters does not matter."""
    (number,) = {row["number"] for row in rows(bank, "PLACEMENTS", "case")[:1]}
    assert rows(bank, "PLACEMENTS", "case", q=number[:-1].lower())
    assert rows(bank, "PLACEMENTS", "case", q="%") == rows(bank, "PLACEMENTS", "case", q="_") == []

"""Placements end by term, recall, return or closure; access ends with them, and the days count as the creditor counts them."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from duecourse.kit.errors import Absent, Forbidden
from duecourse.ledger.models import AuditEvent
from duecourse.parties.access import acting
from duecourse.placement import selectors, services
from duecourse.placement.errors import PlacementTimeWrong, ReasonMissing
from duecourse.placement.models import Placement, PlacementTransition
from duecourse.portfolio.models import Account, Case
from tests import factories
from tests.factories import leading
from tests.placement import world

pytestmark = pytest.mark.django_db


@pytest.fixture
def bank():
    """Lanxi Bank with ten cases placed."""
    bank = factories.bank()
    world.cases(bank, 10)
    world.published(bank)
    return bank


def history(bank, placement_id):
    """Return the steps of a placement."""
    with acting(bank.system):
        found = PlacementTransition.objects.filter(placement_id=placement_id).order_by("pk")
        return list(found.values_list("status", "effective_on"))


def test_a_recall_cuts_the_agencys_view_at_once(bank):
    """Ann sees her cases; after the recall she sees her placements as ended and not one case; the cases are free."""
    own = [placement_id for placement_id, *_ in world.placements(bank.ann)]
    with acting(bank.ann):
        assert Case.objects.count() == Account.objects.count() == len(own) > 0
    at = world.days_later(3)
    assert services.placement_recall(actor=bank.mei, placement_ids=own, reason="contract dispute", at=at) == len(own)
    with acting(bank.ann):
        assert Case.objects.count() == Account.objects.count() == 0
        assert set(Placement.objects.values_list("end_reason", flat=True)) == {"contract dispute"}
    with acting(bank.system):
        assert all(placement.during.upper == at for placement in Placement.objects.filter(pk__in=own))
        assert set(Case.objects.filter(hand_count=1, open_agency_id=None).values_list("pk", flat=True)) == set(
            Placement.objects.filter(pk__in=own).values_list("case_id", flat=True)
        )
    assert [status for status, _ in history(bank, own[0])] == ["placed", "recall_pending", "recalled"]


def test_a_placement_ends_once(bank):
    """A second recall, or a return after it, changes nothing and counts nothing."""
    own = [placement_id for placement_id, *_ in world.placements(bank.ann)]
    call = {"placement_ids": own, "reason": "audit"}
    assert services.placement_recall(actor=bank.mei, at=world.days_later(1), **call) == len(own)
    assert services.placement_recall(actor=bank.qiu, at=world.days_later(2), **call) == 0
    assert services.placement_return(actor=bank.ann, at=world.days_later(2), **call) == 0
    with acting(bank.system):
        assert AuditEvent.objects.filter(action="placement_recalled").count() == 1
    assert len(history(bank, own[0])) == 3


def test_who_may_recall(bank):
    """The accountant may not, an agency may not, and nobody without a reason or before the placement began."""
    ids = [placement_id for placement_id, *_ in world.placements(bank.system)]
    at = world.days_later(1)
    for actor in (bank.fan, bank.ann):
        with pytest.raises(Forbidden):
            services.placement_recall(actor=actor, placement_ids=ids, reason="audit", at=at)
    with pytest.raises(ReasonMissing):
        services.placement_recall(actor=bank.mei, placement_ids=ids, reason=" ", at=at)
    with pytest.raises(PlacementTimeWrong):
        services.placement_recall(actor=bank.mei, placement_ids=ids, reason="audit", at=world.PLACED_AT)
    with pytest.raises(Absent):
        services.placement_recall(actor=bank.mei, placement_ids=[*ids, 10**9], reason="audit", at=at)
    assert all(is_open for *_, is_open in world.placements(bank.system))


def test_an_agency_returns_what_is_its_own(bank):
    """Ann gives a case back under her name; a case of Birch's does not exist for her, and Bo is no lead."""
    own, others = world.placements(bank.ann), world.placements(leading(bank.bo))
    call = {"reason": "debtor moved abroad", "at": world.days_later(2)}
    with pytest.raises(Absent):
        services.placement_return(actor=bank.ann, placement_ids=[own[0][0], others[0][0]], **call)
    with pytest.raises(Forbidden):
        services.placement_return(actor=bank.bo, placement_ids=[others[0][0]], **call)
    assert services.placement_return(actor=bank.ann, placement_ids=[own[0][0]], **call) == 1
    with acting(bank.system):
        event = AuditEvent.objects.get(action="placement_returned")
        step = PlacementTransition.objects.get(status="returned")
        assert (event.actor_id, event.subject_id, event.details["agency_id"]) == (bank.ann.user_id, own[0][0], bank.aoki.pk)
        assert (step.placement_id, step.actor_id, step.reason) == (own[0][0], bank.ann.user_id, "debtor moved abroad")
        assert Case.objects.get(pk=own[0][1]).open_agency_id is None


def test_a_term_ends_with_its_last_day(bank):
    """The placement works its last day to the end, in the bank's zone; the job of the day after ends it, once."""
    last_on = date(2026, 9, 2) + timedelta(days=90)
    assert services.placements_end_due(actor=bank.system, on=last_on) == 0
    assert services.placements_end_due(actor=bank.system, on=last_on + timedelta(days=1)) == 10
    assert services.placements_end_due(actor=bank.system, on=last_on + timedelta(days=2)) == 0
    midnight = datetime(2026, 12, 2, tzinfo=world.SHANGHAI)
    with acting(bank.system):
        assert {p.during.upper for p in Placement.objects.all()} == {midnight}
        assert set(Placement.objects.values_list("end_reason", flat=True)) == {"term_ended"}
        assert not Case.objects.exclude(open_agency_id=None).exists()
        accounts = list(Account.objects.values_list("pk", flat=True))
        frame = selectors.placements_for_attribution(creditor_id=bank.id, account_ids=accounts)
    assert set(frame.column("ended_on").to_pylist()) == {last_on} == set(frame.column("term_until_on").to_pylist())
    assert history(bank, world.placements(bank.system)[0][0])[-1] == ("term_ended", last_on)


def test_a_recall_after_the_term_ends_at_the_term(bank):
    """Whoever is late does not lengthen a placement."""
    ids = [placement_id for placement_id, *_ in world.placements(bank.system)]
    services.placement_recall(actor=bank.mei, placement_ids=ids, reason="late", at=world.days_later(120))
    with acting(bank.system):
        assert {p.during.upper for p in Placement.objects.all()} == {datetime(2026, 12, 2, tzinfo=world.SHANGHAI)}


def test_paid_cases_leave_their_agencies(bank):
    """Closing for payment ends the open placements of the cases named, also when the case is closed already."""
    cases = [case_id for _, case_id, _, _ in world.placements(bank.system)][:4]
    with acting(bank.system):
        Case.objects.filter(pk=cases[0]).update(closed_on=date(2026, 9, 4), close_reason="off_tape")
    assert services.cases_closed(actor=bank.system, case_ids=cases, reason="paid", at=world.days_later(2)) == 4
    assert services.cases_closed(actor=bank.system, case_ids=cases, reason="paid", at=world.days_later(2)) == 0
    assert [case_id for _, case_id, _, is_open in world.placements(bank.system) if not is_open] == cases


def test_a_case_goes_to_its_second_hand_at_another_agency(bank):
    """After a recall the case is placed anew: hand 2, not with the agency it had, the first history untouched."""
    own = world.placements(bank.ann)
    services.placement_recall(actor=bank.mei, placement_ids=[p[0] for p in own], reason="audit", at=world.days_later(1))
    case_ids = [p[1] for p in own]
    with acting(bank.system):
        reasons = selectors.exclusions_frame(creditor_id=bank.id, on=date(2026, 9, 10)).to_pylist()
        before = selectors.previous_agencies(creditor_id=bank.id, case_ids=case_ids).to_pylist()
    assert {row["agency_id"] for row in before} == {bank.aoki.pk}
    assert {(r["case_id"], r["agency_id"]) for r in reasons if r["reason"] == "previous_agency"} >= {(c, bank.aoki.pk) for c in case_ids}
    assert {r["case_id"] for r in reasons if r["reason"] == "already_placed"} == {p[1] for p in world.placements(leading(bank.bo))}
    world.published(bank, at=world.days_later(2), nonce="second", explore_share_bp=0)
    second = [p for p in world.placements(bank.system) if p[1] in case_ids and p[3]]
    assert {agency_id for _, _, agency_id, _ in second} == {bank.birch.pk}
    with acting(bank.system):
        assert set(Placement.objects.filter(pk__in=[p[0] for p in second]).values_list("hand", flat=True)) == {2}
        codes = [batch.code for batch in selectors.batches(creditor_id=bank.id, month="2026-09")]
    assert codes == ["2026-09-AOKI-1", "2026-09-BIRCH-1", "2026-09-BIRCH-2"]


def test_frames_count_days_as_the_creditor_does(bank):
    """A placement that began at 09:30 in Shanghai and was recalled at noon two days later covers three of the bank's days."""
    placement_id, case_id, agency_id, _ = world.placements(bank.ann)[0]
    noon = datetime(2026, 9, 4, 12, tzinfo=world.SHANGHAI)
    services.placement_recall(actor=bank.mei, placement_ids=[placement_id], reason="audit", at=noon)
    with acting(bank.system):
        accounts = list(Account.objects.values_list("pk", flat=True))
        rows = selectors.placements_for_attribution(creditor_id=bank.id, account_ids=accounts).to_pylist()
        found = {
            on: case_id in selectors.open_placements_frame(creditor_id=bank.id, on=on).column("case_id").to_pylist()
            for on in (date(2026, 9, 1), date(2026, 9, 2), date(2026, 9, 4), date(2026, 9, 5))
        }
        at_present = selectors.open_placements_frame(creditor_id=bank.id).column("case_id").to_pylist()
    row = next(row for row in rows if row["placement_id"] == placement_id)
    assert (row["placed_on"], row["ended_on"]) == (date(2026, 9, 2), date(2026, 9, 4))
    assert (row["agency_id"], row["attribution_rule"], row["tail_days"]) == (agency_id, "paid", 5)
    assert [row["ended_on"] for row in rows if row["placement_id"] != placement_id] == [None] * 9
    assert list(found.values()) == [False, True, True, False]
    assert len(at_present) == 9
    assert case_id not in at_present


def test_capacity_is_what_is_left(bank):
    """The frame of agencies takes off what each holds, and carries share cap, fee at the first hand, and its effect."""
    import pyarrow as pa

    from duecourse.engine.allocation import EFFECTS

    effects = pa.table(
        [[bank.aoki.pk, bank.aoki.pk, bank.birch.pk], [None, "M2", None], [11_000, 9_000, 9_500]],
        schema=EFFECTS,
    )
    with acting(bank.system):
        rows = selectors.agencies_frame(creditor_id=bank.id, on=date(2026, 9, 3), effects=effects).to_pylist()
        other = selectors.agencies_frame(creditor_id=bank.id, on=date(2026, 9, 3), currency="USD").num_rows
    held = {bank.aoki.pk: len(world.placements(bank.ann)), bank.birch.pk: len(world.placements(leading(bank.bo)))}
    assert [row["capacity_count"] for row in rows] == [1000 - held[row["agency_id"]] for row in rows]
    assert [row["share_cap_bp"] for row in rows] == [6000, 6000]
    assert [row["multiplier_bp"] for row in rows] == [11_000, 9_500]
    assert [row["fee_rate_bp"] for row in rows] == [1200, 1200]
    assert other == 0


def test_an_agency_sees_its_own_and_nothing_else(bank):
    """Batches, placements, frozen balances and history of the other agency do not exist for Ann; nor may she write."""
    from django.db import DatabaseError, transaction

    from duecourse.placement.models import Batch, PlacementAccount

    with acting(bank.ann):
        assert {batch.agency_id for batch in selectors.batches(creditor_id=bank.id, month="2026-09")} == {bank.aoki.pk}
        assert set(Placement.objects.values_list("agency_id", flat=True)) == {bank.aoki.pk}
        own = set(Placement.objects.values_list("pk", flat=True))
        assert set(PlacementAccount.objects.values_list("placement_id", flat=True)) == own
        assert set(PlacementTransition.objects.values_list("placement_id", flat=True)) == own
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            Placement.objects.update(end_reason="x")
    with acting(bank.system):
        foreign = Batch.objects.get(agency_id=bank.birch.pk)
    with acting(bank.ann):
        with pytest.raises(Absent):
            selectors.access_batch(bank.ann, batch_id=foreign.pk)
        with pytest.raises(Absent):
            selectors.access_placement(bank.ann, placement_id=world.placements(leading(bank.bo))[0][0])
        assert selectors.access_placement(bank.ann, placement_id=min(own)).agency_id == bank.aoki.pk

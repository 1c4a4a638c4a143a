"""An approved allocation becomes batches and placements, all of them or none."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from duecourse.kit.errors import Forbidden
from duecourse.ledger.models import AuditEvent
from duecourse.parties import services as parties
from duecourse.parties.access import acting
from duecourse.placement import selectors, services
from duecourse.placement.errors import AllocationNotApproved, BalancesMoved, CasesMovedOn, TermsNotInForce
from duecourse.placement.models import AllocationRow, AllocationRun, Batch, Placement, PlacementAccount, PlacementTransition
from duecourse.portfolio.models import Case, Hold, Snapshot
from tests import factories
from tests.placement import world

pytestmark = pytest.mark.django_db


@pytest.fixture
def bank():
    """Lanxi Bank."""
    return factories.bank()


def test_a_batch_for_each_agency_with_what_was_approved(bank):
    """Each agency gets one batch; the placements freeze term, hand, balance, age, segment and propensity of the approved rows."""
    world.cases(bank, 20, accounts=2)
    batch_ids = world.published(bank)
    with acting(bank.system):
        batches = {batch.code: batch for batch in Batch.objects.filter(pk__in=batch_ids)}
        assert set(batches) == {"2026-09-AOKI-1", "2026-09-BIRCH-1"}
        rows = {row.case_id: row for row in AllocationRow.objects.all()}
        assert Placement.objects.count() == 20 == sum(batch.case_count for batch in batches.values())
        for placement in Placement.objects.select_related("batch"):
            row = rows[placement.case_id]
            assert (placement.agency_id, placement.hand, placement.placed_minor) == (row.agency_id, 1, row.balance_minor)
            assert (placement.days_past_due, placement.segment_key) == (45, "M2")
            assert (placement.is_random_slice, placement.propensity_share) == (row.is_random_slice, row.propensity_share)
            assert placement.during.lower == world.PLACED_AT
            assert placement.during.upper is None
            assert placement.term_until_on == placement.batch.term_until_on == date(2026, 9, 2) + timedelta(days=90)
        for case in Case.objects.all():
            assert (case.open_agency_id, case.hand_count) == (rows[case.pk].agency_id, 1)
        assert list(PlacementTransition.objects.values_list("status", flat=True).distinct()) == ["placed"]
        assert AuditEvent.objects.filter(action="allocation_published").count() == 1


def test_the_components_are_frozen_by_account(bank):
    """Each account's components are those of the snapshot, and sum to the placement's balance."""
    world.cases(bank, 6, accounts=2)
    world.published(bank)
    with acting(bank.system):
        snapshots = {s.account_id: s for s in Snapshot.objects.all()}
        frozen = list(PlacementAccount.objects.select_related("placement"))
        assert len(frozen) == 12
        for row in frozen:
            snapshot = snapshots[row.account_id]
            names = ("principal_minor", "interest_minor", "fee_minor", "penalty_minor", "balance_minor")
            assert [getattr(row, name) for name in names] == [getattr(snapshot, name) for name in names]
        for placement in Placement.objects.all():
            assert placement.placed_minor == sum(row.balance_minor for row in frozen if row.placement_id == placement.pk)


def test_publishing_twice_gives_the_same_batches(bank):
    """A repeat returns the batches of the first time and places nothing."""
    world.cases(bank, 4)
    run_id = world.approved(bank)
    first = services.allocation_publish(actor=bank.mei, allocation_run_id=run_id, at=world.PLACED_AT)
    assert services.allocation_publish(actor=bank.system, allocation_run_id=run_id, at=world.days_later(3)) == first
    with acting(bank.system):
        assert Placement.objects.count() == 4


def test_nothing_moves_before_approval(bank):
    """A proposed allocation is not published, nor a rejected one, nor by somebody who is no manager."""
    world.cases(bank, 1)
    run_id = world.proposed(bank)
    with pytest.raises(AllocationNotApproved, match="proposed"):
        services.allocation_publish(actor=bank.mei, allocation_run_id=run_id, at=world.PLACED_AT)
    services.allocation_reject(actor=bank.qiu, allocation_run_id=run_id)
    with pytest.raises(AllocationNotApproved, match="rejected"):
        services.allocation_publish(actor=bank.mei, allocation_run_id=run_id, at=world.PLACED_AT)
    with pytest.raises(Forbidden):
        services.allocation_publish(actor=bank.fan, allocation_run_id=run_id, at=world.PLACED_AT)


def test_nothing_moves_without_terms_in_force(bank):
    """After its contract expired an agency gets nothing; every agency is named at once, and nothing is written."""
    world.cases(bank, 6)
    run_id = world.approved(bank)
    with pytest.raises(TermsNotInForce, match=r"aoki: no signed version .* birch: no signed version"):
        services.allocation_publish(actor=bank.mei, allocation_run_id=run_id, at=world.days_later(200))
    assert world.placements(bank.system) == []


def test_an_unsigned_version_places_nothing(bank):
    """An agency whose only contract is not signed on the day is not in the frame of agencies."""
    in_house = bank.in_house
    factories.agreement(bank.system, in_house, signed_on=date(2026, 9, 5))
    with acting(bank.system):
        before = selectors.agencies_frame(creditor_id=bank.id, on=date(2026, 9, 4)).column("agency_id").to_pylist()
        after = selectors.agencies_frame(creditor_id=bank.id, on=date(2026, 9, 5)).column("agency_id").to_pylist()
    assert in_house.pk not in before
    assert in_house.pk in after


def test_a_lapsed_qualification_blocks(bank):
    """A kind of evidence the agency has shown must be valid on the day; a renewal opens the way again."""
    world.cases(bank, 4)
    licence = {"actor": bank.mei, "agency_id": bank.aoki.pk, "kind": "licence"}
    parties.qualification_add(**licence, valid_from_on=date(2025, 1, 1), valid_until_on=date(2026, 9, 2))
    run_id = world.approved(bank)
    with pytest.raises(TermsNotInForce, match="aoki: its qualification licence is not valid"):
        services.allocation_publish(actor=bank.mei, allocation_run_id=run_id, at=world.PLACED_AT)
    parties.qualification_add(**licence, valid_from_on=date(2026, 9, 2), valid_until_on=date(2027, 9, 2))
    assert len(services.allocation_publish(actor=bank.mei, allocation_run_id=run_id, at=world.PLACED_AT)) == 2


@pytest.mark.parametrize("field", ["birth_on", "shoe_size"])
def test_a_field_that_is_never_handed_over_blocks(bank, field):
    """A contract that names a surplus or an unknown field cannot be used."""
    world.cases(bank, 2)
    terms = factories.TERMS | {"contracted_fields": ["account_number", field], "effective_on": date(2026, 2, 1)}
    parties.contract_version_add(actor=bank.mei, contract_id=bank.aoki_terms.contract.pk, **terms)
    parties.contract_version_add(actor=bank.mei, contract_id=bank.birch_terms.contract.pk, **terms)
    run_id = world.approved(bank)
    with acting(bank.mei):
        preview = selectors.allocation_preview(creditor_id=bank.id, allocation_run_id=run_id)
    assert field in preview["obstacles"][0]["reason"]
    with pytest.raises(TermsNotInForce, match=field):
        services.allocation_publish(actor=bank.mei, allocation_run_id=run_id, at=world.PLACED_AT)


def test_the_terms_of_the_day_count(bank):
    """A version that begins between proposal and publication is the one the placements point to."""
    world.cases(bank, 6)
    run_id = world.approved(bank)
    terms = factories.TERMS | {"effective_on": date(2026, 9, 2), "placement_term_days": 30}
    newer = parties.contract_version_add(actor=bank.mei, contract_id=bank.aoki_terms.contract.pk, **terms)
    services.allocation_publish(actor=bank.mei, allocation_run_id=run_id, at=world.PLACED_AT)
    with acting(bank.system):
        found = Placement.objects.filter(agency_id=bank.aoki.pk)
        assert set(found.values_list("contract_version_id", "term_until_on")) == {(newer.pk, date(2026, 10, 2))}


def test_cases_that_came_under_a_hold_or_were_closed_are_withheld(bank):
    """What was approved and may not be placed any more stays where it is, and the preview counts it."""
    case_ids = world.cases(bank, 10)
    run_id = world.approved(bank)
    with acting(bank.system):
        Case.objects.filter(pk=case_ids[0]).update(closed_on=world.AS_OF)
        held = Case.objects.get(pk=case_ids[1])
        facts = {"kind": "dispute", "stops_contact": True, "stops_placement": True, "source_kind": "test", "source_id": 1}
        Hold.objects.create(creditor_id=bank.id, person_id=held.person_id, from_on=world.AS_OF, known_at=world.PLACED_AT, **facts)
    services.allocation_publish(actor=bank.mei, allocation_run_id=run_id, at=world.PLACED_AT)
    assert [case_id for _, case_id, _, _ in world.placements(bank.system)] == case_ids[2:]
    with acting(bank.mei):
        preview = selectors.allocation_preview(creditor_id=bank.id, allocation_run_id=run_id)
        event = AuditEvent.objects.get(action="allocation_published")
        assert sum(Batch.objects.values_list("case_count", flat=True)) == 8
    assert preview["withheld_count"] == event.details["withheld_count"] == 2


def test_a_case_placed_since_refuses_the_whole(bank):
    """Two allocations of the same cases: the second is refused and leaves nothing, its state included."""
    world.cases(bank, 5)
    first, second = world.approved(bank), world.approved(bank, nonce="second")
    services.allocation_publish(actor=bank.mei, allocation_run_id=first, at=world.PLACED_AT)
    with pytest.raises(CasesMovedOn, match="5 cases"):
        services.allocation_publish(actor=bank.mei, allocation_run_id=second, at=world.PLACED_AT)
    with acting(bank.system):
        assert AllocationRun.objects.get(pk=second).state == "approved"
        assert Placement.objects.count() == 5


def test_a_balance_that_is_not_the_approved_one_refuses_the_whole(bank):
    """A newer snapshot of the same day with another balance makes the allocation stale."""
    world.cases(bank, 10)
    run_id = world.approved(bank)
    with acting(bank.system):
        snapshots = list(Snapshot.objects.order_by("pk"))
        for snapshot in snapshots:
            snapshot.pk, snapshot.step_run_id = None, 2
        snapshots[0].fee_minor, snapshots[0].balance_minor = snapshots[0].fee_minor + 100, snapshots[0].balance_minor + 100
        Snapshot.objects.bulk_create(snapshots)
    with pytest.raises(BalancesMoved, match="1 cases"):
        services.allocation_publish(actor=bank.mei, allocation_run_id=run_id, at=world.PLACED_AT)
    assert world.placements(bank.system) == []


@pytest.mark.parametrize("step", ["cases_placed", "audit_append"])
def test_a_crash_inside_leaves_nothing(bank, monkeypatch, step):
    """Whatever breaks on the way, no batch, no placement and no state is left; the same call then does it whole."""
    world.cases(bank, 5)
    run_id = world.approved(bank)

    def broken(**arguments):
        raise RuntimeError("the power went off")

    with monkeypatch.context() as patch:
        patch.setattr(f"duecourse.placement.services.publish.{step}", broken)
        with pytest.raises(RuntimeError):
            services.allocation_publish(actor=bank.mei, allocation_run_id=run_id, at=world.PLACED_AT)
    with acting(bank.system):
        assert AllocationRun.objects.get(pk=run_id).state == "approved"
        assert not Batch.objects.exists()
        assert not Placement.objects.exists()
        assert not PlacementAccount.objects.exists()
        assert not Case.objects.exclude(open_agency_id=None).exists()
    services.allocation_publish(actor=bank.mei, allocation_run_id=run_id, at=world.PLACED_AT)
    assert len(world.placements(bank.system)) == 5


def test_what_is_frozen_stays_frozen(bank):
    """The database refuses to change what a placement froze, its beginning, its history, and to delete it."""
    world.cases(bank, 5)
    world.published(bank)
    changes = [
        {"placed_minor": 1},
        {"hand": 2},
        {"days_past_due": 0},
        {"propensity_share": 1},
        {"agency_id": bank.in_house.pk},
        {"end_reason": "paid"},
        {"during": (world.days_later(1), world.days_later(2)), "end_reason": "paid"},
    ]
    for change in changes:
        with acting(bank.system), pytest.raises(DatabaseError), transaction.atomic():
            Placement.objects.update(**change)
    for model in (Placement, PlacementAccount, PlacementTransition, Batch):
        with acting(bank.system), pytest.raises(DatabaseError), transaction.atomic():
            model.objects.all().delete()


def test_the_database_itself_admits_one_placement_at_a_time(bank):
    """A second row for a case over overlapping instants is refused by the exclusion constraint."""
    world.cases(bank, 5)
    world.published(bank)
    with acting(bank.system):
        columns = ", ".join(f.column for f in Placement._meta.concrete_fields if f.column not in {"id", "hand"})
        copy = f"INSERT INTO placement_placement ({columns}, hand) SELECT {columns}, 2 FROM placement_placement"
        with pytest.raises(IntegrityError, match="placement_one_at_a_time"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(copy)

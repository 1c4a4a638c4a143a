"""An allocation is proposed, decided on by a second person, and shows beforehand what it would do."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, transaction

from duecourse.engine.frames import digest
from duecourse.kit.errors import Absent, Forbidden
from duecourse.ledger.models import AuditEvent
from duecourse.parties.access import acting
from duecourse.parties.errors import SamePersonTwice
from duecourse.parties.models import Approval
from duecourse.placement import selectors, services
from duecourse.placement.errors import AllocationDiffers, AllocationMismatch, AllocationNotProposed, ApproverMissing
from duecourse.placement.models import AllocationRow, AllocationRun
from duecourse.portfolio.models import Hold, Person
from tests import factories, people
from tests.placement import world

pytestmark = pytest.mark.django_db


@pytest.fixture
def bank():
    """Lanxi Bank."""
    return factories.bank()


def state(bank, run_id):
    """Return the run's state."""
    with acting(bank.system):
        return AllocationRun.objects.get(pk=run_id).state


def test_every_case_has_a_row_with_reason_propensity_and_feasible_agencies(bank):
    """Chosen or left out, each case of the inputs is recorded once, and what is stored hashes to what will be approved."""
    case_ids = world.cases(bank, 40)
    run_id = world.proposed(bank)
    with acting(bank.system):
        frame = selectors.allocation_rows_frame(creditor_id=bank.id, allocation_run_id=run_id)
        run = AllocationRun.objects.get(pk=run_id)
    assert frame.column("case_id").to_pylist() == case_ids
    assert digest(frame, keys=["case_id"]) == run.rows_hash
    agencies = {bank.aoki.pk, bank.birch.pk}
    for row in frame.to_pylist():
        assert row["agency_id"] in agencies
        assert row["feasible_agency_ids"] == str(sorted(agencies))
        assert 0 < row["propensity_share"] <= 1
        assert row["days_past_due"] == 45
        assert row["contract_version_id"] in {bank.aoki_terms.version.pk, bank.birch_terms.version.pk}


def test_the_same_inputs_are_the_same_allocation(bank):
    """A repeat returns the same number and writes nothing; other rows from the same inputs are refused."""
    world.cases(bank, 5)
    first = world.inputs(bank)
    run_id = services.allocation_propose(actor=bank.system, **first.arguments)
    assert services.allocation_propose(actor=bank.system, **first.arguments) == run_id
    with acting(bank.system):
        assert AllocationRow.objects.count() == 5
        assert AuditEvent.objects.filter(action="allocation_proposed").count() == 1
    world.cases(bank, 1)
    other = world.inputs(bank).arguments | {"inputs_hash": first.arguments["inputs_hash"]}
    with pytest.raises(AllocationDiffers, match=str(run_id)):
        services.allocation_propose(actor=bank.system, **other)


def test_cases_and_rows_must_be_the_same_cases(bank):
    """A frame of other cases than those allocated is refused."""
    world.cases(bank, 3)
    wanted = world.inputs(bank).arguments
    with pytest.raises(AllocationMismatch, match="3 rows for 2 cases"):
        services.allocation_propose(actor=bank.system, **wanted | {"cases": wanted["cases"].slice(1)})


def test_who_proposes_does_not_approve(bank):
    """Mei proposes; Mei may not approve, Lin may, and the approval holds the hash of the rows."""
    world.cases(bank, 3)
    run_id = world.proposed(bank, actor=bank.mei)
    with pytest.raises(SamePersonTwice):
        services.allocation_approve(actor=bank.mei, allocation_run_id=run_id)
    assert state(bank, run_id) == "proposed"
    services.allocation_approve(actor=bank.lin, allocation_run_id=run_id)
    services.allocation_approve(actor=bank.lin, allocation_run_id=run_id)
    with acting(bank.system):
        approval = Approval.objects.get(subject_kind="allocation_run", subject_id=run_id)
        assert (approval.decided_by_id, approval.requested_by_id) == (bank.lin.user_id, bank.mei.user_id)
        assert approval.content_hash == AllocationRun.objects.get(pk=run_id).rows_hash
    assert state(bank, run_id) == "approved"


@pytest.mark.parametrize("who", ["mei", "qiu"])
def test_what_the_system_proposes_one_person_approves(bank, who):
    """A manager or the compliance officer approves what the system proposed."""
    world.cases(bank, 1)
    run_id = world.proposed(bank)
    services.allocation_approve(actor=getattr(bank, who), allocation_run_id=run_id)
    assert state(bank, run_id) == "approved"


@pytest.mark.parametrize(("who", "error"), [("system", ApproverMissing), ("fan", Forbidden), ("ann", Forbidden)])
def test_who_may_not_decide(bank, who, error):
    """Not the system, not the accountant, not an agency."""
    world.cases(bank, 1)
    run_id = world.proposed(bank)
    for decide in (services.allocation_approve, services.allocation_reject):
        with pytest.raises(error):
            decide(actor=getattr(bank, who), allocation_run_id=run_id)
    assert state(bank, run_id) == "proposed"


def test_a_decision_stands(bank):
    """What was rejected is not approved, and what was approved is not rejected."""
    world.cases(bank, 2)
    rejected, approved = world.proposed(bank), world.proposed(bank, nonce="again")
    services.allocation_reject(actor=bank.qiu, allocation_run_id=rejected, reason="caps are out of date")
    services.allocation_approve(actor=bank.qiu, allocation_run_id=approved)
    with pytest.raises(AllocationNotProposed, match="rejected"):
        services.allocation_approve(actor=bank.mei, allocation_run_id=rejected)
    with pytest.raises(AllocationNotProposed, match="approved"):
        services.allocation_reject(actor=bank.mei, allocation_run_id=approved)


def test_an_allocation_is_not_changed_after_it_was_proposed(bank):
    """The database refuses to change a row, the hash or the policy, to go back a state, and to delete."""
    world.cases(bank, 1)
    run_id = world.proposed(bank)
    changes = [
        lambda: AllocationRun.objects.filter(pk=run_id).update(rows_hash="0" * 64),
        lambda: AllocationRun.objects.filter(pk=run_id).update(state="published"),
        lambda: AllocationRun.objects.filter(pk=run_id).delete(),
        lambda: AllocationRow.objects.filter(allocation_run_id=run_id).update(reason="favour"),
    ]
    for change in changes:
        with acting(bank.system), pytest.raises(DatabaseError), transaction.atomic():
            change()


def test_the_preview_tells_who_gets_what_and_who_is_left_out(bank):
    """Counts and amounts add up to all cases; those left out stand under their rule in both languages."""
    case_ids = world.cases(bank, 30, accounts=2)
    with acting(bank.system):
        person = Person.objects.get(pk__in=[world.known(case_ids=[case_ids[0]]).column("person_id")[0].as_py()])
        hold = {"kind": "dispute", "stops_contact": True, "stops_placement": True, "source_kind": "test", "source_id": 1}
        Hold.objects.create(creditor_id=bank.id, person=person, from_on=world.AS_OF, known_at=world.PLACED_AT, **hold)
    run_id = world.proposed(bank)
    with acting(bank.mei):
        preview = selectors.allocation_preview(creditor_id=bank.id, allocation_run_id=run_id)
        whole = world.known().column("balance_minor").to_pylist()
    assert preview["case_count"] == 30
    assert preview["placed_count"] == sum(row["case_count"] for row in preview["agencies"]) == 29
    assert preview["placed_minor"] == {"CNY": sum(whole) - whole[0]}
    assert preview["left_out"] == [
        {
            "reason": "hold_dispute",
            "case_count": 1,
            "amounts_minor": {"CNY": whole[0]},
            "en": "The debtor disputes the debt.",
            "zh": "债务人提出异议，停止委案。",
        }
    ]
    assert sum(row["case_count"] for row in preview["reasons"]) == 29
    assert {row["code"]: row["cap_count"] for row in preview["agencies"]} == {"aoki": 17, "birch": 17}
    assert preview["slice_count"] == sum(row["slice_count"] for row in preview["agencies"])
    assert 0 <= preview["gap"]["gap_share"] < 1
    assert preview["obstacles"] == []


def test_agencies_and_other_banks_see_no_allocation(bank):
    """For Ann, and for another bank's manager, the allocation does not exist."""
    world.cases(bank, 1)
    run_id = world.proposed(bank)
    other = factories.bank(people.OTHER_BANK)
    for actor in (bank.ann, other.mei):
        with acting(actor), pytest.raises(Absent):
            selectors.access_allocation(actor, allocation_run_id=run_id)
    for model in (AllocationRun, AllocationRow):
        with acting(bank.ann), pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            model.objects.exists()

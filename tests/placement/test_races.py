"""Two people at once: publications, recalls and returns meet in real transactions."""

from __future__ import annotations

from duecourse.kit.errors import Conflict
from duecourse.parties.access import acting
from duecourse.placement import services
from duecourse.placement.models import Placement, PlacementTransition
from duecourse.portfolio.models import Case
from tests import factories
from tests.placement import world


def test_two_publications_of_the_same_cases(committed_db):
    """Of two approved allocations of the same cases exactly one is published; no case is placed twice."""
    bank = factories.bank()
    world.cases(bank, 30)
    runs = [world.approved(bank), world.approved(bank, nonce="second")]

    def publish(number):
        return services.allocation_publish(actor=bank.mei, allocation_run_id=runs[number], at=world.PLACED_AT)

    results = committed_db.parallel(publish, count=2)
    assert sorted(type(result).__name__ for result in results) == ["CasesMovedOn", "list"]
    placed = world.placements(bank.system)
    assert len(placed) == len({case_id for _, case_id, _, _ in placed}) == 30


def test_the_same_publication_by_many(committed_db):
    """Six people press the button at once: one set of batches, and all are told the same."""
    bank = factories.bank()
    world.cases(bank, 12)
    run_id = world.approved(bank)

    def publish(number):
        return services.allocation_publish(actor=bank.mei, allocation_run_id=run_id, at=world.PLACED_AT)

    results = committed_db.parallel(publish, count=6)
    assert all(result == results[0] and len(result) == 2 for result in results)
    assert len(world.placements(bank.system)) == 12


def test_recall_and_publication_of_other_cases_of_the_same_debtors(committed_db):
    """Recalls in both orders of ids, a return, and a publication meet without deadlock, and every placement ends once."""
    bank = factories.bank()
    world.cases(bank, 40)
    world.published(bank)
    world.cases(bank, 20)
    second = world.approved(bank)
    ids = [placement_id for placement_id, *_ in world.placements(bank.system)]
    own = [placement_id for placement_id, *_ in world.placements(bank.ann)]
    at = world.days_later(1)
    calls = [
        lambda: services.placement_recall(actor=bank.mei, placement_ids=ids, reason="audit", at=at),
        lambda: services.placement_recall(actor=bank.qiu, placement_ids=ids[::-1], reason="audit", at=at),
        lambda: services.placement_return(actor=bank.ann, placement_ids=own, reason="no capacity", at=at),
        lambda: services.allocation_publish(actor=bank.mei, allocation_run_id=second, at=at),
    ]
    results = committed_db.parallel(lambda number: calls[number](), count=4)
    assert not [result for result in results if isinstance(result, Exception) and not isinstance(result, Conflict)]
    assert sum(results[:3]) == 40
    with acting(bank.system):
        assert Placement.objects.filter(pk__in=ids, during__upper_inf=True).count() == 0
        assert Placement.objects.filter(during__upper_inf=True).count() == 20
        ended = PlacementTransition.objects.filter(placement_id__in=ids, status__in=["recalled", "returned"])
        assert ended.count() == 40
        assert Case.objects.exclude(open_agency_id=None).count() == 20

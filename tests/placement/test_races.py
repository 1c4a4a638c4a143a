"""Two people at once: publications, recalls and returns meet in real transactions."""

from __future__ import annotations

from datetime import date

import pyarrow as pa

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


def test_recall_and_extension_of_the_same_case_by_two_people(committed_db):
    """Mei applies a recall while Qiu approves an extension of the same cases: one of them moves them, the other is told that they changed."""
    bank = factories.bank()
    world.cases(bank, 12)
    world.published(bank)
    services.policy_set(actor=bank.mei, effective_on=world.AS_OF, terms={"extension_share_cap_bp": 10_000})
    cases = [case_id for _, case_id, *_ in world.placements(bank.system)]
    day, at = date(2026, 9, 4), world.days_later(2)
    grounds = pa.table([cases, ["plan_open"] * len(cases)], schema=services.GROUNDS)
    chosen = {"as_of": day, "case_ids": cases}
    longer = services.moves_preview(
        actor=bank.lin, kind="extend", reason_code="plan_open", until_on=date(2026, 12, 10), grounds=grounds, **chosen
    )
    services.moves_apply(actor=bank.lin, move_set_id=longer.pk)
    recall = services.moves_preview(actor=bank.mei, kind="recall", reason_code="idle", until_on=day, **chosen)
    calls = [
        lambda: services.moves_apply(actor=bank.mei, move_set_id=recall.pk, at=at),
        lambda: services.moves_approve(actor=bank.qiu, move_set_id=longer.pk, at=at),
    ]
    results = committed_db.parallel(lambda number: calls[number](), count=2)
    assert sorted(tuple(result.outcomes.items()) for result in results) == [(("applied", 12),), (("changed", 12),)]
    with acting(bank.system):
        newest = set(PlacementTransition.objects.exclude(status="placed").values_list("status", flat=True))
        terms = set(Placement.objects.values_list("term_until_on", flat=True))
    won = "recall_pending" if results[0].applied_count else "extended"
    assert newest == {won}
    assert terms == {date(2026, 12, 10) if won == "extended" else date(2026, 12, 1)}


def test_two_sets_over_the_same_cases_and_one_set_twice(committed_db):
    """Of overlapping sets each case moves once; the same set pressed by three people moves its cases once and tells all the same."""
    bank = factories.bank()
    world.cases(bank, 30)
    world.published(bank)
    cases = [case_id for _, case_id, *_ in world.placements(bank.system)]
    day, at = date(2026, 9, 4), world.days_later(2)

    def recall(actor, chosen, code):
        return services.moves_preview(actor=actor, kind="recall", reason_code=code, as_of=day, case_ids=chosen)

    sets = [recall(bank.mei, cases[:20], "idle"), recall(bank.lin, cases[10:], "rotation")]
    calls = [(bank.mei, sets[0]), (bank.lin, sets[1]), (bank.lin, sets[0]), (bank.mei, sets[0])]
    results = committed_db.parallel(lambda n: services.moves_apply(actor=calls[n][0], move_set_id=calls[n][1].pk, at=at), count=4)
    assert results[0].outcomes == results[2].outcomes == results[3].outcomes
    assert results[0].applied_count + results[1].applied_count == 30
    changed = [result.outcomes.get("changed", 0) for result in results[:2]]
    assert sorted(changed) == [0, 10]
    with acting(bank.system):
        assert PlacementTransition.objects.filter(status="recalled").count() == 30
        assert not Placement.objects.filter(during__upper_inf=True).exists()
        assert not Case.objects.exclude(open_agency_id=None).exists()


def test_undo_meets_the_job_of_the_night(committed_db):
    """Recalls are undone while the job ends what is due: each case is either back in work or ended, and its history says which."""
    bank = factories.bank()
    world.cases(bank, 10)
    world.published(bank)
    cases = [case_id for _, case_id, *_ in world.placements(bank.system)]
    day = date(2026, 9, 4)
    recall = services.moves_preview(actor=bank.mei, kind="recall", reason_code="idle", as_of=day, until_on=day, case_ids=cases)
    services.moves_apply(actor=bank.mei, move_set_id=recall.pk, at=world.days_later(2))
    calls = [
        lambda: services.moves_undo(actor=bank.mei, move_set_id=recall.pk),
        lambda: services.placements_end_due(actor=bank.system, on=date(2026, 9, 5)),
    ]
    undone, ended = committed_db.parallel(lambda number: calls[number](), count=2)
    undone_count = 0 if isinstance(undone, Conflict) else undone.outcomes.get("undone", 0)
    assert (undone_count, ended) in ((10, 0), (0, 10))

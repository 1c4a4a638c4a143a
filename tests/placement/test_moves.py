"""The life of placements by sets of moves: previewed, decided by a second person, applied, undone.

The law of these tests: what the preview did not allow does not move; what somebody else changed since does not move; what moved stands
in the history with its code, who did it and which set.
"""

from __future__ import annotations

from datetime import date, timedelta

import pyarrow as pa
import pytest
from django.db import InternalError, connection, transaction
from django.db.utils import IntegrityError
from django.test.utils import CaptureQueriesContext

from duecourse.kit.errors import Absent, Forbidden
from duecourse.ledger.models import AuditEvent
from duecourse.parties.access import acting
from duecourse.parties.errors import SamePersonTwice
from duecourse.placement import selectors, services
from duecourse.placement.errors import MoveSetNotOpen, MovesTooMany, MoveUnclear, NothingToUndo, ReasonUnknown
from duecourse.placement.models import AllocationRun, Batch, Placement, PlacementMoveSet, PlacementTransition
from duecourse.portfolio.models import Case, Hold
from tests import factories
from tests.placement import world

pytestmark = pytest.mark.django_db
DAY = date(2026, 9, 10)
AT = world.days_later(8)
TERM = date(2026, 12, 1)


@pytest.fixture
def bank():
    """Lanxi Bank with twenty cases placed on 2 September until 1 December."""
    bank = factories.bank()
    world.cases(bank, 20)
    world.published(bank)
    return bank


def own(actor):
    """Return the cases of the open placements that the actor sees."""
    return [case_id for _, case_id, _, is_open in world.placements(actor) if is_open]


def ground(case_ids, code="promise_open"):
    """Return grounds for an extension."""
    return pa.table([list(case_ids), [code] * len(case_ids)], schema=services.GROUNDS)


def preview(actor, kind, reason_code, case_ids, **arguments):
    """Preview a move on the day."""
    return services.moves_preview(actor=actor, kind=kind, reason_code=reason_code, as_of=DAY, case_ids=case_ids, **arguments)


def said(bank, move_set):
    """Return verdict and outcome by case."""
    with acting(bank.system):
        return {
            row["case_id"]: (row["verdict"], row["outcome"]) for row in selectors.move_rows(creditor_id=bank.id, move_set_id=move_set.pk)
        }


def steps(bank, case_id):
    """Return the history of a case's placements."""
    with acting(bank.system):
        found = PlacementTransition.objects.filter(placement__case_id=case_id).order_by("pk")
        return list(found.values_list("status", "reason_code", "last_on"))


def extend(bank, case_ids, until_on, actor=None, approver=None, reason="promise_open"):
    """Ask for an extension and have it approved."""
    move_set = preview(actor or bank.mei, "extend", reason, case_ids, until_on=until_on, grounds=ground(case_ids))
    services.moves_apply(actor=actor or bank.mei, move_set_id=move_set.pk, at=AT)
    return move_set, services.moves_approve(actor=approver or bank.qiu, move_set_id=move_set.pk, at=AT)


def test_an_extension_takes_a_ground_a_second_person_and_moves_the_term(bank):
    """Ann asks for two cases of hers, one without a ground; Qiu approves; one term is longer, and the history says so."""
    services.policy_set(actor=bank.mei, effective_on=world.AS_OF, terms={"extension_share_cap_bp": 5000})
    cases = own(bank.ann)[:2]
    later = TERM + timedelta(days=20)
    move_set = preview(bank.ann, "extend", "promise_open", cases, until_on=later, grounds=ground(cases[:1]))
    assert said(bank, move_set) == {cases[0]: ("allowed", ""), cases[1]: ("no_ground", "")}
    asked = services.moves_apply(actor=bank.ann, move_set_id=move_set.pk, at=AT)
    assert (asked.state, asked.outcomes) == ("requested", {})
    with acting(bank.system):
        assert set(Placement.objects.values_list("term_until_on", flat=True)) == {TERM}
    with pytest.raises(Forbidden):
        services.moves_approve(actor=bank.ann, move_set_id=move_set.pk)
    result = services.moves_approve(actor=bank.qiu, move_set_id=move_set.pk, at=AT)
    assert result.outcomes == {"applied": 1, "no_ground": 1}
    assert services.moves_approve(actor=bank.qiu, move_set_id=move_set.pk, at=AT).outcomes == result.outcomes
    with acting(bank.system):
        assert Placement.objects.get(case_id=cases[0]).term_until_on == later
        assert Placement.objects.get(case_id=cases[1]).term_until_on == TERM
        event = AuditEvent.objects.get(action="moves_applied")
        assert (event.actor_id, event.details["agency_id"]) == (bank.qiu.user_id, bank.aoki.pk)
    assert steps(bank, cases[0])[-1] == ("extended", "promise_open", later)
    assert services.placements_end_due(actor=bank.system, on=TERM + timedelta(days=1)) == 19


def test_whoever_asks_does_not_approve(bank):
    """Mei asks and may not approve her own extension; Lin may."""
    services.policy_set(actor=bank.mei, effective_on=world.AS_OF, terms={"extension_share_cap_bp": 10_000})
    cases = own(bank.system)[:1]
    move_set = preview(bank.mei, "extend", "promise_open", cases, until_on=TERM + timedelta(days=5), grounds=ground(cases))
    services.moves_apply(actor=bank.mei, move_set_id=move_set.pk)
    with pytest.raises(SamePersonTwice):
        services.moves_approve(actor=bank.mei, move_set_id=move_set.pk)
    assert services.moves_approve(actor=bank.lin, move_set_id=move_set.pk, at=AT).applied_count == 1


def test_an_extension_is_bounded(bank):
    """Too long, not later, beyond the contract, too often, and a debtor under a stop: each row is told its own reason."""
    terms = {"extension_share_cap_bp": 10_000, "extension_days_max": 20}
    services.policy_set(actor=bank.mei, effective_on=world.AS_OF, terms=terms)
    cases = own(bank.ann)[:3]
    ends = [(21, "too_long"), (0, "term_not_later"), (20, "allowed")]
    for days, verdict in ends:
        move_set = preview(bank.mei, "extend", "promise_open", cases[:1], until_on=TERM + timedelta(days=days), grounds=ground(cases))
        assert said(bank, move_set)[cases[0]][0] == verdict, days
    own_words = {"until_on": date(2027, 1, 1), "words": "court date"}
    assert said(bank, preview(bank.mei, "extend", "creditor_decides", cases[:1], **own_words))[cases[0]][0] == "contract_ends"
    extend(bank, cases[1:2], TERM + timedelta(days=5))
    again = preview(bank.mei, "extend", "promise_open", cases[1:2], until_on=TERM + timedelta(days=9), grounds=ground(cases))
    assert said(bank, again)[cases[1]][0] == "too_often"
    hold(bank, cases[2])
    held = preview(bank.mei, "extend", "promise_open", cases[2:], until_on=TERM + timedelta(days=9), grounds=ground(cases))
    assert said(bank, held)[cases[2]][0] == "held"


def hold(bank, case_id, kind="dispute"):
    """Put the debtor of a case under a stop."""
    with acting(bank.system):
        person_id = Case.objects.get(pk=case_id).person_id
        Hold.objects.create(
            creditor_id=bank.id, person_id=person_id, kind=kind, stops_contact=True, stops_placement=True, source_kind="test",
            source_id=case_id, from_on=world.AS_OF, known_at=AT,
        )  # fmt: skip


def test_the_share_of_a_batch_that_may_stay_is_a_cap_over_all_sets(bank):
    """Of ten cases with a cap of three tenths three stay, the largest first; one extended before counts; a free reason does not."""
    services.policy_set(actor=bank.mei, effective_on=world.AS_OF, terms={"extension_share_cap_bp": 3_000})
    with acting(bank.system):
        batch = Batch.objects.get(agency=bank.aoki)
        largest = list(Placement.objects.filter(batch=batch).order_by("-placed_minor", "case_id").values_list("case_id", flat=True))
    cap = batch.case_count * 3_000 // 10_000
    later = TERM + timedelta(days=5)
    move_set, result = extend(bank, largest, later)
    assert result.outcomes == {"applied": cap, "over_share": batch.case_count - cap}
    assert {case_id for case_id, (verdict, _) in said(bank, move_set).items() if verdict == "allowed"} == set(largest[:cap])
    assert extend(bank, largest[cap:], later)[1].outcomes == {"over_share": batch.case_count - cap}
    free = preview(bank.mei, "extend", "creditor_decides", largest[cap:], until_on=later, words="a court date is near")
    assert {verdict for verdict, _ in said(bank, free).values()} == {"allowed"}


def test_the_term_moves_by_its_history_alone(bank):
    """The database refuses a longer term without a step, a shorter one, and a longer one of a placement that has ended."""
    with acting(bank.system):
        found = Placement.objects.order_by("pk").first()
        for day in (TERM + timedelta(days=3), TERM - timedelta(days=3)):
            with pytest.raises((InternalError, IntegrityError), match="moves to a later day only"), transaction.atomic():
                Placement.objects.filter(pk=found.pk).update(term_until_on=day)
        with connection.cursor() as cursor, pytest.raises((InternalError, IntegrityError)), transaction.atomic():
            cursor.execute("UPDATE placement_placement SET hand = 9 WHERE id = %s", [found.pk])


def test_a_recall_is_pending_until_its_final_day_and_may_be_undone(bank):
    """Ann works a case with a pending recall; undone, it stays; recalled again, the job ends it after the final day, and she sees it no more."""
    cases = own(bank.ann)[:3]
    final = DAY + timedelta(days=3)
    first = preview(bank.mei, "recall", "rotation", cases, until_on=final)
    assert services.moves_apply(actor=bank.mei, move_set_id=first.pk, at=AT).applied_count == 3
    assert set(cases) <= set(own(bank.ann))
    assert said(bank, preview(bank.mei, "recall", "rotation", cases, until_on=final))[cases[0]][0] == "recall_pending"
    assert said(bank, preview(bank.mei, "extend", "promise_open", cases, until_on=TERM + timedelta(1), grounds=ground(cases)))[cases[0]][
        0
    ] == ("recall_pending")
    undone = services.moves_undo(actor=bank.mei, move_set_id=first.pk)
    assert (undone.state, undone.outcomes) == ("undone", {"undone": 3})
    assert services.moves_undo(actor=bank.mei, move_set_id=first.pk).outcomes == {"undone": 3}
    second = preview(bank.mei, "recall", "rotation", cases, until_on=final)
    services.moves_apply(actor=bank.mei, move_set_id=second.pk, at=AT)
    assert services.placements_end_due(actor=bank.system, on=final) == 0
    assert services.placements_end_due(actor=bank.system, on=final + timedelta(days=1)) == 3
    assert not set(cases) & set(own(bank.ann))
    with acting(bank.system):
        ended = Placement.objects.filter(case_id__in=cases)
        assert {placement.during.upper.astimezone(world.SHANGHAI).date() for placement in ended} == {final + timedelta(days=1)}
        assert set(ended.values_list("end_reason", flat=True)) == {"rotation"}
    assert [status for status, *_ in steps(bank, cases[0])] == [
        "placed",
        "recall_pending",
        "recall_cancelled",
        "recall_pending",
        "recalled",
    ]
    with pytest.raises(NothingToUndo):
        services.moves_undo(actor=bank.mei, move_set_id=second.pk)


def test_a_final_recall_ends_access_at_once_and_ends_a_pending_one(bank):
    """Recalled with no final day, or by hand after a first step, the case is gone for Ann in the same transaction."""
    cases = own(bank.ann)[:2]
    pending = preview(bank.mei, "recall", "complaint", cases[:1], until_on=DAY + timedelta(days=9))
    services.moves_apply(actor=bank.mei, move_set_id=pending.pk, at=AT)
    at_once = preview(bank.qiu, "recall", "misconduct", cases)
    assert services.moves_apply(actor=bank.qiu, move_set_id=at_once.pk, at=AT).applied_count == 2
    assert not set(cases) & set(own(bank.ann))
    assert [status for status, *_ in steps(bank, cases[0])] == ["placed", "recall_pending", "recalled"]
    assert [status for status, *_ in steps(bank, cases[1])] == ["placed", "recall_pending", "recalled"]
    with pytest.raises(MoveSetNotOpen):
        services.moves_undo(actor=bank.qiu, move_set_id=at_once.pk)


def test_what_somebody_else_changed_is_reported_and_left_alone(bank):
    """Between Mei's preview and her application Ann gives one case back and Lin's recall of another becomes pending: both are left alone."""
    cases = own(bank.ann)[:3]
    mine = preview(bank.mei, "recall", "idle", cases, until_on=DAY + timedelta(days=2))
    back = preview(bank.ann, "return", "unreachable", cases[:1])
    assert services.moves_apply(actor=bank.ann, move_set_id=back.pk, at=AT).applied_count == 1
    other = preview(bank.lin, "recall", "complaint", cases[1:2], until_on=DAY + timedelta(days=9))
    services.moves_apply(actor=bank.lin, move_set_id=other.pk, at=AT)
    result = services.moves_apply(actor=bank.mei, move_set_id=mine.pk, at=AT)
    assert result.outcomes == {"applied": 1, "changed": 2}
    assert said(bank, mine) == {
        cases[0]: ("allowed", "changed"),
        cases[1]: ("allowed", "changed"),
        cases[2]: ("allowed", "applied"),
    }
    assert services.moves_apply(actor=bank.mei, move_set_id=mine.pk, at=AT).outcomes == result.outcomes
    assert steps(bank, cases[1])[-1] == ("recall_pending", "complaint", DAY + timedelta(days=9))


def test_an_agency_moves_what_is_its_own(bank):
    """A case of Birch's does not exist for Ann; she may return and ask to extend, not recall; Bo may neither; her sets are hers to see."""
    others = [case_id for case_id in own(bank.system) if case_id not in own(bank.ann)]
    with pytest.raises(Absent):
        preview(bank.ann, "return", "unreachable", [own(bank.ann)[0], others[0]])
    with pytest.raises(Forbidden):
        preview(bank.ann, "recall", "idle", own(bank.ann))
    with pytest.raises(Forbidden):
        preview(bank.bo, "return", "unreachable", others[:1])
    mine, theirs = preview(bank.ann, "return", "refuses", own(bank.ann)[:1]), preview(bank.mei, "return", "refuses", others[:1])
    with acting(bank.ann):
        assert [found.pk for found in PlacementMoveSet.objects.all()] == [mine.pk]
    with pytest.raises(Absent):
        services.moves_apply(actor=bank.ann, move_set_id=theirs.pk)


def test_a_case_is_closed_with_its_placement(bank):
    """Paid cases, placed or not, are closed with the code; a second set finds them closed."""
    cases = own(bank.ann)[:2]
    services.placement_recall(
        actor=bank.mei, placement_ids=[p for p, c, *_ in world.placements(bank.system) if c == cases[1]], reason_code="idle", at=AT
    )
    move_set = preview(bank.mei, "close", "settled", cases)
    assert services.moves_apply(actor=bank.mei, move_set_id=move_set.pk, at=AT).outcomes == {"applied": 2}
    with acting(bank.system):
        assert set(Case.objects.filter(pk__in=cases).values_list("close_reason", "closed_on")) == {("settled", DAY)}
        assert set(Placement.objects.filter(case_id__in=cases).values_list("end_reason", flat=True)) == {"settled", "idle"}
    assert {verdict for verdict, _ in said(bank, preview(bank.mei, "close", "paid", cases)).values()} == {"closed"}


def test_a_swap_ends_and_begins_in_one_transaction_under_the_rules_of_allocation(bank):
    """Ann's cases go to Birch after Lin's approval with the next hand; to go back is refused, for Aoki has had them; a stop refuses too."""
    cases = own(bank.ann)[:3]
    hold(bank, cases[2])
    move_set = preview(bank.mei, "swap", "conflict_of_interest", cases, to_agency_id=bank.birch.pk)
    assert [verdict for verdict, _ in said(bank, move_set).values()] == ["allowed", "allowed", "hold_dispute"]
    assert services.moves_apply(actor=bank.mei, move_set_id=move_set.pk, at=AT).state == "requested"
    result = services.moves_approve(actor=bank.lin, move_set_id=move_set.pk, at=AT)
    assert result.outcomes == {"applied": 2, "hold_dispute": 1}
    with acting(bank.system):
        for case_id in cases[:2]:
            before, after = Placement.objects.filter(case_id=case_id).order_by("hand")
            assert (before.agency_id, after.agency_id, after.hand) == (bank.aoki.pk, bank.birch.pk, 2)
            assert before.during.upper == after.during.lower == AT
            assert (before.end_reason, Case.objects.get(pk=case_id).open_agency_id) == ("conflict_of_interest", bank.birch.pk)
        run = AllocationRun.objects.get(pk=Batch.objects.get(pk=result.batch_ids[0]).allocation_run_id)
        assert (run.state, run.proposed_by, run.policy["move_set_id"]) == ("published", bank.mei.user_id, move_set.pk)
    back = preview(bank.mei, "swap", "rebalance", cases[:2], to_agency_id=bank.aoki.pk, words="too few seats")
    assert {verdict for verdict, _ in said(bank, back).values()} == {"previous_agency"}
    same = preview(bank.mei, "swap", "rebalance", cases[:2], to_agency_id=bank.birch.pk, words="too few seats")
    assert {verdict for verdict, _ in said(bank, same).values()} == {"same_agency"}


def test_a_request_may_be_withdrawn_or_refused(bank):
    """What waits for a second person is withdrawn by who asked, or refused; after that it cannot be approved."""
    cases = own(bank.ann)[:1]
    later = TERM + timedelta(days=5)
    for number, end in enumerate((services.moves_undo, services.moves_reject)):
        move_set = preview(bank.mei, "extend", "promise_open", cases, until_on=later + timedelta(days=number), grounds=ground(cases))
        services.moves_apply(actor=bank.mei, move_set_id=move_set.pk)
        done = end(actor=bank.lin, move_set_id=move_set.pk)
        assert done.state == ("withdrawn", "rejected")[number]
        with pytest.raises(MoveSetNotOpen):
            services.moves_approve(actor=bank.qiu, move_set_id=move_set.pk)
    with acting(bank.system):
        assert set(Placement.objects.values_list("term_until_on", flat=True)) == {TERM}


def test_a_preview_moves_nothing_and_is_kept_once(bank):
    """The same preview is one set; a batch or an agency can stand for its cases; nothing is written to any placement."""
    with acting(bank.system):
        batch = Batch.objects.get(agency=bank.birch)
        before = PlacementTransition.objects.count()
    arguments = {"actor": bank.mei, "kind": "recall", "reason_code": "idle", "as_of": DAY, "until_on": DAY}
    first = services.moves_preview(batch_id=batch.pk, **arguments)
    assert services.moves_preview(agency_id=bank.birch.pk, **arguments).pk == first.pk
    assert len(said(bank, first)) == batch.case_count
    with acting(bank.system):
        assert PlacementTransition.objects.count() == before


def test_what_a_move_needs_to_say(bank, monkeypatch):
    """Unknown kinds and codes, missing dates, agencies, words and cases are each refused with what is missing."""
    cases = own(bank.mei)
    for kind, code, arguments, error in (
        ("sell", "paid", {}, MoveUnclear),
        ("return", "bored", {}, ReasonUnknown),
        ("extend", "promise_open", {}, MoveUnclear),
        ("swap", "agency_ends", {}, MoveUnclear),
        ("return", "other", {"words": " "}, MoveUnclear),
    ):
        with pytest.raises(error):
            preview(bank.mei, kind, code, cases, **arguments)
    with pytest.raises(MoveUnclear):
        preview(bank.mei, "return", "refuses", None)
    with pytest.raises(Absent):
        preview(bank.mei, "return", "refuses", [10**9])
    monkeypatch.setattr("duecourse.placement.services.moves.MOVES_MAX", 5)
    with pytest.raises(MovesTooMany):
        preview(bank.mei, "return", "refuses", cases)


def test_a_set_of_moves_only_goes_forward(bank):
    """The database refuses another content, a step back, and a change of a row that is not its outcome."""
    move_set = preview(bank.mei, "return", "refuses", own(bank.ann)[:1])
    statements = [
        "UPDATE placement_placementmoveset SET reason_code = 'other'",
        "UPDATE placement_placementmoveset SET state = 'undone'",
        "UPDATE placement_placementmove SET verdict = 'closed'",
        "DELETE FROM placement_placementmoveset",
    ]
    for statement in statements:
        with acting(bank.system), connection.cursor() as cursor, pytest.raises((InternalError, IntegrityError)), transaction.atomic():
            cursor.execute(statement)
    with acting(bank.system):
        assert PlacementMoveSet.objects.get(pk=move_set.pk).state == "previewed"


@pytest.mark.parametrize("kind", ["extend", "recall", "return", "swap", "close"])
def test_moves_are_made_together(bank, kind):
    """A set asks the database as often for ten cases as for one: it is moved set by set, not row by row."""
    cases = own(bank.ann)
    codes = {"extend": "creditor_decides", "recall": "idle", "return": "refuses", "swap": "agency_ends", "close": "paid"}
    extra = {"extend": {"until_on": TERM + timedelta(days=3), "words": "as agreed"}, "swap": {"to_agency_id": bank.birch.pk}}.get(kind, {})
    counts = []
    for chosen in (cases[:1], cases[1:]):
        with CaptureQueriesContext(connection) as asked:
            move_set = preview(bank.mei, kind, codes[kind], chosen, **extra)
            result = services.moves_apply(actor=bank.mei, move_set_id=move_set.pk, at=AT)
            if result.state == "requested":
                result = services.moves_approve(actor=bank.lin, move_set_id=move_set.pk, at=AT)
        assert result.outcomes == {"applied": len(chosen)}
        counts.append(len(asked))
    assert counts[1] <= counts[0]

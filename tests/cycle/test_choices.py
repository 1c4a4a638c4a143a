"""Choices for an allocation: they tighten and never widen, the same choices are the same draft, and a proposal is the draft that was seen."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duecourse.cycle.errors import ChoicesWrong, MonthNotReady
from duecourse.cycle.models import StepRun
from duecourse.cycle.services import AllocationChoices, allocation_draft, perform
from duecourse.cycle.services.compute import COMPUTE
from duecourse.cycle.services.frozen import thaw
from duecourse.cycle.services.runs import draw_secret
from duecourse.cycle.steps import STEPS
from duecourse.doors.commands.cycle import month_of
from duecourse.engine.allocation import AGENCIES
from duecourse.engine.frames import from_rows
from duecourse.kit.clock import frozen
from duecourse.kit.errors import Forbidden
from duecourse.ledger.selectors.files import file_read
from duecourse.parties.access import Actor, acting
from duecourse.parties.models import Agency
from duecourse.placement import selectors
from duecourse.placement.models import AllocationRow, AllocationRun
from duecourse.portfolio.services import tape_intake
from tests.cycle import months

ROW = {"contract_id": 1, "kind": "external", "share_min_bp": 0, "regions": None, "products": None, "multiplier_bp": 10_000, "fee_rate_bp": 0,
       "complaint_cost_minor": 0}  # fmt: skip
COUNTS = st.none() | st.integers(0, 1_000)
SHARES = st.integers(0, 10_000)


def agencies(*limits):
    """Return AGENCIES with (capacity_count, capacity_minor, share_cap_bp) each."""
    rows = [
        ROW | {"agency_id": number, "capacity_count": count, "capacity_minor": minor, "share_cap_bp": share}
        for number, (count, minor, share) in enumerate(limits, 1)
    ]
    return from_rows(rows, AGENCIES)


@given(given_count=COUNTS, chosen=st.integers(0, 1_000), given_share=SHARES, share=SHARES)
def test_choices_only_tighten(given_count, chosen, given_share, share):
    """Whatever is chosen, no limit is above the contract's, and a smallest share is never above the largest."""
    choices = AllocationChoices.of({"agencies": {"1": {"capacity_count": chosen, "share_cap_bp": share, "share_min_bp": share}}})
    row = choices.tightened(agencies((given_count, None, given_share))).to_pylist()[0]
    assert row["capacity_count"] == (chosen if given_count is None else min(given_count, chosen))
    assert row["share_min_bp"] <= row["share_cap_bp"] == min(given_share, share)


def test_nothing_chosen_changes_nothing():
    """No choices leave policy and agencies as they are, and leave nothing in the record that would change a hash."""
    frame, policy = agencies((10, None, 10_000)), {"currency": "CNY", "explore_share_bp": 1_000}
    for record in (None, {}, {"agencies": {"1": {}}}, {"objective": "net"}):
        choices = AllocationChoices.of(record)
        assert choices.tightened(frame) == frame
        assert (choices.policy(policy), choices.record()) == (policy, {})


def test_an_agency_that_is_not_asked_is_not_there():
    """Who is left out by choice is not in the frame; the equal split draws everybody."""
    choices = AllocationChoices.of({"objective": "equal", "agencies": {"2": {"is_asked": False}}})
    assert choices.tightened(agencies((1, None, 1), (1, None, 1))).column("agency_id").to_pylist() == [1]
    assert choices.policy({"explore_share_bp": 1_000}) == {"explore_share_bp": 10_000}


@pytest.mark.parametrize(
    "record",
    [
        {"objective": "glory"},
        {"explore_share_bp": 10_001},
        {"explore_share_bp": True},
        {"colour": 1},
        {"agencies": {"1": {"capacity_count": -1}}},
        {"agencies": {"1": {"is_asked": 1}}},
        {"agencies": {"1": {"share_min_bp": 5_000, "share_cap_bp": 4_000}}},
        {"agencies": {"1": {"share_min_bp": 6_000}, "2": {"share_min_bp": 5_000}}},
        {"may_return_to_previous_agency": "yes"},
    ],
)
def test_impossible_choices_are_refused(record):
    """What cannot be meant is refused with its name, before anything is computed."""
    with pytest.raises(ChoicesWrong):
        AllocationChoices.of(record)


def test_an_agency_without_contract_is_refused():
    """Choices for an agency that cannot be given cases are refused."""
    with pytest.raises(ChoicesWrong, match="7"):
        AllocationChoices.of({"agencies": {"7": {"capacity_count": 1}}}).tightened(agencies((1, None, 1)))


def test_draft_becomes_the_proposal(keeper):
    """A draft records no step; the step with the same choices proposes exactly the draft and can be computed again; others are another run."""
    with keeper.restored("allocate") as moment, frozen(moment.at):
        actor = moment.actor
        with acting(actor):
            first = Agency.objects.filter(creditor_id=actor.creditor_id, kind="external").order_by("code").first()
        chosen = {"agencies": {str(first.pk): {"capacity_count": 3}}}
        month = month_of(actor, months.SUBJECT, as_of=moment.as_of, allocation=chosen)
        draft = allocation_draft(month=month)
        assert allocation_draft(month=month) == draft
        with acting(actor):
            run = AllocationRun.objects.get(pk=draft)
            assert (run.state, run.policy["choices"]) == ("draft", chosen)
            assert AllocationRow.objects.filter(allocation_run_id=draft, agency_id=first.pk).count() <= 3
            assert not StepRun.objects.filter(step="allocate", run=month.run).exists()
            preview = selectors.allocation_preview(creditor_id=actor.creditor_id, allocation_run_id=draft)
            assert preview["state"] == "draft"
        step_run = perform(STEPS[3], month=month)
        assert step_run.counts["allocation_run_id"] == draft
        with acting(actor):
            assert AllocationRun.objects.get(pk=draft).state == "proposed"
            kept = thaw(file_read(creditor_id=actor.creditor_id, file_id=step_run.inputs_file_id))
            assert COMPUTE["allocate"](kept, draw_secret(month.run)).hash() == step_run.outputs_hash
        plain = allocation_draft(month=month_of(actor, months.SUBJECT, as_of=moment.as_of))
        assert plain != draft


def test_an_accountant_drafts_nothing(keeper):
    """Only a manager or an analyst computes drafts."""
    with keeper.restored("allocate") as moment, frozen(moment.at):
        actor = Actor(moment.actor.user_id, moment.actor.creditor_id, None, frozenset({"accountant"}))
        month = month_of(moment.actor, months.SUBJECT, as_of=moment.as_of)
        with pytest.raises(Forbidden):
            allocation_draft(month=replace(month, actor=actor))


def test_a_tape_that_came_in_by_a_page_is_the_months_tape(keeper):
    """The intake of a tape named by its number is the intake of its file: same key, same counts; of another day it is refused."""
    with keeper.restored("intake") as moment, frozen(moment.at):
        taken = tape_intake(actor=moment.actor, path=moment.tape, mapping="native", as_of=moment.as_of)
        by_number = perform(STEPS[0], month=month_of(moment.actor, months.SUBJECT, as_of=moment.as_of, tape_id=taken.tape_id))
        by_file = perform(STEPS[0], month=month_of(moment.actor, months.SUBJECT, as_of=moment.as_of, tape=moment.tape))
        assert by_number == by_file
        assert by_number.counts["accepted_count"] == taken.counts["accepted_count"] > 0
        later = moment.as_of + timedelta(days=1)
        with pytest.raises(MonthNotReady):
            perform(STEPS[0], month=month_of(moment.actor, months.SUBJECT, as_of=later, tape_id=taken.tape_id))

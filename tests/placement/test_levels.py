"""Policies, the ends of terms over holidays, and what is owed, idle, over, or behind its goal."""

from __future__ import annotations

from datetime import date, timedelta

import pyarrow as pa
import pytest

from duecourse.parties.access import acting
from duecourse.parties.models import CREDITOR_ROLES, Role
from duecourse.placement import selectors, services
from duecourse.placement.errors import PolicyWrong
from duecourse.placement.models import Batch, Placement
from duecourse.portfolio.models import Case, Hold
from tests import factories
from tests.placement import world

DAY = date(2026, 9, 2)


@pytest.fixture
def bank(db):
    """Lanxi Bank with ten cases placed on 2 September."""
    bank = factories.bank()
    world.cases(bank, 10)
    world.published(bank)
    return bank


def stop(bank, case_id, kind):
    """Put the debtor of a case under a stop of contact."""
    with acting(bank.system):
        Hold.objects.create(
            creditor_id=bank.id, person_id=Case.objects.get(pk=case_id).person_id, kind=kind, stops_contact=True, stops_placement=True,
            source_kind="test", source_id=case_id, from_on=DAY, known_at=world.PLACED_AT,
        )  # fmt: skip


def attempts(*rows):
    """Return attempts as (case, day)."""
    return pa.table([[case for case, _ in rows], [day for _, day in rows]], schema=selectors.ATTEMPTED)


@pytest.mark.parametrize(
    ("asked_on", "rule", "until_on", "is_known"),
    [
        (date(2026, 10, 1), "following", date(2026, 10, 8), True),
        (date(2026, 10, 1), "preceding", date(2026, 9, 30), True),
        (date(2026, 10, 31), "modified_following", date(2026, 10, 30), True),
        (date(2026, 10, 1), "none", date(2026, 10, 1), True),
        (date(2026, 10, 10), "following", date(2026, 10, 10), True),
        (date(2031, 10, 1), "following", date(2031, 10, 1), False),
    ],
)
def test_a_term_rolls_over_holidays_by_its_rule(asked_on, rule, until_on, is_known):
    """National Day week moves an end by the rule's name, a Saturday that is worked does not, and an unknown year is left and said."""
    end = selectors.term_end(asked_on, rule=rule, calendar_name="china")
    assert (end.until_on, end.asked_on, end.is_known) == (until_on, asked_on, is_known)


def test_a_term_without_a_known_calendar_is_left(db):
    """A calendar nobody wrote leaves the day and says that it is not known."""
    assert not selectors.term_end(DAY, rule="following", calendar_name="moon").is_known


@pytest.mark.django_db
def test_a_publication_rolls_the_term_of_its_batches():
    """With the rule `following` a term of 35 days from 2 September ends on 8 October, after the holidays."""
    bank = factories.bank()
    factories.services.contract_version_add(
        actor=bank.mei, contract_id=bank.aoki_terms.contract.pk, **(factories.TERMS | {"placement_term_days": 35})
    )
    services.policy_set(actor=bank.mei, effective_on=world.AS_OF, terms={"roll_rule": "following"})
    world.cases(bank, 4)
    world.published(bank)
    with acting(bank.system):
        assert Batch.objects.get(agency=bank.aoki).term_until_on == DAY + timedelta(days=36)
        assert set(Placement.objects.filter(agency=bank.aoki).values_list("term_until_on", flat=True)) == {date(2026, 10, 8)}


def test_a_policy_is_dated_and_a_contract_may_have_its_own(bank):
    """The newest row of the day counts; a contract's row changes the creditor's; unknown choices and wrong values are refused together."""
    services.policy_set(actor=bank.mei, effective_on=date(2026, 9, 1), terms={"idle_days": 5, "goal_rate_bp": 900})
    services.policy_set(actor=bank.mei, effective_on=date(2026, 10, 1), terms={"idle_days": 6})
    contract = bank.aoki_terms.contract.pk
    services.policy_set(actor=bank.mei, effective_on=date(2026, 9, 1), terms={"goal_rate_bp": 1200}, contract_id=contract)
    with acting(bank.system):

        def chosen(on, contract_id=None):
            found = selectors.policy_on(creditor_id=bank.id, on=on, contract_id=contract_id)
            return found.idle_days, found.goal_rate_bp

        assert chosen(date(2026, 8, 31)) == (14, None)
        assert chosen(date(2026, 9, 30), contract) == (5, 1200)
        assert chosen(date(2026, 10, 1)) == (6, None)
    with pytest.raises(PolicyWrong) as refused:
        services.policy_set(
            actor=bank.mei, effective_on=DAY, terms={"idle_days": -1, "roll_rule": "up", "speed": 1, "goal_rate_bp": 10_001}
        )
    assert all(name in refused.value.message() for name in ("idle_days", "roll_rule", "speed", "goal_rate_bp"))


def test_a_first_contact_is_owed(bank):
    """Two days after placement nothing is owed; on the third what has no attempt since is, a stop apart; an older attempt does not count."""
    cases = [case_id for _, case_id, *_ in world.placements(bank.system)]
    made = attempts((cases[0], DAY), (cases[1], DAY - timedelta(days=1)))
    stop(bank, cases[2], "dispute")
    with acting(bank.system):
        call = {"creditor_id": bank.id, "attempted": made}
        assert selectors.first_contact_owed(on=DAY + timedelta(days=2), **call) == []
        owed = selectors.first_contact_owed(on=DAY + timedelta(days=3), **call)
    assert [row["case_id"] for row in owed] == [case for case in cases if case not in (cases[0], cases[2])]
    assert {(row["owed_on"], row["late_days"]) for row in owed} == {(DAY + timedelta(days=2), 1)}


def test_idle_cases_are_counted_from_the_newest_attempt(bank):
    """Fourteen days are not idle, fifteen are; Ann sees her own."""
    cases = [case_id for _, case_id, *_ in world.placements(bank.ann)]
    made = attempts((cases[0], DAY + timedelta(days=5)), (cases[0], DAY + timedelta(days=1)))
    with acting(bank.ann):
        idle = selectors.idle_placements(creditor_id=bank.id, on=DAY + timedelta(days=15), attempted=made)
        later = selectors.idle_placements(creditor_id=bank.id, on=DAY + timedelta(days=20), attempted=made)
    assert [row["case_id"] for row in idle] == cases[1:]
    assert [(row["case_id"], row["idle_days"], row["last_on"]) for row in later if row["case_id"] == cases[0]] == [
        (cases[0], 15, DAY + timedelta(days=5))
    ]


def test_a_hand_is_over_and_the_case_is_placed_anew_with_the_next(bank):
    """At 60 days by policy the first hand is over; recalled as rotation, the cases go out again with hand two, to another agency."""
    services.policy_set(actor=bank.mei, effective_on=world.AS_OF, terms={"rotation_days": [60, 180]})
    with acting(bank.system):
        assert selectors.rotation_due(creditor_id=bank.id, on=DAY + timedelta(days=59)) == []
        due = selectors.rotation_due(creditor_id=bank.id, on=DAY + timedelta(days=60))
    assert {(row["hand"], row["next_hand"], row["due_on"]) for row in due} == {(1, 2, DAY + timedelta(days=60))}
    before = {case_id: agency_id for _, case_id, agency_id, _ in world.placements(bank.system)}
    at = world.days_later(60)
    recall = services.moves_preview(
        actor=bank.mei, kind="recall", reason_code="rotation", as_of=at.date(), case_ids=[row["case_id"] for row in due]
    )
    assert services.moves_apply(actor=bank.mei, move_set_id=recall.pk, at=at).applied_count == 10
    world.published(bank, at=at, nonce="again", explore_share_bp=0)
    again = [(case_id, agency_id) for _, case_id, agency_id, is_open in world.placements(bank.system) if is_open]
    assert again
    assert all(before[case_id] != agency_id for case_id, agency_id in again)
    with acting(bank.system):
        assert set(Placement.objects.filter(during__upper_inf=True).values_list("hand", flat=True)) == {2}
        assert selectors.rotation_due(creditor_id=bank.id, on=at.date() + timedelta(days=179)) == []


def test_a_batch_is_measured_against_goal_and_term(bank):
    """The live rate leaves out what a stop takes out of it, the contract's does not; the pace is the goal's share of the days gone by."""
    services.policy_set(actor=bank.mei, effective_on=world.AS_OF, terms={"goal_rate_bp": 910})
    with acting(bank.system):
        batch = Batch.objects.get(agency=bank.aoki)
        own = list(Placement.objects.filter(batch=batch).order_by("pk"))
    stop(bank, own[0].case_id, "deceased")
    stop(bank, own[1].case_id, "dispute")
    recovered = {batch.pk: 7_000, 10**9: 99}
    with acting(bank.system):
        rates = selectors.batch_rates(creditor_id=bank.id, batch_ids=[batch.pk, 10**9], on=DAY + timedelta(days=9), recovered=recovered)
    assert list(rates) == [batch.pk]
    rate = rates[batch.pk]
    placed_minor = sum(row.placed_minor for row in own)
    counted_minor = placed_minor - own[0].placed_minor
    assert (rate.placed_minor, rate.counted_minor, rate.recovered_minor) == (placed_minor, counted_minor, 7_000)
    assert (rate.rate_bp, rate.contract_rate_bp) == (70_000_000 // counted_minor, 70_000_000 // placed_minor)
    assert (rate.elapsed_bp, rate.pace_rate_bp) == (10 * 10_000 // 91, 910 * (10 * 10_000 // 91) // 10_000)


def test_reasons_are_whole():
    """Every reason has both languages and roles that exist; each kind has some; a verdict nobody wrote stands for itself."""
    for kind in selectors.MOVE_KINDS:
        reasons = selectors.move_reasons(kind).values()
        assert reasons
        for reason in reasons:
            assert reason.en
            assert any(letter >= "\u4e00" for letter in reason.zh)
            assert set(reason.roles) <= {str(role) for role in (*CREDITOR_ROLES, Role.LEAD)}
    assert selectors.verdict_text("region")[0] == "The agency does not work in this region."
    assert selectors.verdict_text("hold_deceased")[1] == "债务人身故。"
    assert selectors.verdict_text("nowhere") == ("nowhere", "nowhere")

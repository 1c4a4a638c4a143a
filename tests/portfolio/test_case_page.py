"""What a page about a case reads and does: ages explained, households, looks for a purpose, holds placed by hand."""

from __future__ import annotations

from datetime import date, timedelta
from threading import Thread

import pytest

from duecourse.engine.ageing import age
from duecourse.kit.clock import frozen, now
from duecourse.kit.errors import Absent, Forbidden
from duecourse.parties.access import acting
from duecourse.portfolio import selectors, services
from duecourse.portfolio.errors import (
    CaseMissing,
    HoldNotByHand,
    HoldStands,
    LooksExhausted,
    PurposeNamesSomebody,
    PurposeUnknown,
    PurposeUnsaid,
    SpanEmpty,
)
from duecourse.portfolio.models import Case, Hold, Obligation
from duecourse.portfolio.services.looks import LOOKS_PER_HOUR
from tests.portfolio.tapes import CHEN, DAI, row
from tests.portfolio.test_cases import aged, place, take

MARCH = date(2026, 3, 1)


@pytest.fixture
def portfolio(bank, tape):
    """Chen with a card and a loan, Dai with a loan; returns number → (case, account)."""
    loan = {"product_class": "consumer_loan", "lender_class": "consumer_finance", "oldest_due_on": "2025-12-15"}
    take(bank, tape([row("A-1", **CHEN), row("A-2", **CHEN, balance="3000.00") | loan, row("B-1", **DAI, balance="50.00")]))
    with acting(bank.mei):
        return selectors.case_accounts_by_number(creditor_id=bank.id)


def person_of(bank, case_id) -> int:
    """Return the debtor of a case."""
    with acting(bank.mei):
        return Case.objects.get(creditor_id=bank.id, pk=case_id).person_id


def test_an_age_is_a_subtraction(bank, portfolio):
    """The days from the oldest due date less the paused ones are the days past due, and the bucket's edges hold them."""
    account_id = portfolio["A-2"][1]
    services.pause_add(
        actor=bank.mei,
        account_id=account_id,
        kind="holiday",
        source_kind="test",
        source_id=1,
        from_on=date(2026, 1, 1),
        until_on=date(2026, 1, 5),
    )
    aged(bank)
    with acting(bank.mei):
        found = selectors.ages_explained(creditor_id=bank.id, account_ids=[account_id])[account_id]
    assert found.oldest_due_on == date(2025, 12, 15)
    assert (found.elapsed_days_count, found.paused_days_count, found.other_days_count) == (76, 4, 0)
    assert found.days_past_due == 76 - 4
    assert found.first_day <= found.days_past_due <= found.last_day
    assert [pause.is_counted for pause in found.pauses] == [True]


def test_the_banks_own_count_is_said_to_be_its_own(bank, tape):
    """Where the core system counts, its number stands and no due date is subtracted."""
    take(bank, tape([row("A-1", **CHEN, days_past_due="45")]))
    with acting(bank.mei):
        account_id = selectors.case_accounts_by_number(creditor_id=bank.id)["A-1"][1]
        accounts, pauses = selectors.ageing_inputs(creditor_id=bank.id, as_of=MARCH)
    services.snapshots_write(actor=bank.mei, step_run_id=1, frame=age(accounts, pauses, as_of=MARCH, convention="actual"))
    with acting(bank.mei):
        found = selectors.ages_explained(creditor_id=bank.id, account_ids=[account_id])[account_id]
    assert (found.counted_by, found.elapsed_days_count, found.days_past_due, found.other_days_count) == ("core", 45, 45, 0)


def test_household_of_a_debtor(bank, portfolio):
    """Chen's two accounts stand in one household with its balances; a guarantor stands beside, by a shortened name and own case."""
    aged(bank)
    case_id, account_id = portfolio["A-1"]
    with acting(bank.mei):
        Obligation.objects.create(
            creditor_id=bank.id, account_id=account_id, person_id=person_of(bank, portfolio["B-1"][0]), role="guarantor", from_on=MARCH
        )
        found = selectors.household(actor=bank.mei, case_id=case_id)
    assert [account["number"] for account in found.accounts] == ["A-1", "A-2"]
    assert found.of_case(case_id) == found.accounts
    assert found.owed_by_currency() == {"CNY": sum(account["balance_minor"] for account in found.accounts)}
    (guarantor,) = found.obligors
    assert (guarantor["name"], guarantor["role"], guarantor["case_id"]) == (f"{DAI['person_name'][0]}*", "guarantor", portfolio["B-1"][0])


def test_an_agency_sees_no_account_that_is_not_with_it(bank, portfolio):
    """The guarantor's agency sees its own debtor's accounts only, and the case of the other debtor is absent for it."""
    aged(bank)
    chen_case, account_id = portfolio["A-1"]
    dai_case = portfolio["B-1"][0]
    with acting(bank.mei):
        Obligation.objects.create(
            creditor_id=bank.id, account_id=account_id, person_id=person_of(bank, dai_case), role="guarantor", from_on=MARCH
        )
        seen_by_mei = selectors.household(actor=bank.mei, case_id=dai_case)
    assert [account["number"] for account in seen_by_mei.accounts] == ["B-1", "A-1"]
    place(bank, dai_case, bank.aoki)
    with acting(bank.ann):
        found = selectors.household(actor=bank.ann, case_id=dai_case)
        assert [account["number"] for account in found.accounts] == ["B-1"]
        assert [case["id"] for case in found.cases] == [dai_case]
        assert found.obligors == []
        with pytest.raises(CaseMissing):
            selectors.household(actor=bank.ann, case_id=chen_case)


def test_a_look_has_a_purpose_from_the_list(bank, portfolio):
    """The purpose and its words stand in the trail; an unknown one, none, or one that names somebody opens nothing."""
    from duecourse.ledger.models import AuditEvent

    person_id = person_of(bank, portfolio["A-1"][0])
    shown = services.person_look(actor=bank.mei, person_id=person_id, purpose="complaint", words="  letter of\n3 March ")
    assert shown.name == CHEN["person_name"]
    with acting(bank.mei):
        assert AuditEvent.objects.get(pk=shown.reveal.event_id).details == {"purpose": "complaint: letter of 3 March"}
        before = AuditEvent.objects.filter(action="person_revealed").count()
    for purpose, words, error in (
        ("curious", "", PurposeUnknown),
        ("other", "hm", PurposeUnsaid),
        ("complaint", "x" * 201, PurposeUnsaid),
        ("complaint", "call 138 0000 0001", PurposeNamesSomebody),
        ("complaint", "wrote from chen@example.com", PurposeNamesSomebody),
    ):
        with pytest.raises(error):
            services.person_look(actor=bank.mei, person_id=person_id, purpose=purpose, words=words)
    with acting(bank.mei):
        assert AuditEvent.objects.filter(action="person_revealed").count() == before


def test_who_only_reads_does_not_look(bank, portfolio):
    """An analyst and a reader are refused, and so is an agency without the case."""
    from dataclasses import replace

    from duecourse.portfolio.errors import PersonMissing

    person_id = person_of(bank, portfolio["A-1"][0])
    for role in ("read_only", "analyst"):
        with pytest.raises(Forbidden):
            services.person_look(actor=replace(bank.mei, roles=frozenset({role})), person_id=person_id, purpose="complaint")
    with pytest.raises(PersonMissing):
        services.person_look(actor=bank.ann, person_id=person_id, purpose="complaint")


@pytest.mark.parametrize("looker", ["mei", "ann"])
def test_looks_are_counted_by_the_hour(bank, portfolio, looker):
    """After the hour's looks the next is refused with the minutes to wait, another user may still look, and an hour later all is open."""
    case_id = portfolio["A-1"][0]
    person_id = person_of(bank, case_id)
    place(bank, case_id, bank.aoki)
    actor = getattr(bank, looker)
    instant = now()
    with frozen(instant):
        for _ in range(LOOKS_PER_HOUR):
            services.person_look(actor=actor, person_id=person_id, purpose="complaint")
    with frozen(instant + timedelta(minutes=20)), pytest.raises(LooksExhausted, match="40 minutes"):
        services.person_look(actor=actor, person_id=person_id, purpose="complaint")
    with frozen(instant + timedelta(minutes=20)):
        services.person_look(actor=bank.qiu, person_id=person_id, purpose="inspection")
    with frozen(instant + timedelta(minutes=61)):
        services.person_look(actor=actor, person_id=person_id, purpose="complaint")


def test_a_hold_by_hand(bank, portfolio):
    """A hold stops what its reason stops; a second one of the kind is refused; lifted, it may be placed again."""
    case_id = portfolio["A-1"][0]
    hold_id = services.hold_by_hand(actor=bank.qiu, case_id=case_id, kind="deceased", from_on=MARCH)
    with acting(bank.mei):
        hold = Hold.objects.get(pk=hold_id)
        assert (hold.stops_contact, hold.stops_placement, hold.source_kind) == (True, True, "audit_event")
    with pytest.raises(HoldStands):
        services.hold_by_hand(actor=bank.mei, case_id=case_id, kind="deceased", from_on=MARCH)
    services.hold_lift_by_hand(actor=bank.mei, case_id=case_id, hold_id=hold_id, on=MARCH + timedelta(days=3))
    services.hold_lift_by_hand(actor=bank.mei, case_id=case_id, hold_id=hold_id, on=MARCH + timedelta(days=9))
    with acting(bank.mei):
        assert Hold.objects.get(pk=hold_id).until_on == MARCH + timedelta(days=3)
    assert services.hold_by_hand(actor=bank.mei, case_id=case_id, kind="deceased", from_on=MARCH + timedelta(days=4)) != hold_id


def test_holds_by_hand_that_are_refused(bank, portfolio):
    """Another role, a kind that another room keeps, a kind that is none, a span without a day, another debtor's hold."""
    case_id, other_case = portfolio["A-1"][0], portfolio["B-1"][0]
    with pytest.raises(Forbidden):
        services.hold_by_hand(actor=bank.fan, case_id=case_id, kind="deceased", from_on=MARCH)
    with pytest.raises(Forbidden):
        services.hold_by_hand(actor=bank.ann, case_id=case_id, kind="deceased", from_on=MARCH)
    for kind in ("dispute", "plan", "'; DROP TABLE portfolio_hold; --"):
        with pytest.raises(Absent):
            services.hold_by_hand(actor=bank.mei, case_id=case_id, kind=kind, from_on=MARCH)
    with pytest.raises(SpanEmpty):
        services.hold_by_hand(actor=bank.mei, case_id=case_id, kind="deceased", from_on=MARCH, until_on=MARCH)
    hold_id = services.hold_by_hand(actor=bank.mei, case_id=other_case, kind="deceased", from_on=MARCH)
    with pytest.raises(Absent):
        services.hold_lift_by_hand(actor=bank.mei, case_id=case_id, hold_id=hold_id, on=MARCH)
    person_id = person_of(bank, case_id)
    disputed = services.hold_place(
        actor=bank.mei,
        person_id=person_id,
        kind="dispute",
        stops_contact=True,
        stops_placement=True,
        source_kind="dispute",
        source_id=1,
        from_on=MARCH,
    )
    with pytest.raises(HoldNotByHand):
        services.hold_lift_by_hand(actor=bank.mei, case_id=case_id, hold_id=disputed, on=MARCH)


def test_two_people_place_one_hold(committed_db, home, tmp_path):
    """Mei and Qiu press at once: one hold stands, and the other is told so."""
    from django.db import connections

    from tests import factories
    from tests.portfolio.tapes import TapeFile

    bank = factories.bank()
    take(bank, TapeFile(tmp_path)([row("A-1", **CHEN)]))
    with acting(bank.mei):
        case_id = selectors.case_accounts_by_number(creditor_id=bank.id)["A-1"][0]
    told: list[object] = []

    def press(actor) -> None:
        try:
            told.append(services.hold_by_hand(actor=actor, case_id=case_id, kind="bankrupt", from_on=MARCH))
        except HoldStands as error:
            told.append(error)
        finally:
            connections.close_all()

    presses = [Thread(target=press, args=(actor,)) for actor in (bank.mei, bank.qiu)]
    for thread in presses:
        thread.start()
    for thread in presses:
        thread.join()
    assert sorted(type(answer).__name__ for answer in told) == ["HoldStands", "int"]
    with acting(bank.mei):
        assert Hold.objects.filter(creditor_id=bank.id, kind="bankrupt").count() == 1

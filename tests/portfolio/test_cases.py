"""Cases, holds, pauses, ages and scores: what the steps of a month write and read.

1. A case is closed when no tape shows its accounts any more, and not before (docs/algorithms/intake.md).
2. Frames hold each account or case once, and only what the actor may see.
3. A look at a person stands in the trail; an agency looks only at persons whose case it has.
"""

from __future__ import annotations

from datetime import date

import pyarrow as pa
import pytest

from duecourse.engine.ageing import age
from duecourse.kit.errors import Forbidden
from duecourse.kit.masking import RevealRefused
from duecourse.ledger.services import PostingLine, entry_post
from duecourse.parties.access import acting
from duecourse.portfolio import selectors, services
from duecourse.portfolio.errors import (
    AccountMissing,
    AsOfUnlike,
    CaseClosed,
    CaseMissing,
    CasePlaced,
    FieldsUncontracted,
    HoldConflict,
    PersonErased,
    PersonMissing,
    SpanEmpty,
)
from duecourse.portfolio.models import Account, Case, CaseAccount, CaseTransition, ContactPoint, Hold, Pause, Person, PersonSecret
from tests.portfolio.tapes import CHEN, DAI, row

MARCH, APRIL = date(2026, 3, 1), date(2026, 4, 1)
HOLD = {"kind": "dispute", "stops_contact": True, "stops_placement": True, "source_kind": "dispute", "source_id": 7, "from_on": MARCH}


def take(bank, path, *, as_of=MARCH):
    """Take a file in as Mei."""
    return services.tape_intake(actor=bank.mei, path=path, mapping="native", as_of=as_of)


@pytest.fixture
def portfolio(bank, tape):
    """Chen with a card and a loan, Dai with a loan; returns number → (case, account)."""
    loan = {"product_class": "consumer_loan", "lender_class": "consumer_finance", "oldest_due_on": "2025-12-15"}
    take(bank, tape([row("A-1", **CHEN), row("A-2", **CHEN, balance="3000.00") | loan, row("B-1", **DAI, balance="50.00")]))
    with acting(bank.mei):
        return selectors.case_accounts_by_number(creditor_id=bank.id)


def aged(bank, *, as_of=MARCH, step_run_id=1):
    """Age the accounts, store the ages, and return the cases' frame as rows."""
    with acting(bank.mei):
        accounts, pauses = selectors.ageing_inputs(creditor_id=bank.id, as_of=as_of)
    services.snapshots_write(actor=bank.mei, step_run_id=step_run_id, frame=age(accounts, pauses, as_of=as_of, convention="actual"))
    with acting(bank.mei):
        return selectors.case_frame(creditor_id=bank.id, step_run_id=step_run_id).to_pylist()


def place(bank, case_id, agency, *, hand=1):
    """Give a case to an agency, or to nobody."""
    rows = pa.table({"case_id": [case_id], "agency_id": pa.array([agency and agency.pk], pa.int64()), "hand": pa.array([hand], pa.int16())})
    return services.cases_placed(actor=bank.system, rows=rows)


def test_ages_of_a_tape(bank, portfolio):
    """Both accounts of a debtor are one row: the oldest account's age, the larger product's class, the sum of the balances."""
    chen, dai = aged(bank)
    assert chen == {
        "case_id": portfolio["A-1"][0],
        "person_id": chen["person_id"],
        "product_class": "consumer_loan",
        "lender_class": "consumer_finance",
        "region": "330700",
        "currency": "CNY",
        "bucket": "M3",
        "bucket_number": 3,
        "days_past_due": 76,
        "balance_minor": 402_175,
        "account_count": 2,
        "hand": 1,
        "hold_kinds": [],
    }
    assert (dai["product_class"], dai["days_past_due"], dai["balance_minor"]) == ("credit_card", 45, 5_000)
    with acting(bank.mei):
        assert selectors.snapshot_frame(creditor_id=bank.id, step_run_id=1).num_rows == 3
        assert selectors.case_frame(creditor_id=bank.id, step_run_id=2).num_rows == 0


def test_an_execution_is_written_once(bank, portfolio):
    """Ages and scores are append-only: the same execution does not write twice."""
    aged(bank)
    with pytest.raises(AsOfUnlike, match="written already"):
        aged(bank)
    case_id = portfolio["A-1"][0]
    scored = pa.table({"case_id": [case_id], "segment_key": ["card|CNY|M3"], "expected_recovered_minor": [700]})
    assert services.scores_write(actor=bank.mei, step_run_id=2, model_version="m/1", frame=scored) == 1
    with pytest.raises(AsOfUnlike):
        services.scores_write(actor=bank.mei, step_run_id=2, model_version="m/1", frame=scored)
    with acting(bank.mei):
        found = selectors.score_frame(creditor_id=bank.id, step_run_id=2).to_pylist()
    assert found == [{"case_id": case_id, "model_version": "m/1", "segment_key": "card|CNY|M3", "expected_recovered_minor": 700}]


def test_pause_stops_the_clock(bank, portfolio):
    """A backdated pause takes its days off; a repeat of it is the same pause."""
    pause = {"kind": "hardship", "source_kind": "hardship", "source_id": 3, "from_on": date(2026, 2, 1), "until_on": date(2026, 2, 11)}
    first = services.pause_add(actor=bank.qiu, account_id=portfolio["B-1"][1], **pause)
    assert services.pause_add(actor=bank.qiu, account_id=portfolio["B-1"][1], **pause) == first
    assert aged(bank)[1]["days_past_due"] == 35
    with acting(bank.mei):
        assert Pause.objects.count() == 1
    with pytest.raises(SpanEmpty):
        services.pause_add(actor=bank.qiu, account_id=portfolio["B-1"][1], **pause | {"until_on": date(2026, 2, 1)})
    with pytest.raises(AccountMissing):
        services.pause_add(actor=bank.qiu, account_id=10**9, **pause)


def test_own_ledger_counts_where_it_has_the_authority(bank, portfolio):
    """An account whose balance is our own is aged with what our ledger says, and a tape does not move it."""
    account_id = portfolio["B-1"][1]
    with acting(bank.mei):
        Account.objects.filter(pk=account_id).update(balance_authority="self")
        lines = [PostingLine("cash", 2_000, "CNY"), PostingLine("receivable", -2_000, "CNY", account_id=account_id, component="principal")]
        entry_post(
            creditor_id=bank.id, kind="payment", source_kind="test", source_id=1, value_on=MARCH, booked_on=MARCH, postings=lines
        )  # fmt: skip
    assert aged(bank)[1]["balance_minor"] == 3_000


def test_hold_is_placed_once_and_lifted(bank, portfolio):
    """The same source places the same hold; another content is a conflict; once lifted it does not show the day after."""
    case = aged(bank)[0]
    first = services.hold_place(actor=bank.qiu, person_id=case["person_id"], **HOLD)
    assert services.hold_place(actor=bank.qiu, person_id=case["person_id"], **HOLD) == first
    with pytest.raises(HoldConflict):
        services.hold_place(actor=bank.qiu, person_id=case["person_id"], **HOLD | {"stops_contact": False})
    assert aged(bank, step_run_id=2)[0]["hold_kinds"] == ["dispute"]
    assert services.hold_lift(actor=bank.qiu, source_kind="dispute", source_id=7, on=date(2026, 3, 5)) == 1
    assert services.hold_lift(actor=bank.qiu, source_kind="dispute", source_id=7, on=date(2026, 3, 6)) == 0
    with acting(bank.mei):
        counts = [selectors.holds_frame(creditor_id=bank.id, as_of=day).num_rows for day in (MARCH, date(2026, 3, 4), date(2026, 3, 5))]
        assert counts == [1, 1, 0]
        assert Hold.objects.get().until_on == date(2026, 3, 5)


def test_agency_may_hold_only_whom_it_sees(bank, portfolio):
    """A collector who hears of a dispute can stop contact with a debtor of theirs, and with nobody else's."""
    chen = aged(bank)[0]
    with pytest.raises(PersonMissing):
        services.hold_place(actor=bank.ann, person_id=chen["person_id"], **HOLD)
    place(bank, chen["case_id"], bank.aoki)
    assert services.hold_place(actor=bank.ann, person_id=chen["person_id"], **HOLD)
    with pytest.raises(PersonMissing):
        services.hold_place(actor=bank.bo, person_id=chen["person_id"], **HOLD | {"source_id": 8})


def test_placing_sets_agency_and_hand(bank, portfolio):
    """The next hand follows from the placements there were; a case that is back with nobody keeps its count."""
    case_id = portfolio["A-1"][0]
    place(bank, case_id, bank.aoki)
    place(bank, case_id, None)
    assert aged(bank)[0]["hand"] == 2
    with acting(bank.mei):
        assert (Case.objects.get(pk=case_id).open_agency_id, Case.objects.get(pk=case_id).hand_count) == (None, 1)
    with pytest.raises(CaseMissing):
        place(bank, 10**9, bank.aoki)


def test_closing_a_case(bank, portfolio):
    """A case with an agency is not closed; then it is, once; and a closed one is not placed."""
    case_id = portfolio["B-1"][0]
    place(bank, case_id, bank.birch)
    with pytest.raises(CasePlaced):
        services.case_close(actor=bank.mei, case_id=case_id, on=APRIL, reason="paid")
    place(bank, case_id, None)
    for _ in range(2):
        services.case_close(actor=bank.mei, case_id=case_id, on=APRIL, reason="paid")
    with acting(bank.mei):
        assert list(CaseTransition.objects.filter(case_id=case_id).order_by("pk").values_list("status", "reason")) == [
            ("opened", "tape"),
            ("closed", "paid"),
        ]
        assert CaseAccount.objects.get(case_id=case_id).until_on == APRIL
    with pytest.raises(CaseClosed):
        services.case_close(actor=bank.mei, case_id=case_id, on=APRIL, reason="written off")
    with pytest.raises(CaseClosed):
        place(bank, case_id, bank.birch, hand=2)
    with pytest.raises(Forbidden):
        services.case_close(actor=bank.fan, case_id=case_id, on=APRIL, reason="paid")


def test_what_left_the_tape_is_closed_and_what_comes_back_is_opened_anew(bank, tape, portfolio):
    """Dai is gone and his case closes; Chen's paid account leaves her case, which stays; Dai's next arrears are a new case."""
    loan = {"product_class": "consumer_loan", "lender_class": "consumer_finance"}
    april = take(bank, tape([row("A-1", **CHEN, balance="0.00"), row("A-2", **CHEN, balance="2900.00") | loan], name="a.csv"), as_of=APRIL)
    place(bank, portfolio["B-1"][0], bank.birch)
    gone = services.cases_close_absent(actor=bank.mei, tape_id=april.tape_id)
    assert gone == [portfolio["B-1"][0]] == services.cases_close_absent(actor=bank.mei, tape_id=april.tape_id)
    assert place(bank, gone[0], None) == 1
    with acting(bank.mei):
        assert (Case.objects.get(pk=gone[0]).closed_on, Case.objects.get(pk=gone[0]).close_reason) == (APRIL, "off_tape")
        assert CaseAccount.objects.get(account_id=portfolio["A-1"][1]).until_on == APRIL
        assert selectors.case_accounts_by_number(creditor_id=bank.id) == {"A-2": portfolio["A-2"]}
        accounts, _ = selectors.ageing_inputs(creditor_id=bank.id, as_of=APRIL)
        assert accounts["account_id"].to_pylist() == [portfolio["A-2"][1]]
    may = take(bank, tape([row("A-2", **CHEN) | loan, row("B-1", **DAI)], name="may.csv"), as_of=date(2026, 5, 1))
    assert (may.counts["case_opened_count"], may.counts["person_new_count"]) == (1, 0)
    with acting(bank.mei):
        new_case = selectors.case_accounts_by_number(creditor_id=bank.id)["B-1"][0]
        assert new_case != portfolio["B-1"][0]
        assert Case.objects.get(pk=new_case).opened_on == date(2026, 5, 1)


def test_absence_needs_a_tape_and_the_right_role(bank, portfolio):
    """No tape, no closing; and it is the manager's."""
    with pytest.raises(AsOfUnlike):
        services.cases_close_absent(actor=bank.mei, tape_id=10**9)
    with pytest.raises(Forbidden):
        services.cases_close_absent(actor=bank.fan, tape_id=1)


def test_agency_sees_its_own_cases_only(bank, portfolio):
    """Before the placement a case is absent for an agency; after it the page shows masked values; after the recall it is absent again."""
    case_id = portfolio["A-1"][0]
    with acting(bank.ann), pytest.raises(CaseMissing):
        selectors.access_case(bank.ann, case_id)
    place(bank, case_id, bank.aoki)
    with acting(bank.ann):
        page = selectors.case_page(actor=bank.ann, case_id=case_id)
    assert (page["person"]["name"], page["person"]["identity_number"]) == ("陈*", "3****************7")
    assert [point["value"] for point in page["person"]["contact_points"]] == ["+86138****0001"]
    assert {account["number"] for account in page["accounts"]} == {"A-1", "A-2"}
    with acting(bank.bo), pytest.raises(CaseMissing):
        selectors.access_case(bank.bo, case_id)
    place(bank, case_id, None)
    with acting(bank.ann), pytest.raises(CaseMissing):
        selectors.access_case(bank.ann, case_id)


def test_each_look_is_written_down_first(bank, portfolio, django_assert_max_num_queries):
    """A collector with the case sees name and number, the trail says who and why; without the case, or a purpose, nothing opens."""
    from duecourse.ledger.models import AuditEvent

    case = aged(bank)[0]
    place(bank, case["case_id"], bank.aoki)
    shown = services.person_reveal(actor=bank.ann, person_id=case["person_id"], purpose="call the debtor")
    assert (shown.name, [point.value for point in shown.points]) == (CHEN["person_name"], [CHEN["phone"]])
    with acting(bank.qiu):
        event = AuditEvent.objects.get(pk=shown.reveal.event_id)
        assert (event.action, event.agency_id, event.details) == ("person_revealed", bank.aoki.pk, {"purpose": "call the debtor"})
    with pytest.raises(PersonMissing):
        services.person_reveal(actor=bank.bo, person_id=case["person_id"], purpose="call the debtor")
    with pytest.raises(RevealRefused):
        services.person_reveal(actor=bank.ann, person_id=case["person_id"], purpose=" ")


def test_handover_opens_contracted_fields_with_one_event(bank, portfolio):
    """Two cases, two fields, one event with the count; unknown fields and other people's cases are refused."""
    from duecourse.ledger.models import AuditEvent

    cases = [portfolio["B-1"][0], portfolio["A-1"][0]]
    rows = services.handover_rows(actor=bank.mei, case_ids=cases, fields=["name", "phone", "email"])
    assert rows.to_pylist() == [
        {"case_id": portfolio["A-1"][0], "name": CHEN["person_name"], "phone": CHEN["phone"], "email": None},
        {"case_id": portfolio["B-1"][0], "name": DAI["person_name"], "phone": DAI["phone"], "email": None},
    ]
    with acting(bank.mei):
        event = AuditEvent.objects.get(action="persons_revealed")
        assert (event.details["case_count"], event.details["fields"]) == (2, ["email", "name", "phone"])
    with pytest.raises(FieldsUncontracted, match="birth_on"):
        services.handover_rows(actor=bank.mei, case_ids=cases, fields=["name", "birth_on"])
    with pytest.raises(CaseMissing):
        services.handover_rows(actor=bank.mei, case_ids=[*cases, 10**9], fields=["name"])
    with pytest.raises(Forbidden):
        services.handover_rows(actor=bank.ann, case_ids=cases, fields=["name"])


def test_erased_person_is_gone_and_stays_gone(bank, tape, portfolio, home):
    """Key, indexes and contact points go, the books stay; the next tape neither finds nor fills them; a restored backup is erased again."""
    person_id = aged(bank)[0]["person_id"]
    with pytest.raises(Forbidden):
        services.person_erase(actor=bank.mei, person_id=person_id, reason="retention")
    with acting(bank.mei):
        kept = PersonSecret.objects.filter(person_id=person_id).values().get()
    assert services.person_erase(actor=bank.qiu, person_id=person_id, reason="retention")
    assert not services.person_erase(actor=bank.qiu, person_id=person_id, reason="retention")
    with pytest.raises(PersonErased):
        services.person_reveal(actor=bank.qiu, person_id=person_id, purpose="look")
    take(bank, tape([row("A-1", **CHEN), row("A-2", **CHEN)], name="a.csv"), as_of=APRIL)
    with acting(bank.mei):
        assert not PersonSecret.objects.filter(person_id=person_id).exists()
        assert not ContactPoint.objects.filter(person_id=person_id).exclude(value_index=None).exists()
        assert Person.objects.get(pk=person_id).erased_at is not None
        assert selectors.case_page(actor=bank.mei, case_id=portfolio["A-1"][0])["person"]["is_erased"]
        PersonSecret.objects.create(**kept)
    assert services.erasures_replay() == 1
    assert services.erasures_replay() == 0


def test_every_sealed_column_has_an_eraser(bank, portfolio):
    """Whatever column of the room holds sealed or blinded bytes is empty after an erasure."""
    from django.apps import apps
    from django.db.models import BinaryField

    person_id = aged(bank)[0]["person_id"]
    services.person_erase(actor=bank.qiu, person_id=person_id, reason="retention")
    with acting(bank.mei):
        for model in apps.get_app_config("portfolio").get_models():
            names = [f.name for f in model._meta.fields if isinstance(f, BinaryField)]
            if names:
                left = model.objects.filter(person_id=person_id).values_list(*names)
                assert not [value for values in left for value in values if value], model.__name__

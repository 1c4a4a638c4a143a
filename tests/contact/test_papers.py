"""Papers of lower layers at the gate: they bind once a second person approved them, only tighten, and cite themselves."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from duecourse.contact.errors import PaperInvalid, VersionOfAnother
from duecourse.contact.models import Paper
from duecourse.contact.selectors import PAPERS_PAGE, access_paper, papers_waiting
from duecourse.contact.services import Answer, attempt_report, paper_add, paper_approve, paper_end, paper_reject, permit_request
from duecourse.kit.clock import frozen
from duecourse.kit.errors import Absent, Forbidden
from duecourse.ledger.selectors import page
from duecourse.parties.access import acting
from duecourse.parties.errors import SamePersonTwice
from tests import people
from tests.contact.scene import DAY, NOON, Scene, scene

UNTIL, MOST = "cn.contact_hours.allowed_until_minute", "cn.connected_calls_daily.connected_calls_max_count"


@pytest.fixture
def the(db: None) -> Scene:
    """The scene of these tests."""
    return scene()


def parameters(name: str, value: object, unit: str, *, from_on: date | str = DAY) -> dict:
    """Return parameters as a paper has them."""
    return {name: {"unit": unit, "values": [{"value": value, "effective_on": from_on, "article": "1", "confidence": "verbatim"}]}}


def paper(the: Scene, code: str = "policy", *, is_approved: bool = True, **changes) -> Paper:
    """Write a paper as Qiu, by default a policy that ends the day at 20:00, and have Mei approve it."""
    content = {"layer": "creditor_policy", "title_zh": "催收政策", "title_en": "Policy", "issued_on": DAY, "effective_on": DAY}
    content |= {"parameters": parameters(UNTIL, "20:00", "minute_of_day")}
    written = paper_add(actor=the.bank.qiu, code=code, **content | changes)
    return paper_approve(actor=the.bank.mei, paper_id=written.pk) if is_approved else written


def ask(the: Scene, request: str = "1", *, code: str = "aoki", at: datetime = NOON) -> Answer:
    """Ask to call the debtor, and report at once that no call was made."""
    with frozen(at):
        answer = permit_request(actor=the.actor(code), case_id=the.cases[code].pk, channel="call", contact_at=at, client_request_id=request)
        if answer.is_permit:
            attempt_report(actor=the.actor(code), permit_id=answer.id, outcome="not_made", started_at=at)
    return answer


NIGHT = NOON + timedelta(hours=8, minutes=30)
"""20:30 in Shanghai."""


def test_a_policy_binds_once_it_is_approved(the: Scene) -> None:
    """Written it changes nothing, refused it changes nothing, approved it refuses at 20:30 with its own citation, from its day on."""
    assert ask(the, "1", at=NIGHT).is_permit
    written = paper(the, is_approved=False)
    assert paper(the, is_approved=False).pk == written.pk
    with pytest.raises(SamePersonTwice):
        paper_approve(actor=the.bank.qiu, paper_id=written.pk)
    paper_reject(actor=the.bank.mei, paper_id=written.pk, reason="too late in the day")
    assert ask(the, "2", at=NIGHT).is_permit
    second = paper(the, title_en="Policy, second reading")
    assert second.number == 2
    refused = ask(the, "3", at=NIGHT)
    assert [reason["code"] for reason in refused.explanation["reasons"]] == ["outside_contact_hours"]
    assert [citation["layer"] for citation in refused.explanation["reasons"][0]["citations"]] == ["creditor_policy"]
    assert refused.next_allowed_at == datetime(2026, 9, 2, 0, 0, tzinfo=NOON.tzinfo)
    assert ask(the, "4", at=NIGHT - timedelta(days=1)).is_permit


def test_a_permit_ends_before_the_policys_hour(the: Scene) -> None:
    """At 19:55 a permit is good until 19:59."""
    paper(the)
    assert ask(the, at=NIGHT - timedelta(minutes=35)).valid_until_at == NIGHT - timedelta(minutes=31)


def test_a_contract_binds_its_agency_and_an_agreement_its_debtor(the: Scene) -> None:
    """Aoki's contract leaves Birch free; the agreement with the debtor binds both, and replaces the standard's hours."""
    contract = {"layer": "agency_contract", "agency_id": the.bank.aoki.pk}
    paper(the, "aoki", **contract)
    assert not ask(the, "1", at=NIGHT).is_permit
    assert ask(the, "2", code="birch", at=NIGHT).is_permit
    agreement = {"layer": "agreement", "person_id": the.person.pk, "parameters": parameters(UNTIL, "18:00", "minute_of_day")}
    paper(the, "chen", **agreement)
    refused = ask(the, "3", code="birch", at=NIGHT)
    assert "agreement" in [citation["layer"] for citation in refused.explanation["reasons"][0]["citations"]]


def test_two_agreements_that_disagree_refuse_with_both_citations(the: Scene) -> None:
    """Where two agreements replace the standard's hours differently, nobody is called, and both are named."""
    agreement = {"layer": "agreement", "person_id": the.person.pk}
    paper(the, "one", **agreement, parameters=parameters(UNTIL, "18:00", "minute_of_day"))
    paper(the, "two", **agreement, parameters=parameters(UNTIL, "19:00", "minute_of_day"))
    refused = ask(the)
    (ground,) = refused.explanation["grounds"]
    assert ground["code"] == "RuleConflict"
    assert "18:00" in ground["en"]
    assert "19:00" in ground["en"]
    assert refused.next_allowed_at is None


def test_a_later_version_takes_the_place_of_the_earlier_one(the: Scene) -> None:
    """From its day the second version alone binds; an end that is approved lets the rules stand alone again, one that is not does not."""
    paper(the)
    paper(the, parameters=parameters(UNTIL, "21:00", "minute_of_day"), effective_on=DAY + timedelta(days=1))
    assert not ask(the, "1", at=NIGHT).is_permit
    assert ask(the, "2", at=NIGHT + timedelta(days=1)).is_permit
    assert not ask(the, "3", at=NIGHT + timedelta(days=1, hours=1)).is_permit
    ended = paper_end(actor=the.bank.qiu, code="policy", on=DAY + timedelta(days=2))
    assert not ask(the, "4", at=NIGHT + timedelta(days=2, hours=1)).is_permit
    paper_approve(actor=the.bank.mei, paper_id=ended.pk)
    assert ask(the, "5", at=NIGHT + timedelta(days=2, hours=1)).is_permit
    with pytest.raises(Absent):
        paper_end(actor=the.bank.qiu, code="nothing", on=DAY)


def test_a_policy_of_more_calls_than_the_standard_loosens_nothing(the: Scene) -> None:
    """With five calls a day by policy the fourth is still refused, citing the standard."""
    paper(the, parameters=parameters(MOST, 5, "count_per_local_day"))
    with frozen(NOON):
        for number in range(3):
            wanted = {"actor": the.bank.ann, "case_id": the.cases["aoki"].pk, "channel": "call", "contact_at": NOON}
            given = permit_request(**wanted, client_request_id=str(number))
            attempt_report(actor=the.bank.ann, permit_id=given.id, outcome="connected", started_at=NOON)
    refused = ask(the, "4")
    assert "gbt_45251_2025" in str(refused.explanation["reasons"][0]["citations"])


def test_everything_that_is_wrong_with_a_paper_is_told(the: Scene) -> None:
    """Unknown parameters, wrong units, days that are none and a missing title are told in one error."""
    wrong = {
        **parameters("cn.no_such.limit", 1, "count"),
        **parameters(MOST, 2, "days"),
        **parameters(UNTIL, "25:99", "minute_of_day", from_on="31 February"),
    }
    with pytest.raises(PaperInvalid) as told:
        paper(the, parameters=wrong, title_zh=" ")
    reasons = told.value.parameters["reasons"]
    assert all(any(word in reason for reason in reasons) for word in ("title_zh", "25:99", "effective_on"))
    with pytest.raises(PaperInvalid) as told:
        paper(the, parameters=parameters("cn.no_such.limit", 1, "count") | parameters(MOST, 2, "days"))
    assert len(told.value.parameters["reasons"]) == 2
    for wrong_party in ({"layer": "law"}, {"layer": "agreement"}, {"agency_id": the.bank.aoki.pk}):
        with pytest.raises(PaperInvalid):
            paper(the, **wrong_party)


def test_papers_are_the_creditors_own(the: Scene) -> None:
    """Agencies write, read and approve none; another bank's agency and debtor are not there; its policy binds nobody here."""
    stranger = scene(firm=people.OTHER_BANK)
    theirs = paper(stranger)
    assert ask(the, at=NIGHT).is_permit
    for target in (
        {"layer": "agency_contract", "agency_id": stranger.bank.aoki.pk},
        {"layer": "agreement", "person_id": stranger.person.pk},
    ):
        with pytest.raises(Absent):
            paper(the, **target)
    with pytest.raises(Absent):
        paper_approve(actor=the.bank.mei, paper_id=theirs.pk)
    mine = paper(the, is_approved=False)
    for other in (the.bank.ann, the.bank.fan):
        with pytest.raises(Forbidden):
            paper_approve(actor=other, paper_id=mine.pk)
    with acting(the.bank.ann), pytest.raises(Absent):
        access_paper(the.bank.ann, paper_id=mine.pk)
    with acting(the.bank.ann), pytest.raises(Absent):
        papers_waiting(actor=the.bank.ann)
    with acting(the.bank.qiu):
        assert [row["paper_id"] for row in papers_waiting(actor=the.bank.qiu)] == [mine.pk]
        rows = page(PAPERS_PAGE, creditor_id=the.bank.id, order="known", filters={"state": "waiting"}).rows
    assert [(row["paper_id"], row["added_by_name"]) for row in rows] == [(mine.pk, "Qiu")]
    with pytest.raises(VersionOfAnother):
        paper(the, layer="agency_contract", agency_id=the.bank.aoki.pk)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(hour=st.integers(8, 23), minute=st.integers(0, 59))
def test_a_policy_never_allows_more(db: None, hour: int, minute: int) -> None:
    """Whatever hour the policy ends the day at, what is permitted under it is permitted by the texts alone."""
    from django.db import transaction

    with transaction.atomic():
        the = scene()
        alone = ask(the, "alone", at=NIGHT).is_permit
        paper(the, parameters=parameters(UNTIL, f"{hour:02}:{minute:02}", "minute_of_day"))
        under = ask(the, "under", at=NIGHT).is_permit
        assert alone
        assert under == (hour * 60 + minute > 20 * 60 + 30)
        transaction.set_rollback(True)


def test_a_full_memory_of_papers_forgets_none_that_is_asked_for(the: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """With one paper remembered and a second new, while the memory is full, both bind."""
    monkeypatch.setattr("duecourse.contact.services.papers._OVERLAYS_MAX", 0)
    paper(the)
    assert not ask(the, "1", at=NIGHT).is_permit
    paper(the, "calls", parameters=parameters(MOST, 0, "count_per_local_day"))
    refused = ask(the, "2", at=NIGHT)
    assert {reason["code"] for reason in refused.explanation["reasons"]} == {"outside_contact_hours", "connected_calls_used_up"}

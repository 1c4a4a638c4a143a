"""The lists of complaints and disputes: what came in, about whom, and by when it must be answered."""

from __future__ import annotations

from datetime import timedelta

import pytest

from duecourse.care.services import complaint_receive, dispute_close, dispute_open
from duecourse.kit.calendar import local_day
from duecourse.kit.clock import now
from duecourse.parties.access import acting
from duecourse.portfolio.models import Account, Case, CaseAccount, Person
from tests import people


@pytest.fixture
def told(house):
    """A complaint whose day is over, one of yesterday, and a dispute that is closed, of one case."""
    actor, today = house.bank.system, local_day(now(), house.bank.creditor.zone)
    with acting(actor):
        account = Account.objects.create(
            creditor=house.bank.creditor, number="6222-000-1234", product_class="credit_card", lender_class="bank", currency="CNY"
        )
        person = Person.objects.create(creditor=house.bank.creditor, zone="Asia/Shanghai", zone_source="test", known_at=now())
        case = Case.objects.create(creditor=house.bank.creditor, person=person, work_stream="all", opened_on=today)
        link = CaseAccount.objects.create(creditor=house.bank.creditor, case=case, account=account, from_on=today)
    wanted = {"actor": actor, "case_id": link.case_id}
    complaint_receive(
        kind="hours", external_ref="late <b>one</b>", received_on=today - timedelta(days=40), agency_id=house.bank.aoki.pk, **wanted
    )
    complaint_receive(kind="amount", external_ref="fresh", received_on=today - timedelta(days=1), **wanted)
    dispute = dispute_open(kind="not_mine", external_ref="d-1", account_id=link.account_id, received_on=today - timedelta(days=3), **wanted)
    dispute_close(actor=actor, dispute_id=dispute.pk, on=today)
    return link


@pytest.fixture
def qiu(house, logged_in):
    """Qiu at her browser, in English."""
    client = logged_in(people.QIU.email)
    client.cookies["django_language"] = "en"
    return client


def test_the_complaint_to_be_answered_first_is_on_top(qiu, told):
    """Overdue comes before open; each leads to its case; a filter on overdue leaves one; a reference is text and nothing else."""
    page = qiu.get("/complaints/").content.decode()
    assert page.index("late &lt;b&gt;one") < page.index("fresh")
    assert f"/cases/{told.case_id}/" in page
    overdue = qiu.get("/complaints/", {"state": "overdue"}).content.decode()
    assert "late &lt;b&gt;one" in overdue
    assert "fresh" not in overdue
    assert "fresh" in qiu.get("/complaints/", {"state": "open", "kind": "amount"}).content.decode()


def test_disputes_show_the_end_of_the_account_alone(qiu, told):
    """A closed dispute is found by its state, and its account's number stands shortened."""
    page = qiu.get("/disputes/", {"state": "closed"}).content.decode()
    assert "d-1" in page
    assert "…" + told.account.number[-4:] in page
    assert told.account.number not in page
    assert "d-1" not in qiu.get("/disputes/", {"state": "open"}).content.decode()


def test_home_leads_to_them(qiu, told):
    """What waits on the home page is one press away."""
    assert "/complaints/" in qiu.get("/").content.decode()

"""Papers on their pages: what binds stands beside each field, what is wrong is refused, and a paper binds once another person approved it."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from duecourse.contact.models import Paper
from duecourse.contact.services import permit_request
from duecourse.kit.clock import frozen
from duecourse.parties.access import acting
from tests import people
from tests.contact.scene import NOON, scene

UNTIL, FROM, CALLS = (
    "cn.contact_hours.allowed_until_minute",
    "cn.contact_hours.allowed_from_minute",
    "cn.connected_calls_daily.connected_calls_max_count",
)
HEAD = {"code": "P-7", "title_zh": "作息", "title_en": "Hours", "clause": "2", "issued_on": "2026-09-01", "effective_on": "2026-09-01"}


@pytest.fixture
def the(db, home):
    """A debtor with two agencies, at noon."""
    the = scene()
    with frozen(NOON):
        yield the


@pytest.fixture
def enter(the, logged_in):
    """Return a function that gives somebody's browser in English."""

    def entered(email):
        client = logged_in(email)
        client.cookies["django_language"] = "en"
        return client

    return entered


def text_of(answer, status=200) -> str:
    """Return a page's text in one line."""
    assert answer.status_code == status, answer.content.decode()
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def papers(the):
    """Return the papers that there are."""
    with acting(the.bank.system):
        return list(Paper.objects.order_by("pk"))


def values(**typed):
    """Return typed values as the form names them."""
    names = {"until": UNTIL, "begin": FROM, "calls": CALLS}
    return {f"value-{names[name]}": value for name, value in typed.items()}


def test_a_policy_binds_once_mei_has_approved_it(the, enter):
    """Qiu ends the day at eleven; she cannot approve it herself; Mei does, the noon call is refused, and the library shows the paper."""
    qiu, mei = enter(people.QIU.email), enter(people.MEI.email)
    page = qiu.get("/papers/new/?layer=creditor_policy")
    assert "22:00" in text_of(page)
    made = qiu.post("/papers/new/?layer=creditor_policy", HEAD | values(until="11:00"), follow=True)
    assert "Written. It binds from its day on" in text_of(made)
    paper = papers(the)[0]
    assert permit_request(
        actor=the.bank.ann, case_id=the.cases["aoki"].pk, channel="call", contact_at=NOON, client_request_id="1"
    ).is_permit
    given = {"hash": paper.content_hash, "verdict": "approve"}
    assert qiu.post(f"/approvals/paper/{paper.pk}/", given).status_code in {403, 404, 409}
    assert "P-7" in text_of(mei.get("/approvals/"))
    assert mei.post(f"/approvals/paper/{paper.pk}/", given).status_code == 302
    refused = permit_request(
        actor=the.actor("birch"), case_id=the.cases["birch"].pk, channel="call", contact_at=NOON, client_request_id="2"
    )
    assert [reason["code"] for reason in refused.explanation["reasons"]] == ["outside_contact_hours"]
    assert "11:00" in text_of(qiu.get("/rules/cn/contact_hours/"))
    assert "creditor&#x27;s policy" in qiu.get("/rules/cn/contact_hours/").content.decode()
    assert "11:00" not in text_of(qiu.get("/rules/cn/contact_hours/", {"as_of": "2026-08-31"})).split("The text's sense")[0]


def test_what_would_never_bind_is_refused(the, enter):
    """A later end than the law's, a value that binds already, nonsense, and an empty paper are refused beside their field; nothing is kept."""
    qiu = enter(people.QIU.email)
    for typed, told in (
        ({"until": "23:00"}, "Looser than 22:00"),
        ({"calls": "4"}, "Looser than 3 a day"),
        ({"until": "22:00"}, "That binds already"),
        ({"until": "25:00"}, "Write a time as 08:00"),
        ({"until": "=cmd()"}, "Write a time as 08:00"),
        ({"calls": "-1"}, "Write a whole number"),
        ({"calls": "٣"}, "Write a whole number"),
        ({}, "Set at least one value"),
    ):
        shown = text_of(qiu.post("/papers/new/?layer=creditor_policy", HEAD | values(**typed)), 422)
        assert told in shown.replace("&#x27;", "'"), typed
    assert papers(the) == []


def test_an_agreement_may_loosen_where_the_text_gives_way(the, enter):
    """A debtor who agreed to later hours has a paper that a policy could not be; it names the case's debtor."""
    qiu = enter(people.QIU.email)
    case_id = the.cases["aoki"].pk
    page = qiu.get(f"/papers/new/?layer=agreement&target={case_id}")
    assert "the text gives way here" in text_of(page)
    assert qiu.post(f"/papers/new/?layer=agreement&target={case_id}", HEAD | values(until="23:00")).status_code == 302
    assert papers(the)[0].person_id == the.person.pk


def test_a_paper_ends_with_a_second_person(the, enter):
    """Its end is a version of its own that waits; after Mei's approval the library shows the law's value again."""
    qiu, mei = enter(people.QIU.email), enter(people.MEI.email)
    qiu.post("/papers/new/?layer=creditor_policy", HEAD | values(until="20:00"))
    first = papers(the)[0]
    mei.post(f"/approvals/paper/{first.pk}/", {"hash": first.content_hash, "verdict": "approve"})
    assert "Asked for" in text_of(qiu.post(f"/papers/{first.pk}/end/", {"on": "2026-09-02"}, follow=True))
    ending = papers(the)[1]
    mei.post(f"/approvals/paper/{ending.pk}/", {"hash": ending.content_hash, "verdict": "approve"})
    with frozen(NOON + timedelta(days=1)):
        client = enter(people.QIU.email)
        head = text_of(client.get("/rules/cn/contact_hours/")).split("What binds us")[1].split("Values in time")[0]
    assert "22:00" in head
    assert "20:00" not in head


def test_papers_are_not_an_agencys(the, enter):
    """An agency finds no paper, and an accountant reads but does not write."""
    enter(people.QIU.email).post("/papers/new/?layer=creditor_policy", HEAD | values(until="20:00"))
    ann, fan = enter(people.ANN.email), enter(people.FAN.email)
    address = f"/papers/{papers(the)[0].pk}/"
    assert ann.get(address).status_code == 404
    assert fan.get(address).status_code == 200
    assert fan.post("/papers/new/?layer=creditor_policy", HEAD | values(until="19:00")).status_code == 404
    assert len(papers(the)) == 1

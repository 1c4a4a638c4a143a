"""Message templates and the terms of the gate, on their pages."""

from __future__ import annotations

import pytest

from duecourse.contact.models import GateTerms, MessageTemplate
from duecourse.contact.services import LETTER_PARTS
from duecourse.parties.access import acting
from tests import people

SMS = {"code": "due-3", "channel": "sms", "language": "zh-hans", "purpose": "reminder", "body": "您尾号 {tail} 的账户有 {balance} 元未还。",
       "valid_from_on": "2026-09-01", "valid_until_on": ""}  # fmt: skip
TERMS = {"effective_on": "2999-01-01", "paid_share_percent": "80", "paid_minor_min": "100.00", "qualification_kinds": "licence， training"}
OF_PEOPLE = {"person_qualification_kinds": "岗前培训，yearly  exam, "}


@pytest.fixture
def at(house, logged_in):
    """Return somebody's browser, in English."""

    def client(person):
        browser = logged_in(person.email)
        browser.cookies["django_language"] = "en"
        return browser

    return client


def written(house) -> list[MessageTemplate]:
    """Return all versions of all templates."""
    with acting(house.bank.system):
        return list(MessageTemplate.objects.order_by("pk"))


def test_a_text_is_written_by_one_and_approved_by_another(house, at):
    """Qiu writes it and cannot approve it herself, Mei can; the next version begins with its content, and its end stops it."""
    qiu, mei = at(people.QIU), at(people.MEI)
    answer = qiu.post("/templates/new/", SMS)
    (made,) = written(house)
    assert answer.headers["Location"] == f"/templates/{made.pk}/"
    assert "so a second person decides" in qiu.get(f"/templates/{made.pk}/").content.decode()
    decided = {"hash": made.content_hash, "verdict": "approve", "reason": ""}
    mei.post(f"/approvals/message_template/{made.pk}/", decided)
    assert "approved" in mei.get(f"/templates/{made.pk}/").content.decode()
    again = qiu.get("/templates/new/", {"from": made.pk}).content.decode()
    assert "{balance}" in again
    assert 'value="due-3"' in again
    qiu.post(f"/templates/{made.pk}/end/", {"on": "2999-01-01"})
    assert [one.is_end for one in written(house)] == [False, True]


def test_a_letter_tells_all_that_a_letter_must(house, at):
    """Without the parts of article 69 it is refused with those that are missing; with them it is taken."""
    qiu = at(people.QIU)
    letter = SMS | {"channel": "letter", "code": "letter-1"}
    refused = qiu.post("/templates/new/", letter | {"parts": ["balance"]})
    assert refused.status_code == 422
    assert "A letter must also contain" in refused.content.decode()
    assert written(house) == []
    qiu.post("/templates/new/", letter | {"parts": list(LETTER_PARTS)})
    assert [one.channel for one in written(house)] == ["letter"]


def test_strange_texts_do_no_harm(house, at):
    """A script in the text is text on the page; a number of nobody's template and a day that is none are answered."""
    qiu = at(people.QIU)
    qiu.post("/templates/new/", SMS | {"body": "<script>alert(1)</script> =cmd() 😀"})
    (made,) = written(house)
    assert "<script>alert(1)" not in qiu.get(f"/templates/{made.pk}/").content.decode()
    assert qiu.get("/templates/new/", {"from": "999999"}).status_code == 404
    assert qiu.get("/templates/new/", {"from": "'; DROP"}).status_code == 200
    assert qiu.post(f"/templates/{made.pk}/end/", {"on": "yesterday"}).status_code in {302, 422}
    assert len(written(house)) == 1


def test_only_compliance_sets_the_terms(house, at):
    """Qiu sets them from a day on and sees them; Mei sees the page and may not; a second set for the day is refused."""
    qiu, mei = at(people.QIU), at(people.MEI)
    assert mei.post("/gate-terms/", TERMS).status_code == 422
    assert qiu.post("/gate-terms/", TERMS | OF_PEOPLE).status_code == 302
    with acting(house.bank.system):
        terms = GateTerms.objects.get()
    assert (terms.paid_share_bp, terms.paid_minor_min, terms.qualification_kinds) == (8_000, 10_000, ["licence", "training"])
    assert terms.person_qualification_kinds == ["yearly exam", "岗前培训"]
    assert qiu.post("/gate-terms/", TERMS).status_code == 422
    assert "Terms of the gate" in mei.get("/gate-terms/").content.decode()

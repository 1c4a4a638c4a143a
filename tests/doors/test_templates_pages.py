"""Message templates and the terms of the gate, on their pages."""

from __future__ import annotations

from datetime import date

import pytest

from duecourse.contact.models import GateTerms, MessageTemplate
from duecourse.contact.services import LETTER_PARTS, call_definition_set, definition_on, gate_terms_set, message_template_add
from duecourse.kit.calendar import local_day
from duecourse.kit.clock import now
from duecourse.parties.access import acting
from duecourse.parties.models import Approval
from tests import people
from tests.contact.scene import scene
from tests.contact.test_papers import paper

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


def test_terms_that_may_loosen_are_decided_on_by_a_second_person(house, at):
    """Qiu's page shows them waiting and no button, Mei's the buttons; a refusal needs a reason; approved they stand as in force."""
    qiu, mei = at(people.QIU), at(people.MEI)
    today = local_day(now(), house.bank.creditor.zone).isoformat()
    answer = qiu.post("/gate-terms/", TERMS | {"effective_on": today}, follow=True).content.decode()
    assert "once a second person has approved it" in answer
    assert "so a second person decides" in answer
    assert 'value="approve"' not in answer
    assert "Terms of the gate wait for a second person" in mei.get("/").content.decode()
    shown = mei.get("/gate-terms/").content.decode()
    assert ('value="approve"' in shown, "80.0%" in shown, "Nothing was set" in shown) == (True, True, True)
    with acting(house.bank.system):
        terms = GateTerms.objects.get()
    address = f"/approvals/gate_terms/{terms.pk}/"
    assert mei.post(address, {"hash": "0" * 64, "verdict": "approve"}).status_code == 409
    assert mei.post(address, {"hash": terms.content_hash, "verdict": "reject", "reason": ""}).status_code == 422
    assert qiu.post(address, {"hash": terms.content_hash, "verdict": "approve"}).status_code in (403, 409)
    mei.post(address, {"hash": terms.content_hash, "verdict": "approve"})
    shown = mei.get("/gate-terms/").content.decode()
    assert ('value="approve"' in shown, "80.0%" in shown, "Nothing was set" in shown) == (False, True, False)


def test_a_definition_of_calls_is_decided_on_among_the_approvals(house, at):
    """What a command defined stands among what waits, with what it says, and an officer approves it."""
    definition = call_definition_set(actor=house.bank.system, from_on=date(2999, 1, 1), connected_seconds_min=7)
    qiu = at(people.QIU)
    shown = qiu.get("/approvals/").content.decode()
    assert "What counts as a connected call from 2999-01-01 on" in shown
    qiu.post(f"/approvals/call_definition/{definition.pk}/", {"hash": definition.content_hash, "verdict": "approve"})
    with acting(house.bank.system):
        assert definition_on(creditor_id=house.bank.id, on=date(2999, 1, 1)).connected_seconds_min == 7
    assert "What counts as a connected call" not in qiu.get("/approvals/").content.decode()


def test_what_another_bank_put_down_is_not_there_to_decide(house, at):
    """Terms, a definition, a paper and a template of another creditor are answered like numbers that do not exist, with and without their hash."""
    other = scene(firm=people.OTHER_BANK)
    bank = other.bank
    said = {"actor": bank.qiu, "effective_on": date(2999, 1, 1), "paid_share_bp": 9_000, "paid_minor_min": 0}
    text = {"code": "t", "channel": "sms", "language": "en", "body": "x", "purpose": "reminder", "valid_from_on": date(2999, 1, 1)}
    found = {
        "gate_terms": gate_terms_set(**said),
        "call_definition": call_definition_set(actor=bank.qiu, from_on=date(2999, 1, 1), connected_seconds_min=7),
        "paper": paper(other, is_approved=False),
        "message_template": message_template_add(actor=bank.qiu, **text),
    }
    mei = at(people.MEI)
    for kind, row in found.items():
        for digest in (row.content_hash, ""):
            for verdict in ("approve", "reject"):
                answer = mei.post(f"/approvals/{kind}/{row.pk}/", {"hash": digest, "verdict": verdict, "reason": "x"})
                assert answer.status_code == 404, (kind, digest, verdict)
    assert mei.get(f"/papers/{found['paper'].pk}/").status_code == 404
    assert mei.get(f"/templates/{found['message_template'].pk}/").status_code == 404
    assert "2999" not in mei.get("/gate-terms/").content.decode()
    with acting(bank.system):
        assert not Approval.objects.exists()


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

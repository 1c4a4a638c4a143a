"""One answer of the gate as evidence: who, when, why, on what it rests, and that it is what the trail was told of."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils.translation import override

from duecourse.contact.selectors import answer_page, answers
from duecourse.contact.services import contact_stop, grounds
from duecourse.doors.console.rule_words import answered_fact, answered_value, cited
from duecourse.doors.console.stories import source_said
from duecourse.kit.clock import frozen
from duecourse.kit.errors import Absent
from duecourse.ledger.models import AuditEvent
from duecourse.ledger.selectors import event_proof, trail
from duecourse.ledger.services import seal_pending
from duecourse.parties.access import acting
from duecourse.parties.models import User
from tests import people
from tests.doors.case_scene import NOON
from tests.doors.scope.cases import scene


@pytest.fixture
def called(house, logged_in):
    """The scene with a permit and a refusal, and Qiu at her browser in English."""
    found = scene(house)
    client = logged_in(people.QIU.email)
    client.cookies["django_language"] = "en"
    found.client, found.bank = client, house.bank
    return found


def text_of(answer) -> str:
    """Return a page's text in one line."""
    assert answer.status_code == 200, answer.content.decode()
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def test_an_answer_is_proved(called):
    """A refusal's page finds its event, says before and after sealing what is proved, and leads to the rule as of that day."""
    address = f"/refusals/{called.refusal_id}/"
    assert "It is not sealed yet" in text_of(called.client.get(address))
    with acting(called.bank.system):
        while seal_pending(creditor_id=called.bank.id):
            pass
    page = called.client.get(address)
    assert "word for word the one the trail was told of" in text_of(page)
    assert "computed anew just now, and is right" in text_of(page)
    assert "/rules/cn/contact_hours/?as_of=2026-09-03" in page.content.decode()


def test_a_permit_that_was_ended_says_by_what(called):
    """A stop that stood when the call was begun is named on the permit's page; without one nothing is."""
    address = f"/permits/{called.permit_id}/"
    assert "Ended before its time" not in text_of(called.client.get(address))
    with frozen(NOON - timedelta(seconds=1)):
        contact_stop(actor=called.bank.qiu, scope="everything", reason_code="conduct")
    assert "Ended before its time Compliance stopped this contact." in text_of(called.client.get(address))


def test_an_answer_cites_as_its_reader_does(called):
    """In Chinese the article is 第5.3条 with its note; a ground of the platform names no file, and facts of yes and no are said so."""
    client = called.client
    client.cookies["django_language"] = "zh-hans"
    shown = text_of(client.get(f"/refusals/{called.refusal_id}/"))
    assert "第5.3条" in shown
    assert "未见具体款项" in shown
    assert "sub-clause not seen" not in shown
    assert "第5.3条" in text_of(client.get("/refusals/"))
    with override("zh-hans"):
        assert cited({"text": "card_2011", "article": "68", "zh": "信用卡办法", "en": "Card measures"}) == "信用卡办法 第68条"
        assert cited({"text": "LX-1", "article": "3.2", "zh": "本行制度", "en": "Our policy"}) == "本行制度 3.2"
        assert source_said("《民法典》第933条: a mandate may be ended at any time") == "《民法典》第933条"
        assert answered_fact("is_third_party", "1") == "是"
    with override("en"):
        assert cited({"text": "card_2011", "article": "68", "zh": "信用卡办法", "en": "Card measures"}) == "Card measures article 68"
        assert answered_value("cn.contact_hours", "allowed_from_minute", "08:00") == "08:00"


def test_every_ground_has_a_source_in_both_languages():
    """What a ground of the platform rests on is an article or words that exist in Chinese, never the name of a file."""
    found = [one.source for one in vars(grounds).values() if isinstance(one, grounds.Ground)]
    assert len(found) > 15
    with override("zh-hans"):
        assert [source for source in found if re.search(r"[A-Za-z]{3}", source_said(source))] == []
    with override("en"):
        assert [source for source in found if ".md" in source_said(source)] == []


def test_a_changed_answer_shows(called, monkeypatch):
    """An answer whose words are not those that were sealed is said to be another, in red."""
    monkeypatch.setattr(answers, "canonical_bytes", lambda _record: b"something else")
    assert "The answer is not the one the trail was told of" in text_of(called.client.get(f"/refusals/{called.refusal_id}/"))


def test_a_seal_that_does_not_fit_shows(called, monkeypatch):
    """The link of one event is computed anew: with another event under the same seal it is wrong."""
    with acting(called.bank.system):
        while seal_pending(creditor_id=called.bank.id):
            pass
        asked = {"creditor_id": called.bank.id, "subject_kind": "refusal", "subject_id": called.refusal_id, "action": "refusal_given"}
        assert event_proof(**asked).is_right
        whole = trail.event_of
        monkeypatch.setattr(trail, "event_of", lambda row, *, parse: whole(row, parse=parse) | {"actor_id": 999})
        assert not event_proof(**asked).is_right
        assert event_proof(**asked | {"subject_id": 0}) is None


def test_answers_are_found_by_who_and_whose(called):
    """Refusals are found by part of the asker's name and by any case of the debtor, and not by another's."""
    with acting(called.bank.system):
        asker = AuditEvent.objects.get(subject_kind="refusal", subject_id=called.refusal_id).actor_id
        name = User.objects.get(pk=asker).display_name
    row = f"/refusals/{called.refusal_id}/"
    for asked, is_found in (
        ({"asked_by": name[:3].upper()}, True),
        ({"asked_by": "nobody"}, False),
        ({"debtor": called.case_id}, True),
        ({"debtor": called.other_case_id}, False),
        ({"rule": "outside_contact_hours"}, True),
        ({"warned": "no"}, True),
        ({"warned": "yes"}, False),
        ({"asked_by": "%"}, False),
    ):
        assert (row in called.client.get("/refusals/", asked).content.decode()) is is_found, asked
    assert called.client.get("/permits/", {"rule": "zone_unknown", "warned": "yes", "debtor": called.case_id}).status_code == 200


def test_another_agency_learns_nothing(called):
    """An agency that was not answered finds no answer behind the number."""
    other = called.bank.bo if called.lead is called.bank.ann else called.bank.ann
    with acting(other), pytest.raises(Absent):
        answer_page(actor=other, kind="refusal", answer_id=called.refusal_id)


def test_an_answer_says_who_makes_the_contact(called):
    """The person of the session stands as who asked and who calls; the tables can be narrowed to who calls."""
    assert "Asked by Ann Made by Ann" in text_of(called.client.get(f"/permits/{called.permit_id}/"))
    for path, number in (("permits", called.permit_id), ("refusals", called.refusal_id)):
        assert f'/{path}/{number}/"' in called.client.get(f"/{path}/?made_by=ann").content.decode()
        assert f'/{path}/{number}/"' not in called.client.get(f"/{path}/?made_by=bo").content.decode()

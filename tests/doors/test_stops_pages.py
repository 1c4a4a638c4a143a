"""The emergency stop on its pages: what it reaches is shown first, one officer stops, another lets go on, and nobody else may."""

from __future__ import annotations

import re

import pytest

from duecourse.contact.models import ContactStop, ContactStopLift, Permit
from duecourse.contact.selectors.stop_reach import stop_reach
from duecourse.contact.services import attempt_report, permit_request
from duecourse.kit.clock import frozen
from duecourse.ledger.models import AuditEvent
from duecourse.parties.access import acting
from duecourse.parties.services import membership_grant
from tests import factories, people
from tests.contact.scene import DAY, NOON, scene

SECOND = "zhou@lanxi.example"


@pytest.fixture
def the(db, home):
    """A debtor with two agencies, and Zhou, a second compliance officer."""
    the = scene()
    user = factories.user(SECOND, name="Zhou")
    membership_grant(actor=the.bank.system, user_id=user.pk, role="compliance", from_on=DAY)
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


def text_of(answer) -> str:
    """Return a page's text in one line."""
    assert answer.status_code == 200, answer.content.decode()
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def ask(the, number="1", code="aoki"):
    """Ask for a call to the debtor."""
    return permit_request(actor=the.actor(code), case_id=the.cases[code].pk, channel="call", contact_at=NOON, client_request_id=number)


def stops(the):
    """Return the stops that there are."""
    with acting(the.bank.system):
        return list(ContactStop.objects.order_by("pk"))


def stopped(client, **asked):
    """Stop what the address names, and return the page it leads to."""
    query = "&".join(f"{name}={value}" for name, value in asked.items())
    return client.post(f"/stops/new/?{query}", {"reason_code": "conduct", "note": "shouted"}, follow=True)


def test_qiu_stops_an_agency_and_another_lets_it_go_on(the, enter):
    """Its next request is refused, the other agency's is not; Qiu cannot lift alone, Zhou agrees on the list, and the agency calls again."""
    qiu, zhou = enter(people.QIU.email), enter(SECOND)
    first = ask(the)
    assert first.is_permit
    shown = text_of(qiu.get("/stops/new/", {"scope": "agency", "target": the.bank.aoki.pk}))
    assert "Permits open now 1" in shown
    assert "Open cases 1" in shown
    assert "Stop Aoki Collections" in shown
    assert "Stopped: Aoki Collections" in text_of(stopped(qiu, scope="agency", target=the.bank.aoki.pk))
    assert not ask(the, "2").is_permit
    attempt_report(actor=the.bank.ann, permit_id=first.id, outcome="no_answer", started_at=NOON)
    assert ask(the, "3", "birch").is_permit
    assert "Aoki Collections" in text_of(qiu.get("/stops/"))
    stop_id = stops(the)[0].pk
    assert "Asked for" in text_of(qiu.post(f"/stops/{stop_id}/lift/", {"reason": "talked to them"}, follow=True))
    with acting(the.bank.system):
        lift = ContactStopLift.objects.get()
    own = qiu.get(f"/stops/{stop_id}/").content.decode()
    assert "a second person decides" in own
    assert "Agree, lift it" not in own
    given = {"hash": lift.content_hash, "verdict": "approve"}
    assert qiu.post(f"/approvals/contact_stop_lift/{lift.pk}/", given).status_code in {403, 404, 409}
    assert stops(the)[0].lifted_at is None
    assert "Lifting an emergency stop" in text_of(zhou.get("/approvals/"))
    zhou.post(f"/approvals/contact_stop_lift/{lift.pk}/", given)
    assert stops(the)[0].lifted_at is not None
    assert ask(the, "4").is_permit
    assert "Lifted by Zhou" in text_of(zhou.get(f"/stops/{stop_id}/"))


@pytest.mark.parametrize(("scope", "target"), [("channel", "call"), ("debtor", "case"), ("everything", ""), ("collector", "user")])
def test_every_kind_of_stop_stops(the, enter, scope, target):
    """A channel, a debtor by case number, a collector and everything are stopped from the page, and the next call is refused."""
    named = {"case": the.cases["aoki"].pk, "user": the.bank.ann.user_id}.get(target, target)
    assert "Stopped:" in text_of(stopped(enter(people.QIU.email), scope=scope, target=named))
    assert not ask(the).is_permit


def test_pressing_twice_stops_once(the, enter):
    """A second press finds the same stop and says so; a colleague's, or another reason, stands in the trail; words are not kept, and said so."""
    officers = (people.QIU.email, people.QIU.email, SECOND)
    told = [text_of(stopped(enter(email), scope="channel", target="sms")) for email in officers]
    assert "Stopped:" in told[0]
    for again in told[1:]:
        assert "It stood already, since " in again
        assert "by Qiu" in again
        assert "Your words were not kept" in again
    assert len(stops(the)) == 1
    with acting(the.bank.system):
        events = AuditEvent.objects.filter(subject_kind="contact_stop", subject_id=stops(the)[0].pk).order_by("id")
        found = [(event.action, event.details.get("reason_code"), event.details.get("is_said_in_words")) for event in events]
    assert found == [("contact_stopped", "conduct", None), ("contact_stop_asked_again", "conduct", True)]
    assert "This is stopped already" in text_of(enter(SECOND).get("/stops/new/?scope=channel&target=sms"))


def test_what_is_not_there_cannot_be_stopped(the, enter):
    """Another bank's agency, a case that is not, a channel nobody has and text that is no number lead back, and nothing is stopped."""
    qiu = enter(people.QIU.email)
    other = factories.bank(people.OTHER_BANK)
    for scope, target in (
        ("agency", other.aoki.pk), ("agency", "0"), ("debtor", "999999"), ("channel", "pigeon"), ("collector", "'"), ("", ""),
        ("debtor", "9" * 30), ("everyone", "😀"), ("agency", "=cmd()"),
    ):  # fmt: skip
        answer = qiu.post(f"/stops/new/?scope={scope}&target={target}", {"reason_code": "conduct"})
        assert answer.status_code == 302, (scope, target)
    assert stops(the) == []


def test_a_reason_is_needed(the, enter):
    """Without a reason, or with another one that is not said, the page comes back and nothing is stopped."""
    qiu = enter(people.QIU.email)
    for form in ({}, {"reason_code": "other", "note": " "}, {"reason_code": "nonsense"}, {"reason_code": "conduct", "note": "x" * 501}):
        assert qiu.post("/stops/new/?scope=everything", form).status_code == 422
    assert stops(the) == []


def test_only_compliance_stops(the, enter):
    """A manager sees the stops and no button; what she posts by hand, and what an agency posts, is absent."""
    mei = enter(people.MEI.email)
    assert "Compliance officers stop contact" in text_of(mei.get("/stops/"))
    assert "/stops/new/" not in mei.get(f"/agencies/{the.bank.aoki.pk}/").content.decode()
    assert "/stops/new/?scope=agency" in enter(people.QIU.email).get(f"/agencies/{the.bank.aoki.pk}/").content.decode()
    for client in (mei, enter(people.ANN.email)):
        assert client.post("/stops/new/?scope=everything", {"reason_code": "conduct"}).status_code == 404
    assert enter(people.ANN.email).get("/stops/").status_code == 404
    assert stops(the) == []


def test_what_a_stop_reaches_is_counted(the):
    """Open permits are those that hold and have no outcome; cases are the agency's, the debtor's, or all that are with somebody."""
    ask(the)
    ask(the, "2", "birch")
    with acting(the.bank.qiu):
        counts = {
            "agency": stop_reach(actor=the.bank.qiu, scope="agency", now_at=NOON, agency_id=the.bank.aoki.pk),
            "debtor": stop_reach(actor=the.bank.qiu, scope="debtor", now_at=NOON, person_id=the.person.pk),
            "sms": stop_reach(actor=the.bank.qiu, scope="channel", now_at=NOON, channel="sms"),
            "collector": stop_reach(actor=the.bank.qiu, scope="collector", now_at=NOON, user_id=the.bank.ann.user_id),
            "everything": stop_reach(actor=the.bank.qiu, scope="everything", now_at=NOON),
        }
        later = stop_reach(actor=the.bank.qiu, scope="everything", now_at=Permit.objects.latest("valid_until_at").valid_until_at)
    found = {name: (one.open_permit_count, one.case_count, one.debtor_count) for name, one in counts.items()}
    assert found == {"agency": (1, 1, 1), "debtor": (2, 3, 1), "sms": (0, 2, 1), "collector": (1, 0, 0), "everything": (2, 2, 1)}
    assert (later.open_permit_count, later.recent_permit_count) == (0, 2)

"""A draft of two calls a day, tried over the contacts that were made: the job counts what would have been refused, by agency and hour."""

from __future__ import annotations

import re

import pytest

from duecourse.contact.services import attempt_report, permit_request
from duecourse.doors.console.pages.rules.what_if import quarters
from duecourse.doors.jobs import run_pending
from duecourse.kit.clock import frozen
from tests import people
from tests.contact.scene import DAY, NOON, scene

CALLS, UNTIL = "cn.connected_calls_daily.connected_calls_max_count", "cn.contact_hours.allowed_until_minute"


@pytest.fixture
def the(db, home):
    """Three connected calls to one debtor at noon: two of Aoki's, one of Birch's."""
    the = scene()
    with frozen(NOON):
        for number, code in enumerate(("aoki", "aoki", "birch")):
            named = {"case_id": the.cases[code].pk, "channel": "call", "contact_at": NOON, "client_request_id": f"{number}"}
            given = permit_request(actor=the.actor(code), **named)
            assert given.is_permit, given.explanation
            attempt_report(actor=the.actor(code), permit_id=given.id, outcome="connected", started_at=NOON, talk_seconds=60)
        yield the


@pytest.fixture
def qiu(the, logged_in):
    """Qiu at her browser, in English."""
    client = logged_in(people.QIU.email)
    client.cookies["django_language"] = "en"
    return client


def text_of(answer, status=200) -> str:
    """Return a page's text in one line."""
    assert answer.status_code == status, answer.content.decode()
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def tried(client, **form):
    """Try a value and return the page that the job leads to."""
    asked = client.post("/what-if/", {"way": "draft", "quarter": "2026-07-01", **form})
    assert asked.status_code == 302, text_of(asked, 422)
    run_pending()
    return client.get(asked.headers["Location"], follow=True)


def test_two_calls_a_day_would_have_refused_one(qiu):
    """Of three connected calls the third would have been refused: one in all, in the hour of noon; the trial stands in the list."""
    shown = text_of(tried(qiu, parameter=CALLS, value="2"))
    assert "Contacts looked at 3" in shown
    assert "Newly refused 1" in shown
    assert "Would have been refused" in shown
    listed = qiu.get("/what-if/").content.decode()
    assert "/what-if/" in listed
    assert "Your trials" in listed


def test_a_policy_cannot_loosen_and_a_draft_can(qiu):
    """An earlier end of the day refuses all three; a looser value as a policy changes nothing at all."""
    assert "Newly refused 3" in text_of(tried(qiu, parameter=UNTIL, value="11:00", way="policy"))
    assert "Nothing would have been otherwise" in text_of(tried(qiu, parameter=UNTIL, value="23:00", way="policy"))


def test_what_cannot_be_tried_is_said_at_its_field(qiu):
    """A time where a number belongs, a number beyond the day, a parameter nobody has and a quarter long ago are refused; no job is begun."""
    for form in (
        {"parameter": CALLS, "value": "noon"}, {"parameter": UNTIL, "value": "25:30"}, {"parameter": UNTIL, "value": "=cmd()"},
        {"parameter": "cn.nothing.x", "value": "1"}, {"parameter": CALLS, "value": "2", "quarter": "1999-01-01"},
        {"parameter": CALLS, "value": "2", "way": "by force"}, {"parameter": CALLS, "value": "٣"},
    ):  # fmt: skip
        assert qiu.post("/what-if/", {"way": "draft", "quarter": "2026-07-01", **form}).status_code == 422, form


def test_a_trial_is_its_askers(qiu, logged_in):
    """Another person, and an agency, find no trial behind its address, and an accountant may not try."""
    tried(qiu, parameter=CALLS, value="2")
    address = re.search(r"/what-if/[0-9a-f]{16}/", qiu.get("/what-if/").content.decode()).group()
    assert qiu.get(address).status_code == 200
    assert logged_in(people.MEI.email).get(address).status_code == 404
    assert logged_in(people.ANN.email).get("/what-if/").status_code == 404
    fan = logged_in(people.FAN.email)
    assert fan.post("/what-if/", {"parameter": CALLS, "value": "2", "way": "draft", "quarter": "2026-07-01"}).status_code == 404


def test_quarters_go_back_from_the_day():
    """The quarter of the day comes first, then those before it, across the turn of a year."""
    assert [day.isoformat() for day in quarters(DAY)] == ["2026-07-01", "2026-04-01", "2026-01-01", "2025-10-01", "2025-07-01"]

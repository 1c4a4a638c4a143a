"""Qiu's violations board: every number leads to its rows, and an agency that dials around stands on her first page."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from duecourse.contact.services import contact_stop
from duecourse.kit.clock import frozen
from duecourse.parties.access import acting
from tests import people
from tests.contact.call_scene import EVENING, OWN, call_scene, row
from tests.contact.scene import DAY, NOON


@pytest.fixture
def the(db, home, tmp_path):
    """A permit nobody reported, a call without any permit, and one with a number nobody has."""
    the = call_scene(tmp_path)
    the.permit(OWN)
    the.load(row("around", at=NOON + timedelta(hours=3)), row("stranger", "13999999999"))
    return the


@pytest.fixture
def qiu(the, logged_in):
    """Qiu at her browser, in English, on the evening of the scene's day."""
    with frozen(EVENING + timedelta(minutes=5)):
        client = logged_in(people.QIU.email)
        client.cookies["django_language"] = "en"
        yield client


def text_of(answer) -> str:
    """Return a page's text in one line."""
    assert answer.status_code == 200, answer.content.decode()
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def test_every_number_leads_to_its_rows(qiu):
    """Each link of the board opens a page that is there and has rows."""
    board = qiu.get("/violations/").content.decode()
    links = {found.replace("&amp;", "&") for found in re.findall(r'href="(/(?:refusals|permits|violations/calls)/\?[^"]+)"', board)}
    assert len(links) >= 4
    for link in links:
        shown = qiu.get(link)
        assert shown.status_code == 200, link
        assert "data-row" in shown.content.decode(), link


def test_a_call_without_a_permit_is_seen_next_morning(qiu):
    """It stands on the board, in the list with what was recorded, and among what waits for Qiu on her first page."""
    assert "Call without a permit" in text_of(qiu.get("/violations/"))
    assert "rec-around" in text_of(qiu.get("/violations/calls/", {"kind": "call_without_permit"}))
    assert "Number belongs to no debtor" in text_of(qiu.get("/violations/calls/"))


def test_a_contact_on_an_ended_permit_is_on_the_board(the, qiu):
    """A call begun after compliance stopped its agency stands on the board, and its link leads to the permit."""
    permit = the.permit(OWN, at=NOON + timedelta(hours=1))
    with frozen(NOON + timedelta(minutes=61)):
        contact_stop(actor=the.bank.qiu, scope="agency", agency_id=the.bank.aoki.pk, reason_code="conduct")
    the.attempt(permit, "connected", talk=9, at=NOON + timedelta(minutes=65))
    board = qiu.get("/violations/").content.decode()
    assert "Contact on an ended permit" in board
    (link, *_) = [found.replace("&amp;", "&") for found in re.findall(r'href="(/permits/\?[^"]*revoked_from=[^"]+)"', board)]
    rows = qiu.get(link).content.decode()
    assert (rows.count("data-row"), f"/permits/{permit.pk}/" in rows) == (1, True)


@pytest.mark.parametrize(("after", "is_found"), [(30, False), (59, False), (90, True)])
def test_what_the_telephone_system_recorded_counts_against_a_report(the, qiu, after, is_found):
    """Reported as begun before the stop, recorded as begun after it by more than a minute: it is on the board all the same."""
    permit = the.permit(OWN, at=NOON + timedelta(hours=1))
    stopped_at = NOON + timedelta(minutes=61)
    with frozen(stopped_at):
        contact_stop(actor=the.bank.qiu, scope="agency", agency_id=the.bank.aoki.pk, reason_code="conduct")
    the.attempt(permit, "connected", talk=9, at=NOON + timedelta(hours=1))
    the.load(row("late", at=stopped_at + timedelta(seconds=after), permit=permit.pk))
    assert ("Contact on an ended permit" in qiu.get("/violations/").content.decode()) == is_found


def test_records_that_have_not_come_are_named(the, logged_in):
    """The morning after, a performer that had permits and of whom no file came is named; one whose file came is not."""
    the.permit("13800000002", by=the.bank.birch)
    with frozen(NOON + timedelta(days=1)):
        client = logged_in(people.QIU.email)
        client.cookies["django_language"] = "en"
        shown = text_of(client.get("/violations/"))
    assert "from: Birch Recovery" in shown


def test_strange_addresses_do_no_harm(qiu):
    """Weeks that do not exist, agencies that are nobody's and pages without end are answered with a page."""
    for strange in ("'", "😀", "=cmd()", "9" * 40, "-1", "2026-13-01"):
        for address in ("/violations/", "/violations/calls/"):
            asked = dict.fromkeys(("performer", "until_on", "from_on", "page", "kind"), strange)
            assert qiu.get(address, asked).status_code == 200, (address, strange)


def test_rejected_rows_of_a_file_are_taken_from_the_page(the, qiu, logged_in):
    """The file stands with its counts below the findings; Qiu takes its rejects, Fan sees no button and gets nothing, Birch's lead neither."""
    loaded = the.load(row("fine"), "bad,2026-09-01 10:00:00,=13800000001,30,接通,A01,95588,rec,")
    address = f"/violations/calls/files/{loaded.record_file_id}/rejects/"
    shown = qiu.get("/violations/calls/").content.decode()
    assert address in shown
    assert "Files of call records" in shown
    answer = qiu.post(address)
    assert (answer.status_code, answer["Content-Disposition"][:10]) == (200, "attachment")
    assert "13800000001" in b"".join(answer.streaming_content).decode()
    assert qiu.get(address).status_code == 405
    assert qiu.post("/violations/calls/files/999999999/rejects/").status_code == 404
    with frozen(EVENING + timedelta(minutes=5)):
        fan = logged_in(people.FAN.email)
        assert address not in fan.get("/violations/calls/").content.decode()
        assert fan.post(address).status_code == 404
        assert logged_in(people.ANN.email).post(address).status_code == 404


def test_pages_of_findings_follow_each_other(the, qiu, monkeypatch):
    """However few rows a page has, and whether groups are looked at one by one or together, the pages hold each finding once, in order."""
    from duecourse.contact.selectors import call_findings
    from duecourse.doors.console.pages.rules import violations

    the.load(
        *(row(f"around-{n}", at=NOON + timedelta(minutes=n)) for n in range(7)), *(row(f"odd-{n}", f"1399999{n:04d}") for n in range(5))
    )
    the.load(row("birch", by=the.bank.birch), by=the.bank.birch)
    with acting(the.bank.system):
        expected = [one.call_ref for one in call_findings(creditor_id=the.bank.id, from_on=DAY, until_on=DAY)]
    assert len(expected) == 14
    for rows, groups in ((1, 3), (2, 1), (4, 0), (4, 3), (7, 2), (50, 0)):
        monkeypatch.setattr(violations, "PAGE_ROWS", rows)
        monkeypatch.setattr(violations, "GROUPS_MAX", groups)
        seen = []
        for page in range(1, 20):
            answer = qiu.get("/violations/calls/", {"page": page, "from_on": DAY, "until_on": DAY})
            seen += [one["finding"].call_ref for one in answer.context_data["rows"]]
            if not answer.context_data["after"]:
                break
        assert seen == expected, (rows, groups)

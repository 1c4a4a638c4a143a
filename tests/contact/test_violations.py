"""Violations are counted by kind, performer and week of the creditor's zone, and every number is that of the rows behind it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from duecourse.contact.models import Refusal
from duecourse.contact.selectors import ANSWERS_PAGE, request_counts, violation_counts
from duecourse.ledger.selectors import page_count
from duecourse.parties.access import acting
from tests.contact.call_scene import OTHERS, OWN, call_scene, row
from tests.contact.scene import DAY, NOON

WEEK = date(2026, 8, 31)
HOUR = timedelta(hours=1)


@pytest.fixture
def the(db, home, tmp_path):
    """Two debtors, one with Aoki, one with Birch."""
    return call_scene(tmp_path)


def refuse(the, number, *, at=NOON, by=None, codes=("outside_contact_hours",), until=None):
    """Keep a refusal of Aoki's, or of another performer's."""
    with acting(the.bank.system):
        return Refusal.objects.create(
            creditor=the.bank.creditor, performer=by or the.bank.aoki, client_request_id=f"r{Refusal.objects.count()}", request_hash="",
            person=the.persons[number], case=the.cases[number], user_id=0, channel="call", contact_at=at, local_on=at.date(),
            decided_at=at, explanation={}, codes=list(codes), next_allowed_at=until,
        )  # fmt: skip


def counted(the, *, from_on=WEEK, until_on=WEEK + timedelta(days=6), now_at=NOON + timedelta(days=30)):
    """Return the counts as (kind, code, performer's code, week) → number."""
    names = {the.bank.aoki.pk: "aoki", the.bank.birch.pk: "birch"}
    with acting(the.bank.system):
        found = violation_counts(creditor_id=the.bank.id, zone="Asia/Shanghai", from_on=from_on, until_on=until_on, now_at=now_at)
    return {(one.kind, one.code, names[one.performer_id], one.week_on): one.number for one in found}


def test_refusals_stand_by_rule_and_performer(the):
    """A request that two rules refuse stands in both; performers and weeks are kept apart."""
    refuse(the, OWN, codes=("outside_contact_hours", "hold_dispute"))
    refuse(the, OTHERS, by=the.bank.birch, at=NOON + timedelta(days=7))
    assert counted(the) == {
        ("refused", "outside_contact_hours", "aoki", WEEK): 1,
        ("refused", "hold_dispute", "aoki", WEEK): 1,
    }
    later = WEEK + timedelta(days=7)
    assert counted(the, until_on=later + timedelta(days=6))["refused", "outside_contact_hours", "birch", later] == 1


def test_a_week_begins_on_monday_in_the_creditors_zone(the):
    """Half past midnight on Monday in Shanghai is the new week, though it is Sunday in UTC; a minute before is the old one."""
    monday = datetime(2026, 9, 6, 16, 30, tzinfo=UTC)
    refuse(the, OWN, at=monday)
    refuse(the, OTHERS, by=the.bank.birch, at=monday - HOUR)
    found = counted(the, until_on=WEEK + timedelta(days=13))
    assert found["refused", "outside_contact_hours", "aoki", WEEK + timedelta(days=7)] == 1
    assert found["refused", "outside_contact_hours", "birch", WEEK] == 1


def test_asking_again_is_counted_while_the_answer_still_refuses(the):
    """Again before the instant told: counted. After it, for another debtor, by another performer, or a day later: not."""
    refuse(the, OWN, until=NOON + 2 * HOUR)
    assert ("asked_again", "", "aoki", WEEK) not in counted(the)
    refuse(the, OTHERS, at=NOON + HOUR)
    refuse(the, OWN, at=NOON + HOUR, by=the.bank.birch)
    refuse(the, OWN, at=NOON + 3 * HOUR, until=NOON + 4 * HOUR)
    assert ("asked_again", "", "aoki", WEEK) not in counted(the)
    refuse(the, OWN, at=NOON + 3 * HOUR + HOUR / 2)
    assert counted(the)["asked_again", "", "aoki", WEEK] == 1
    refuse(the, OWN, at=NOON + 28 * HOUR)
    assert counted(the)["asked_again", "", "aoki", WEEK] == 1


def test_the_board_counts_what_the_list_shows(the):
    """The rows behind a number are as many as the number, for what was asked again and for outcomes not reported."""
    for minutes in (0, 10, 20, 2000):
        refuse(the, OWN, at=NOON + timedelta(minutes=minutes))
    refuse(the, OTHERS, by=the.bank.birch)
    the.permit(OWN)
    span = {"from_on": WEEK.isoformat(), "until_on": (WEEK + timedelta(days=6)).isoformat(), "performer": str(the.bank.aoki.pk)}
    found = counted(the)
    with acting(the.bank.system):
        again = page_count(ANSWERS_PAGE["refusal"], creditor_id=the.bank.id, filters=span | {"again": "yes"})
        open_ones = page_count(ANSWERS_PAGE["permit"], creditor_id=the.bank.id, filters=span | {"outcome": "unreported"})
    assert again == found["asked_again", "", "aoki", WEEK] == 2
    assert open_ones == found["unreported", "", "aoki", WEEK] == 1


def test_an_outcome_is_owed_once_the_permit_has_ended(the):
    """While the permit holds nobody is late; a reported outcome is never counted."""
    permit = the.permit(OWN)
    assert counted(the, now_at=NOON + timedelta(minutes=9)) == {}
    assert counted(the, now_at=NOON + timedelta(minutes=11)) == {("unreported", "", "aoki", WEEK): 1}
    the.attempt(permit, "no_answer")
    assert counted(the) == {}


def test_what_call_records_show_stands_beside(the):
    """A call without a permit is in its week under its kind."""
    the.load(row("around"))
    assert counted(the) == {("call_without_permit", "", "aoki", WEEK): 1}


def test_requests_are_permits_and_refusals(the):
    """The number that violations are held against is everything a performer asked for on these days."""
    the.permit(OWN)
    refuse(the, OWN)
    refuse(the, OTHERS, by=the.bank.birch, at=NOON + timedelta(days=40))
    with acting(the.bank.system):
        found = request_counts(creditor_id=the.bank.id, zone="Asia/Shanghai", from_on=DAY, until_on=DAY)
    assert found == {the.bank.aoki.pk: 2}

"""Days that are kept as sums say what counting them says, and a day about which something changes is counted anew.

1. For the days of any span, in whatever state of counting, the board is the same.
2. A file of call records, a match found anew and calls that went open their day; what comes late otherwise is seen the next day.
"""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from duecourse.contact.models import ViolationDay, ViolationSum
from duecourse.contact.selectors import call_finding_counts, finding_day_counts, request_counts, violation_counts
from duecourse.contact.selectors.violations import requests_counted, violations_counted
from duecourse.contact.services import calls_match, violations_sum
from duecourse.kit.clock import frozen, now
from duecourse.parties.access import acting
from tests.contact.call_scene import OTHERS, OWN, STRANGERS, call_scene, row
from tests.contact.scene import DAY, NOON
from tests.contact.test_violations import HOUR, WEEK, refuse

DAYS = {"from_on": WEEK - timedelta(days=7), "until_on": WEEK + timedelta(days=13), "zone": "Asia/Shanghai"}
LATER = NOON + timedelta(days=6)


@pytest.fixture
def the(db, home, tmp_path):
    """Two weeks: refusals, one asked again, permits nobody reported, a call around the platform and one with a number nobody has."""
    the = call_scene(tmp_path)
    for days, code in ((0, "outside_contact_hours"), (0, "hold_dispute"), (1, "outside_contact_hours"), (5, "outside_contact_hours")):
        refuse(the, OWN, at=NOON + timedelta(days=days), codes=(code,))
        refuse(the, OWN, at=NOON + timedelta(days=days) + HOUR)
    refuse(the, OTHERS, by=the.bank.birch)
    the.permit(OWN)
    the.permit(OTHERS, by=the.bank.birch, at=NOON + timedelta(days=3))
    the.load(row("around", at=NOON + 3 * HOUR), row("stranger", STRANGERS))
    return the


def board(the, *, is_counted: bool = False):
    """Return the board and the requests, as shown or counted from the answers themselves."""
    violations, requests = (violations_counted, requests_counted) if is_counted else (violation_counts, request_counts)
    with acting(the.bank.system):
        found = violations(creditor_id=the.bank.id, **DAYS, now_at=now())
        return {(one.kind, one.code, one.performer_id, one.week_on): one.number for one in found}, dict(
            requests(creditor_id=the.bank.id, **DAYS)
        )


def findings(the):
    """Return the findings by day, performer and kind, from sums and counted."""
    days = {"creditor_id": the.bank.id, "from_on": DAYS["from_on"], "until_on": DAYS["until_on"]}
    with acting(the.bank.system):
        pair = finding_day_counts(**days, zone=DAYS["zone"]), call_finding_counts(**days)
    return [sorted((one.local_on, one.performer_id, one.kind, one.finding_count) for one in some) for some in pair]


def kept(the) -> list[date]:
    """Return the days that are kept as sums."""
    with acting(the.bank.system):
        return sorted(ViolationDay.objects.values_list("local_on", flat=True))


def test_1_sums_say_what_counting_says(the):
    """Before any day is counted, after some are, after all are, and after they are counted again, board, requests and findings are the same."""
    with frozen(LATER):
        expected = board(the, is_counted=True)
        assert {kind for kind, *_ in expected[0]} == {"refused", "asked_again", "unreported", "call_without_permit", "number_unknown"}
        assert board(the) == expected
        assert violations_sum(actor=the.bank.system, days_max=2)[:3] == [DAY + timedelta(days=n) for n in (6, 5, 4)]
        assert len(kept(the)) == 4
        assert board(the) == expected
        while len(violations_sum(actor=the.bank.system, days_max=40)) > 2:
            pass
        assert len(kept(the)) == 100
        assert board(the) == expected
        first, second = findings(the)
        assert first == second
    with frozen(LATER + timedelta(days=1)):
        assert len(violations_sum(actor=the.bank.system, days_max=500)) == 100
        assert board(the) == board(the, is_counted=True) == expected


def test_2_sums_of_a_day_that_may_still_change_hold_for_minutes(the):
    """Today's sums are read while they are fresh; half an hour later the day is counted anew, and one that was over stays as it is."""
    with frozen(LATER):
        violations_sum(actor=the.bank.system, days_max=200)
        shown = board(the)
        refuse(the, OTHERS, at=LATER, codes=("hold_plan",))
        refuse(the, OTHERS, at=LATER - timedelta(days=4), codes=("hold_plan",))
        assert board(the) == shown
    with frozen(LATER + HOUR / 2):
        said = board(the)[0]
        assert sum(number for (_, code, *_), number in said.items() if code == "hold_plan") == 1
    with frozen(LATER + timedelta(days=1)):
        violations_sum(actor=the.bank.system, days_max=200)
        assert sum(number for (_, code, *_), number in board(the)[0].items() if code == "hold_plan") == 2


def test_2_a_file_of_calls_opens_its_day(the):
    """What a late file shows stands on the board at once, and so does what a match finds anew."""
    with frozen(LATER):
        violations_sum(actor=the.bank.system, days_max=200)
        the.load(row("late", OTHERS), by=the.bank.birch, at=LATER)
        assert DAY not in kept(the)
        assert board(the) == board(the, is_counted=True)
        assert ("call_without_permit", "", the.bank.birch.pk, WEEK) in board(the)[0]
        violations_sum(actor=the.bank.system, days_max=200)
        the.debtor(STRANGERS, agency=the.bank.aoki)
        assert calls_match(actor=the.bank.system, on=DAY) == 1
        assert DAY not in kept(the)
        assert board(the) == board(the, is_counted=True)


def test_nobody_else_sees_sums(the):
    """An agency and another creditor see neither days nor sums."""
    with frozen(LATER):
        violations_sum(actor=the.bank.system)
    with acting(the.bank.system):
        assert ViolationSum.objects.filter(kind="requests").exists()
    from django.db import DatabaseError, transaction

    for actor in (the.bank.ann, the.bank.bo):
        with pytest.raises(DatabaseError), transaction.atomic(), acting(actor):
            ViolationSum.objects.count()

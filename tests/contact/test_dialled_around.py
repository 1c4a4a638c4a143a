"""Calls dialled around the platform count in the debtor's day as soon as they are known."""

from __future__ import annotations

from datetime import timedelta

import pytest

from duecourse.contact.services import permit_request
from duecourse.kit.clock import frozen
from duecourse.ledger.selectors.rows import dicts
from duecourse.parties.access import acting
from duecourse.portfolio.models import Account, CaseAccount
from tests.contact.call_scene import EVENING, OWN, call_scene, row
from tests.contact.scene import DAY, NOON


@pytest.fixture
def the(db, home, tmp_path):
    """A debtor of Aoki's with an account and a number."""
    made = call_scene(tmp_path)
    with acting(made.bank.system):
        account = Account.objects.create(
            creditor=made.bank.creditor, number="N-1", product_class="credit_card", lender_class="bank", currency="CNY"
        )
        CaseAccount.objects.create(creditor=made.bank.creditor, case=made.cases[OWN], account=account, from_on=DAY)
    return made


def asked(the, request: str):
    """Ask, as Ann, to call the debtor in the evening."""
    with frozen(EVENING):
        return permit_request(
            actor=the.bank.ann, case_id=the.cases[OWN].pk, channel="call", contact_at=EVENING, client_request_id=request,
            contact_point_id=the.points[OWN].pk,
        )  # fmt: skip


def test_three_calls_without_a_permit_use_the_day_up(the):
    """Two leave room for a permit; after the third the debtor is left alone, and the count shown says so."""
    the.load(row("c1"), row("c2", at=NOON + timedelta(minutes=30)))
    assert asked(the, "second").is_permit
    the.load(row("c3", at=NOON + timedelta(hours=1)))
    answer = asked(the, "third")
    assert not answer.is_permit
    assert "connected_calls_used_up" in {reason["code"] for reason in answer.explanation["reasons"]}
    with acting(the.bank.ann):
        (counts,) = dicts(
            "SELECT * FROM gate.contact_counts(%(creditor)s, %(case)s, %(on)s)", creditor=the.bank.id, case=the.cases[OWN].pk, on=DAY
        )
    assert counts == {"held_count": 4, "connected_count": 3}


def test_calls_nobody_took_use_nothing_up(the):
    """A call that rang in vain, and one of the day before, leave the day as it is."""
    the.load(row("c1", talk=0, result="未接"), row("c2", talk=0, result="未接"), row("c3", talk=0, result="未接"))
    answer = asked(the, "first")
    held = next(rule for rule in answer.explanation["checked"] if rule["rule"] == "cn.connected_calls_daily")
    assert answer.is_permit
    assert held["facts"] == {"call_slots_held_count": "0"}


def test_calls_of_a_rival_that_never_had_the_case_use_nothing_up(the):
    """What an agency writes of calls to another's debtor is found and shown, and takes no call from the one that has the case."""
    the.load(*(row(f"c{n}", at=NOON + timedelta(minutes=n)) for n in range(4)), by=the.bank.birch)
    assert asked(the, "first").is_permit
    assert set(the.kinds()) == {"call_without_permit"}

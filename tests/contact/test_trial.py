"""A permit that is only tried: the gate's own decision, of which nothing is kept."""

from __future__ import annotations

import pytest
from django.db import connection

from duecourse.contact.services import permit_request, permit_try
from duecourse.kit.clock import frozen
from duecourse.kit.errors import Absent
from duecourse.parties.access import acting, current
from tests.contact.scene import NOON, scene

REQUEST = {"channel": "call", "contact_at": NOON}


def counts(the) -> tuple[int, ...]:
    """Return how many permits, refusals and events there are."""
    with acting(the.bank.system), connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT count(*) FROM contact_permit), (SELECT count(*) FROM contact_refusal), (SELECT count(*) FROM ledger_auditevent)"
        )
        return cursor.fetchone()


def test_the_same_decision_and_no_trace(db):
    """It says what the gate then says, slot by slot, and adds no row; its number is 0."""
    the = scene()
    case_id = the.cases["aoki"].pk
    with frozen(NOON):
        for number in range(4):
            before = counts(the)
            tried = permit_try(actor=the.bank.ann, case_id=case_id, client_request_id=f"c{number}", **REQUEST)
            assert counts(the) == before
            given = permit_request(actor=the.bank.ann, case_id=case_id, client_request_id=f"c{number}", **REQUEST)
            assert tried.id == 0
            assert (tried.kind, tried.explanation, tried.valid_until_at) == (given.kind, given.explanation, given.valid_until_at)
    assert given.kind == "refusal"


def test_what_is_refused_before_a_decision_is_refused_here(db):
    """Another agency's case does not exist, and after the error the block goes on."""
    the = scene()
    with frozen(NOON), acting(the.bank.bo), pytest.raises(Absent):
        permit_try(actor=the.bank.bo, case_id=the.cases["aoki"].pk, client_request_id="c", **REQUEST)
    with frozen(NOON), acting(the.bank.system):
        permit_try(actor=the.bank.ann, case_id=the.cases["aoki"].pk, client_request_id="c", **REQUEST)
        assert current() == the.bank.system


def test_the_debtor_is_free_again(committed_db):
    """Inside a longer transaction the lock on the debtor ends with the trial: another connection takes it without waiting."""
    the = scene()
    with frozen(NOON), acting(the.bank.ann):
        permit_try(actor=the.bank.ann, case_id=the.cases["aoki"].pk, client_request_id="c", **REQUEST)
        with committed_db.connect("owner") as other:
            found = other.execute("SELECT id FROM portfolio_person WHERE id = %s FOR UPDATE NOWAIT", [the.person.pk]).fetchone()
    assert found == (the.person.pk,)

"""What an agency's people are shown of a debtor's day is what the gate would count, papers of lower layers included."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from duecourse.contact.selectors import CallsToday, calls_today
from duecourse.contact.services import attempt_report, permit_request
from duecourse.kit.clock import frozen
from duecourse.parties.access import Actor, acting
from tests.contact.scene import NOON, Scene, scene
from tests.contact.test_papers import MOST, paper, parameters

ZONE = "Asia/Shanghai"


@pytest.fixture
def the(db: None) -> Scene:
    """The scene of these tests."""
    return scene()


def told(the: Scene, code: str = "aoki", *, actor: Actor | None = None) -> CallsToday | None:
    """Return what the performer of this code is told of its case at noon."""
    case_id = the.cases[code].pk
    with frozen(NOON), acting(actor or the.actor(code)) as asking:
        return calls_today(actor=asking, zones={case_id: ZONE}, at=NOON).get(case_id)


def called(the: Scene, code: str, request: str) -> bool:
    """Call the debtor and reach them, if it is permitted."""
    with frozen(NOON):
        given = permit_request(
            actor=the.actor(code), case_id=the.cases[code].pk, channel="call", contact_at=NOON, client_request_id=request
        )
        if given.is_permit:
            attempt_report(actor=the.actor(code), permit_id=given.id, outcome="connected", started_at=NOON)
    return given.is_permit


def test_a_contract_of_fewer_calls_is_shown_to_its_agency_and_is_what_the_gate_says(the: Scene) -> None:
    """Aoki's contract allows two calls a day: after Birch's two nothing is left to Aoki, and one to Birch; the gate says the same."""
    paper(the, "aoki", layer="agency_contract", agency_id=the.bank.aoki.pk, parameters=parameters(MOST, 2, "count_per_local_day"))
    found = [told(the, "aoki"), told(the, "birch")]
    assert [(one.held_count, one.limit_count, one.is_used_up) for one in found] == [(0, 2, False), (0, 3, False)]
    assert [called(the, "birch", str(number)) for number in range(2)] == [True, True]
    found = [told(the, "aoki"), told(the, "birch")]
    assert [(one.held_count, one.limit_count, one.is_used_up) for one in found] == [(2, 2, True), (2, 3, False)]
    assert [one.verdict.allowed for one in found] == [called(the, "aoki", "no"), called(the, "birch", "yes")] == [False, True]


def test_an_agreement_and_a_paper_nobody_approved_count_as_at_the_gate(the: Scene) -> None:
    """One call a day was agreed with the debtor and binds all; a policy of none that waits for a second person binds nobody."""
    paper(the, "chen", layer="agreement", person_id=the.person.pk, parameters=parameters(MOST, 1, "count_per_local_day"))
    paper(the, is_approved=False, parameters=parameters(MOST, 0, "count_per_local_day"))
    assert [told(the, code).limit_count for code in ("aoki", "birch")] == [1, 1]
    assert called(the, "aoki", "1")
    assert told(the, "birch").is_used_up
    assert not called(the, "birch", "2")


def test_of_a_case_that_is_not_theirs_nothing_is_told(the: Scene) -> None:
    """Ann is told nothing of Birch's case, nor a collector of one that is not assigned to them."""
    birch = the.cases["birch"].pk
    with acting(the.bank.ann):
        assert calls_today(actor=the.bank.ann, zones={birch: ZONE, 10**12: None}, at=NOON) == {}
    assert the.bank.bo.is_collector
    assert told(the, "birch", actor=the.bank.bo) is None


def test_many_cases_are_asked_for_at_once(the: Scene) -> None:
    """One case and forty cost the same statements; a paper that was read before costs none."""
    paper(the, "aoki", layer="agency_contract", agency_id=the.bank.aoki.pk, parameters=parameters(MOST, 2, "count_per_local_day"))
    told(the)
    case_id = the.cases["aoki"].pk
    asked = []
    for zones in ({case_id: ZONE}, {case_id: ZONE} | dict.fromkeys(range(10**9, 10**9 + 40), "Asia/Urumqi")):
        with acting(the.bank.ann), CaptureQueriesContext(connection) as captured:
            calls_today(actor=the.bank.ann, zones=zones, at=NOON)
        asked.append(len(captured))
    assert asked == [1, 1]

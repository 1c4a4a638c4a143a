"""A permit is looked at again: what comes after it ends it, the number stays closed, and a contact on it is a violation."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection

from duecourse.contact.errors import NumberHidden
from duecourse.contact.models import Attempt, Permit
from duecourse.contact.selectors import permit_revocations, violation_counts
from duecourse.contact.selectors.violations import REVOKED
from duecourse.contact.services import (
    Answer,
    attempt_report,
    call_request,
    contact_stop,
    contact_wish_record,
    ground_text,
    number_open,
    permit_request,
)
from duecourse.kit.clock import frozen
from duecourse.kit.errors import Absent
from duecourse.parties.access import Actor, acting
from duecourse.parties.models import Agency
from duecourse.portfolio.models import Case, CaseAccount, CaseTransition, ContactPoint, Hold
from duecourse.repayment.services import direct_debit_record
from tests import people
from tests.contact.scene import DAY, NOON, Scene, scene
from tests.contact.test_papers import UNTIL, paper, parameters
from tests.work import NOON as WORK_NOON
from tests.work import TODAY, work

LATER, TOMORROW = NOON + timedelta(hours=1), NOON + timedelta(days=1)


@pytest.fixture
def the(db: None) -> Scene:
    """The scene of these tests."""
    return scene()


def point(the: Scene, kind: str = "phone", **changed: Any) -> int:
    """Return the debtor's number, or another one with these columns."""
    with acting(the.bank.system):
        if not changed:
            return ContactPoint.objects.filter(person=the.person, kind=kind).earliest("pk").pk
        first = {"creditor": the.bank.creditor, "person": the.person, "kind": kind, "value_sealed": b"", "valid_from_on": DAY}
        return ContactPoint.objects.create(**first | changed).pk


def ask(the: Scene, request: str = "1", *, code: str = "aoki", at=TOMORROW, **more: Any) -> Answer:
    """Ask at noon for a call at an instant, tomorrow's noon unless told otherwise."""
    wanted = {"actor": the.actor(code), "case_id": the.cases[code].pk, "channel": "call", "contact_at": at, "client_request_id": request}
    with frozen(NOON):
        return permit_request(**{"contact_point_id": point(the)} | wanted | more)


def why(the: Scene, permit: Answer, actor: Actor | None = None) -> list[str]:
    """Return why a permit holds no more."""
    actor = actor or the.bank.ann
    with acting(actor):
        return [one.code for one in permit_revocations(creditor_id=actor.creditor_id, permit_id=permit.id)]


def hold(the: Scene, kind: str = "complaint", **more: Any) -> None:
    """Hold contact from today on, an hour after the permit was given."""
    with acting(the.bank.system):
        first = {"creditor": the.bank.creditor, "person": the.person, "kind": kind, "stops_contact": True, "stops_placement": True}
        Hold.objects.create(**first | {"source_kind": "test", "source_id": 1, "from_on": DAY, "known_at": LATER} | more)


def close_case(the: Scene) -> None:
    """Close Aoki's case an hour after the permit was given."""
    with acting(the.bank.system):
        Case.objects.filter(pk=the.cases["aoki"].pk).update(closed_on=DAY, close_reason="paid")
        CaseTransition.objects.create(
            creditor=the.bank.creditor, case=the.cases["aoki"], status="closed", effective_on=DAY, known_at=LATER, actor_id=0
        )


def take_back(the: Scene) -> None:
    """Take the case back from Aoki."""
    with acting(the.bank.system):
        Case.objects.filter(pk=the.cases["aoki"].pk).update(open_agency_id=None)


def decline(the: Scene, **more: Any) -> None:
    """Record that the debtor wants no calls."""
    with frozen(LATER):
        wish = {"actor": the.bank.qiu, "person_id": the.person.pk, "kind": "channel_declined", "channel": "call", "from_on": DAY}
        contact_wish_record(**wish | more)


def agree(the: Scene) -> None:
    """Agree with the debtor on calls until six only, and have it approved."""
    with frozen(LATER):
        paper(the, "a", layer="agreement", person_id=the.person.pk, parameters=parameters(UNTIL, "18:00", "minute_of_day"))


def debit(the: Scene) -> None:
    """Send a direct debit that settles after tomorrow."""
    with acting(the.bank.system):
        account_id = CaseAccount.objects.get(case=the.cases["aoki"]).account_id
    with frozen(LATER):
        direct_debit_record(
            actor=the.bank.fan, account_id=account_id, external_ref="D", amount_minor=1, sent_on=DAY, settles_on=DAY + timedelta(days=3)
        )


def end_number(the: Scene) -> None:
    """Find the number wrong."""
    with acting(the.bank.system):
        ContactPoint.objects.filter(pk=point(the)).update(valid_until_on=DAY)


def close_agency(the: Scene) -> None:
    """Close Aoki."""
    with acting(the.bank.system):
        Agency.objects.filter(pk=the.bank.aoki.pk).update(closed_on=DAY)


def stop(the: Scene) -> None:
    """Stop Aoki."""
    with frozen(LATER):
        contact_stop(actor=the.bank.qiu, scope="agency", agency_id=the.bank.aoki.pk, reason_code="conduct")


EVENTS: dict[str, Callable[[Scene], None]] = {
    "contact_stopped": stop,
    "hold_complaint": hold,
    "case_closed": close_case,
    "not_placed": take_back,
    "performer_closed": close_agency,
    "contact_point_ended": end_number,
    "preference_changed": decline,
    "papers_changed": agree,
    "debit_in_flight": debit,
}


@pytest.mark.parametrize("code", EVENTS)
def test_what_comes_after_a_permit_ends_it(the: Scene, code: str) -> None:
    """A permit for tomorrow holds; after the event it is told as ended with the reason in both languages, to its agency and to the creditor."""
    permit = ask(the)
    assert permit.is_permit
    assert why(the, permit) == []
    EVENTS[code](the)
    assert why(the, permit) == why(the, permit, the.bank.qiu) == [code]
    assert all(text != code for text in ground_text(code))
    assert why(the, permit, the.bank.bo) == [], "a rival is told nothing"


@pytest.mark.parametrize("code", [code for code in EVENTS if code != "not_placed"])
def test_the_same_request_again_tells_the_permit_as_ended(the: Scene, code: str) -> None:
    """A program that asks again under its own number gets the same permit, which says that the contact may not be made any more."""
    permit = ask(the)
    EVENTS[code](the)
    again = ask(the)
    assert (again.kind, again.id, again.is_permit) == ("permit", permit.id, False)
    assert [one.code for one in again.revocations] == [code]


def test_a_case_that_was_taken_back_is_not_there_for_the_same_request(the: Scene) -> None:
    """Asked again by the agency that had it, the request finds no case."""
    ask(the)
    take_back(the)
    with pytest.raises(Absent):
        ask(the)


def test_what_comes_after_the_end_of_a_permit_did_not_end_it(the: Scene) -> None:
    """A permit whose ten minutes are over before the hold is one that ran out."""
    permit = ask(the, at=NOON)
    hold(the)
    assert why(the, permit) == []


def test_all_reasons_are_told_the_first_first(the: Scene) -> None:
    """Two events are two reasons, in the order of their instants; one without an instant comes last."""
    permit = ask(the)
    end_number(the)
    hold(the, known_at=LATER + timedelta(minutes=1))
    stop(the)
    assert why(the, permit) == ["contact_stopped", "hold_complaint", "contact_point_ended"]


def test_what_does_not_touch_the_contact_leaves_the_permit(the: Scene) -> None:
    """Holds of other days or that stop no contact, a wish about letters or withdrawn, a paper of Birch's or from a later day end nothing."""
    permit = ask(the)
    hold(the, until_on=DAY + timedelta(days=1))
    hold(the, "dispute", source_id=2, from_on=DAY + timedelta(days=2))
    hold(the, "hardship", source_id=3, stops_contact=False)
    decline(the, channel="letter")
    decline(the)
    decline(the, is_withdrawn=True)
    decline(the, from_on=DAY + timedelta(days=2), channel="call")
    with frozen(LATER):
        sooner = parameters(UNTIL, "18:00", "minute_of_day")
        paper(the, "birch", layer="agency_contract", agency_id=the.bank.birch.pk, parameters=sooner)
        paper(the, "later", effective_on=DAY + timedelta(days=2), parameters=sooner)
        paper(the, "waits", is_approved=False, parameters=sooner)
        contact_stop(actor=the.bank.qiu, scope="agency", agency_id=the.bank.birch.pk, reason_code="conduct")
    assert why(the, permit) == []


def test_death_ends_contact_with_the_debtor_and_not_with_a_third_party(the: Scene) -> None:
    """After the debtor's death a permit for their own number is ended and one for a relative's is not; a dispute ends both."""
    relative = point(the, whose="relative")
    own = ask(the, "own")
    with acting(the.bank.system):
        given = Permit.objects.get(pk=own.id)
        given.pk, given.client_request_id, given.contact_point_id = None, "relative", relative
        given.save(force_insert=True)
    theirs = Answer("permit", given.pk, {}, None, None)
    hold(the, "deceased")
    assert (why(the, own), why(the, theirs)) == (["hold_deceased"], [])
    hold(the, "dispute", source_id=2)
    assert (why(the, own), why(the, theirs)) == (["hold_deceased", "hold_dispute"], ["hold_dispute"])


def test_the_slot_is_given_back_only_by_a_report(the: Scene) -> None:
    """With three permits held the day is used up, though one was ended meanwhile; reported as not made, it gives its slot back."""
    robot = {"code": "", "performer_id": the.bank.robot.pk, "at": NOON}
    held = [ask(the, "1", at=NOON), ask(the, "1", code="birch", at=NOON), ask(the, "1", **robot)]
    assert all(permit.is_permit for permit in held)
    end_number(the)
    other = point(the, value_sealed=b"2")
    refused = {"code": "", "performer_id": the.bank.in_house.pk, "contact_point_id": other, "at": NOON}
    assert [reason["rule"] for reason in ask(the, "4", **refused).explanation["reasons"]] == ["cn.connected_calls_daily"]
    assert why(the, held[0]) == ["contact_point_ended"]
    report(the, held[0], "not_made", at=NOON)
    assert ask(the, "5", **refused).is_permit


def report(the: Scene, permit: Answer, outcome: str, *, at, code: str = "aoki") -> Attempt:
    """Report an outcome when it was made."""
    with frozen(at):
        return attempt_report(actor=the.actor(code), permit_id=permit.id, outcome=outcome, started_at=at)


def made_on_revoked(the: Scene) -> list[tuple[int, int]]:
    """Return how many contacts each performer made on permits that had ended, as the board counts them."""
    span = {"zone": "Asia/Shanghai", "from_on": DAY, "until_on": DAY + timedelta(days=6), "now_at": TOMORROW}
    with acting(the.bank.qiu):
        found = violation_counts(creditor_id=the.bank.id, **span)
    return [(one.performer_id, one.number) for one in found if one.kind == REVOKED]


@pytest.mark.parametrize(("outcome", "is_found"), [("connected", True), ("no_answer", True), ("not_made", False)])
def test_an_outcome_on_an_ended_permit_is_taken_and_is_a_violation(the: Scene, outcome: str, is_found: bool) -> None:
    """The truth is never refused: the call is kept, it stands on the board with its agency, and only a call that was not made does not."""
    permit = ask(the)
    hold(the)
    assert report(the, permit, outcome, at=TOMORROW).outcome == outcome
    assert made_on_revoked(the) == ([(the.bank.aoki.pk, 1)] if is_found else [])


def test_a_call_begun_before_the_hold_is_no_violation(the: Scene) -> None:
    """What comes after the call began does not reach back, and the permit of that call is not told as ended; a stop that was lifted before
    the call does not count either.
    """
    permit = ask(the, at=NOON)
    report(the, permit, "connected", at=NOON)
    hold(the)
    stop(the)
    assert made_on_revoked(the) == []
    assert why(the, permit) == []


def test_agencies_do_not_see_the_board(the: Scene) -> None:
    """The function behind the board is the creditor's, and of its own contacts only."""
    permit = ask(the)
    hold(the)
    report(the, permit, "connected", at=TOMORROW)
    with pytest.raises(DatabaseError, match="permission denied"), acting(the.bank.ann), connection.cursor() as cursor:
        cursor.execute("SELECT * FROM gate.made_on_revoked(%s, %s, %s)", [the.bank.id, NOON, TOMORROW])
    stranger = scene(firm=people.OTHER_BANK)
    assert made_on_revoked(stranger) == []
    with pytest.raises(DatabaseError, match="not open here"), acting(the.bank.qiu), connection.cursor() as cursor:
        cursor.execute("SELECT * FROM gate.permit_revoked(%s, %s)", [stranger.bank.id, permit.id])


def test_a_number_stays_closed_once_the_case_is_another_collectors(db, tmp_path, home) -> None:
    """Bo has a permit; given to a colleague, the case ends it for him, and his report of a later call is a violation."""
    with frozen(WORK_NOON):
        the = work(tmp_path)
        the.accept("birch")
        case_id = the.cases["birch"][0]
        the.assign([case_id], the.bank.bo)
        permit = call_request(actor=the.bank.bo, case_id=case_id, contact_point_id=the.phone(case_id), client_request_id="1")
        assert number_open(actor=the.bank.bo, permit_id=permit.id)
    with frozen(WORK_NOON + timedelta(minutes=2)):
        the.assign([case_id], the.bea)
        with pytest.raises(NumberHidden, match="assigned"):
            number_open(actor=the.bank.bo, permit_id=permit.id)
    with acting(the.bank.bo):
        (why,) = permit_revocations(creditor_id=the.bank.id, permit_id=permit.id)
    assert (why.code, why.revoked_at) == ("not_assigned", WORK_NOON + timedelta(minutes=2))
    begun = WORK_NOON + timedelta(minutes=5)
    with frozen(begun):
        attempt_report(actor=the.bank.bo, permit_id=permit.id, outcome="connected", started_at=begun)
    with acting(the.bank.qiu):
        span = {"zone": "Asia/Shanghai", "from_on": TODAY, "until_on": TODAY, "now_at": begun}
        assert [one.number for one in violation_counts(creditor_id=the.bank.id, **span) if one.kind == REVOKED] == [1]


@pytest.mark.parametrize("code", ["hold_complaint", "not_placed", "case_closed"])
def test_the_number_of_an_ended_permit_is_not_opened(db, tmp_path, home, code: str) -> None:
    """Opened before the event it is not opened after it, and what is shown instead is the reason."""
    with frozen(WORK_NOON):
        the = work(tmp_path)
        the.accept("birch")
        case_id = the.cases["birch"][0]
        the.assign([case_id], the.bank.bo)
        permit = call_request(actor=the.bank.bo, case_id=case_id, contact_point_id=the.phone(case_id), client_request_id="1")
        assert number_open(actor=the.bank.bo, permit_id=permit.id)
        with acting(the.bank.system):
            case = Case.objects.get(pk=case_id)
            if code == "hold_complaint":
                Hold.objects.create(
                    creditor=the.bank.creditor, person=case.person, kind="complaint", stops_contact=True, stops_placement=True,
                    source_kind="test", source_id=1, from_on=TODAY, known_at=WORK_NOON,
                )  # fmt: skip
            changed = {"not_placed": {"open_agency_id": None}, "case_closed": {"closed_on": TODAY}}
            Case.objects.filter(pk=case_id).update(**changed.get(code, {"close_reason": ""}))
        with pytest.raises(NumberHidden) as hidden:
            number_open(actor=the.bank.bo, permit_id=permit.id)
    assert str(hidden.value.parameters["reason"]) in ground_text(code)

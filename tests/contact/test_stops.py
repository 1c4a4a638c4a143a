"""The emergency stop: it bites at once and everywhere, and a second person lifts it."""

from __future__ import annotations

import threading
import time

import pytest
from django.db import connection

from duecourse.contact.errors import NumberHidden, StopInvalid, StopLifted
from duecourse.contact.models import ContactStop
from duecourse.contact.selectors import lifts_waiting, permit_revocations, stop_page, stops_open
from duecourse.contact.services import (
    Answer,
    attempt_report,
    contact_stop,
    contact_stop_lift,
    contact_stop_lift_approve,
    contact_stop_lift_reject,
    number_open,
    permit_request,
)
from duecourse.kit.clock import frozen
from duecourse.kit.errors import Absent, Forbidden
from duecourse.ledger.selectors import PageQuery, page
from duecourse.parties.access import Actor, acting
from duecourse.parties.errors import AlreadyDecided, SamePersonTwice
from duecourse.portfolio.models import ContactPoint
from tests import factories, people
from tests.contact.scene import NOON, Scene, scene


@pytest.fixture
def the(db: None) -> Scene:
    """The scene of these tests."""
    return scene()


def ask(the: Scene, code: str = "aoki", request: str = "1", **more) -> Answer:
    """Ask to call the debtor at noon."""
    wanted = {"actor": the.actor(code), "case_id": the.cases[code].pk, "channel": "call", "contact_at": NOON, "client_request_id": request}
    with frozen(NOON):
        return permit_request(**wanted | more)


def grounds(answer: Answer) -> list[str]:
    """Return the codes of the platform's own grounds."""
    return [ground["code"] for ground in answer.explanation["grounds"]]


def stop(the: Scene, scope: str, **target) -> ContactStop:
    """Stop as Qiu."""
    return contact_stop(actor=the.bank.qiu, scope=scope, reason_code="conduct", **target)


def second_officer(the: Scene) -> Actor:
    """Return another compliance officer."""
    from duecourse.parties.access import actors_of
    from duecourse.parties.services import membership_grant

    someone = factories.user("rui@lanxi.example", name="Rui")
    membership_grant(actor=the.bank.system, user_id=someone.pk, role="compliance", from_on=factories.FIRST_DAY)
    return actors_of(someone, on=factories.FIRST_DAY)[0]


def lifted(the: Scene, stopped: ContactStop) -> ContactStop:
    """Lift a stop: Qiu asks, another officer agrees."""
    asked = contact_stop_lift(actor=the.bank.qiu, stop_id=stopped.pk, reason="cleared up")
    return contact_stop_lift_approve(actor=second_officer(the), lift_id=asked.pk)


@pytest.mark.parametrize("scope", ["agency", "collector", "channel", "debtor", "everything"])
def test_a_stop_refuses_what_it_covers_and_nothing_else(the: Scene, scope: str) -> None:
    """After a stop of each scope Ann's request is refused with the stop as the ground; Birch's only where the stop covers it too."""
    target = {
        "agency": {"agency_id": the.bank.aoki.pk},
        "collector": {"user_id": the.bank.ann.user_id},
        "channel": {"channel": "call"},
        "debtor": {"person_id": the.person.pk},
        "everything": {},
    }[scope]
    stopped = stop(the, scope, **target)
    refused = ask(the)
    assert grounds(refused) == ["contact_stopped"]
    (ground,) = refused.explanation["grounds"]
    assert ground["values"] == {"stop_id": stopped.pk, "reason": "conduct"}
    assert {"zh", "en"} < ground.keys()
    assert refused.next_allowed_at is None
    assert ask(the, "birch").is_permit == (scope in ("agency", "collector"))


def test_a_stop_of_another_debtor_agency_or_channel_changes_nothing(the: Scene) -> None:
    """Stops of Birch, of Bo and of letters leave Ann's call as it was."""
    stop(the, "agency", agency_id=the.bank.birch.pk)
    stop(the, "collector", user_id=the.bank.bo.user_id)
    stop(the, "channel", channel="letter")
    assert ask(the).is_permit


def test_a_permit_given_before_opens_no_number_and_can_be_reported(the: Scene) -> None:
    """The number of a permit is hidden from the instant of the stop; what came of the permit is still taken."""
    with acting(the.bank.system):
        point = ContactPoint.objects.filter(person=the.person, kind="phone").get()
    given = ask(the, contact_point_id=point.pk)
    assert given.is_permit
    with frozen(NOON):
        stopped = stop(the, "debtor", person_id=the.person.pk)
        with pytest.raises(NumberHidden, match="Compliance"):
            number_open(actor=the.bank.ann, permit_id=given.id)
        with acting(the.bank.ann):
            assert [one.code for one in permit_revocations(creditor_id=the.bank.id, permit_id=given.id)] == ["contact_stopped"]
        assert attempt_report(actor=the.bank.ann, permit_id=given.id, outcome="not_made", started_at=NOON).pk
    lifted(the, stopped)
    with acting(the.bank.ann):
        assert permit_revocations(creditor_id=the.bank.id, permit_id=given.id) == []


def test_lifting_takes_a_second_officer(the: Scene) -> None:
    """Who asked cannot agree, nor can a manager or an agency; a refused request leaves the stop, an agreed one ends it and can be read."""
    stopped = stop(the, "agency", agency_id=the.bank.aoki.pk)
    asked = contact_stop_lift(actor=the.bank.qiu, stop_id=stopped.pk, reason="cleared up")
    assert contact_stop_lift(actor=the.bank.qiu, stop_id=stopped.pk, reason="cleared up").pk == asked.pk
    with pytest.raises(SamePersonTwice):
        contact_stop_lift_approve(actor=the.bank.qiu, lift_id=asked.pk)
    for other in (the.bank.mei, the.bank.ann, the.bank.fan):
        with pytest.raises(Forbidden):
            contact_stop_lift_approve(actor=other, lift_id=asked.pk)
    officer = second_officer(the)
    contact_stop_lift_reject(actor=officer, lift_id=asked.pk, reason="not yet")
    with pytest.raises(AlreadyDecided):
        contact_stop_lift_approve(actor=officer, lift_id=asked.pk)
    assert grounds(ask(the)) == ["contact_stopped"]
    again = contact_stop_lift(actor=the.bank.qiu, stop_id=stopped.pk, reason="cleared up")
    with acting(the.bank.qiu):
        assert [row["lift_id"] for row in lifts_waiting(actor=the.bank.qiu)] == [again.pk]
    assert contact_stop_lift_approve(actor=officer, lift_id=again.pk).lifted_by == officer.user_id
    assert ask(the, request="2").is_permit
    with acting(the.bank.qiu):
        told = stop_page(actor=the.bank.qiu, stop_id=stopped.pk)
        assert stops_open(actor=the.bank.qiu) == lifts_waiting(actor=the.bank.qiu) == []
    assert (told["state"], [lift["state"] for lift in told["lifts"]]) == ("lifted", ["refused", "granted"])
    with pytest.raises(StopLifted):
        contact_stop_lift(actor=the.bank.qiu, stop_id=stopped.pk, reason="again")


def test_the_same_stop_again_is_the_one_that_stands(the: Scene) -> None:
    """Pressed twice it is one stop; after it was lifted it is a new one."""
    first = stop(the, "everything")
    assert stop(the, "everything").pk == first.pk
    lifted(the, first)
    assert stop(the, "everything").pk != first.pk


@pytest.mark.parametrize(
    "wrong",
    [
        {"scope": "world"},
        {"scope": "agency"},
        {"scope": "everything", "channel": "call"},
        {"scope": "channel", "channel": "pigeon"},
        {"scope": "everything", "reason_code": "other"},
        {"scope": "everything", "reason_code": "mood"},
        {"scope": "everything", "note": "x" * 501},
    ],
)
def test_a_stop_that_does_not_fit_is_refused(the: Scene, wrong: dict) -> None:
    """A scope without its target, with another one, or a reason that is none, is told and stops nothing."""
    with pytest.raises(StopInvalid):
        contact_stop(**{"actor": the.bank.qiu, "reason_code": "conduct"} | wrong)
    assert ask(the).is_permit


def test_only_compliance_stops_and_only_its_own(the: Scene) -> None:
    """Managers, accountants and agencies cannot stop; another bank's debtors, agencies and people are not there."""
    for other in (the.bank.mei, the.bank.fan, the.bank.ann):
        with pytest.raises(Forbidden):
            contact_stop(actor=other, scope="everything", reason_code="conduct")
    stranger = scene(firm=people.OTHER_BANK)
    for target in (
        {"scope": "agency", "agency_id": stranger.bank.aoki.pk},
        {"scope": "collector", "user_id": stranger.bank.ann.user_id},
        {"scope": "debtor", "person_id": stranger.person.pk},
    ):
        with pytest.raises(Absent):
            contact_stop(actor=the.bank.qiu, reason_code="conduct", **target)
    contact_stop(actor=stranger.bank.qiu, scope="everything", reason_code="conduct")
    assert ask(the).is_permit


def test_an_agency_sees_no_stop_and_lifts_none(the: Scene) -> None:
    """Neither the selectors nor the table show an agency a stop, its own or another's, and of a rival's permit it is told nothing."""
    given = ask(the, "birch")
    stopped = stop(the, "everything")
    with pytest.raises(Forbidden):
        contact_stop_lift(actor=the.bank.ann, stop_id=stopped.pk, reason="please")
    with acting(the.bank.ann):
        with pytest.raises(Absent):
            stops_open(actor=the.bank.ann)
        with pytest.raises(Absent):
            stop_page(actor=the.bank.ann, stop_id=stopped.pk)
        assert permit_revocations(creditor_id=the.bank.id, permit_id=given.id) == []
    with pytest.raises(Exception, match="permission denied"), acting(the.bank.ann), connection.cursor() as cursor:
        cursor.execute("SELECT * FROM contact_contactstop")


def test_the_page_of_stops_is_filtered(the: Scene) -> None:
    """Stops are listed with names, by state and scope; words with quotes and formulas are kept as they are."""
    note = "\"=cmd()' 停😀"
    contact_stop(actor=the.bank.qiu, scope="agency", agency_id=the.bank.aoki.pk, reason_code="other", note=note)
    stop(the, "everything")
    from duecourse.contact.selectors import STOPS_PAGE

    assert isinstance(STOPS_PAGE, PageQuery)
    with acting(the.bank.qiu):
        rows = page(STOPS_PAGE, creditor_id=the.bank.id, order="-from", filters={"state": "open", "scope": "agency"}).rows
    assert [(row["agency"], row["note"], row["stopped_by_name"], row["state"]) for row in rows] == [
        (the.bank.aoki.name, note, "Qiu", "open")
    ]


def test_a_stop_committed_before_the_lock_is_granted_is_seen(committed_db) -> None:
    """A request that waits for its debtor while compliance stops everything is refused when it goes on."""
    the = scene()
    results: list[Answer] = []

    def work() -> None:
        try:
            results.append(ask(the))
        finally:
            connection.close()

    asking = threading.Thread(target=work, daemon=True)
    with committed_db.connect("superuser") as holder:
        with holder.transaction():
            holder.execute("SELECT FROM portfolio_person WHERE id = %s FOR NO KEY UPDATE", [the.person.pk])
            asking.start()
            _await_waiter(holder)
            stop(the, "everything")
        asking.join(timeout=30)
    assert [grounds(answer) for answer in results] == [["contact_stopped"]]


def test_a_stop_waits_for_requests_under_way(committed_db) -> None:
    """While a request is being decided the stop waits; once the stop has returned, no permit is younger than it."""
    the = scene()
    done: list[ContactStop] = []

    def work() -> None:
        try:
            done.append(stop(the, "everything"))
        finally:
            connection.close()

    stopping = threading.Thread(target=work, daemon=True)
    with committed_db.connect("superuser") as watcher:
        with acting(the.bank.ann):
            assert ask(the).is_permit
            stopping.start()
            _await_waiter(watcher)
            assert not done
        stopping.join(timeout=30)
    assert len(done) == 1
    assert grounds(ask(the, "birch")) == ["contact_stopped"]


def _await_waiter(holder) -> None:
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    for _ in range(1_000):
        if holder.execute(waiting).fetchone() != (0,):
            return
        holder.execute("SELECT pg_stat_clear_snapshot()")
        time.sleep(0.01)
    raise AssertionError("nobody waits")


def test_agencies_racing_a_stop_get_permits_before_it_only(committed_db) -> None:
    """Three agencies ask while compliance stops: whoever asks after the stop has returned gets no permit, whoever is in between may."""
    the = scene()
    stopped = threading.Event()

    def work(number: int) -> int:
        if number == 3:
            time.sleep(0.05)
            stop(the, "everything")
            stopped.set()
            return 0
        code = ("aoki", "birch", "")[number]
        more = {} if code else {"performer_id": the.bank.robot.pk}
        too_late = 0
        for turn in range(40):
            is_stopped = stopped.is_set()
            answer = ask(the, code, f"{number}-{turn}", **more)
            too_late += is_stopped and answer.is_permit
            if answer.is_permit:
                with frozen(NOON):
                    attempt_report(actor=the.actor(code), permit_id=answer.id, outcome="no_answer", started_at=NOON)
        return too_late

    assert committed_db.parallel(work, count=4) == [0, 0, 0, 0]
    assert grounds(ask(the, "aoki", "after")) == ["contact_stopped"]

"""The race: many requests at once, from three performers, for one debtor.

1. At no moment are more than three slots of a debtor's day held.
2. However outcomes come in, a fourth connected call never happens.
3. One request id stands for one request, for whichever debtor.
"""

from __future__ import annotations

from contextlib import suppress
from itertools import count
from threading import Barrier

from django.db import connection

from duecourse.contact.errors import RequestReused
from duecourse.contact.selectors import most_slots
from duecourse.contact.services import Answer, attempt_report, permit_request
from duecourse.kit.clock import frozen
from duecourse.parties.access import acting
from duecourse.portfolio.models import Case, Person
from tests.contact.scene import DAY, NOON, Scene, scene

THREADS, ROUNDS = 20, 10


def _request(the: Scene, performer: int, request: str) -> Answer:
    code = ("aoki", "birch", "")[performer]
    more = {} if code else {"performer_id": the.bank.robot.pk}
    with frozen(NOON):
        return permit_request(
            actor=the.actor(code),
            case_id=the.cases[code].pk,
            channel="call",
            contact_at=NOON,
            client_request_id=request,
            **more,
        )


def test_200_requests_at_once_hold_three_slots(committed_db) -> None:
    """Of 200 parallel requests from three performers exactly three are permitted, and every other one is refused."""
    the = scene()

    def work(number: int) -> int:
        answers = [_request(the, number % 3, f"{number}-{turn}") for turn in range(ROUNDS)]
        return sum(answer.is_permit for answer in answers)

    permitted = committed_db.parallel(work, count=THREADS)
    assert sum(permitted) == 3
    with acting(the.bank.system):
        assert most_slots(creditor_id=the.bank.id, first_on=DAY, last_on=DAY) == (3, 0)
        with connection.cursor() as cursor:
            cursor.execute("SELECT (SELECT count(*) FROM contact_permit), (SELECT count(*) FROM contact_refusal)")
            assert cursor.fetchone() == (3, THREADS * ROUNDS - 3)


def test_outcomes_in_any_order_never_lead_to_a_fourth_connected_call(committed_db) -> None:
    """While two of three calls reach nobody and give their slots back, three connected calls are the most there ever are."""
    the = scene()
    turns = count()

    def work(number: int) -> int:
        code = ("aoki", "birch", "")[number % 3]
        connected = 0
        for turn in range(ROUNDS):
            answer = _request(the, number % 3, f"{number}-{turn}")
            if answer.is_permit:
                outcome = "connected" if next(turns) % 3 == 0 else "no_answer"
                with frozen(NOON):
                    attempt_report(actor=the.actor(code), permit_id=answer.id, outcome=outcome, started_at=NOON)
                connected += outcome == "connected"
        return connected

    results = committed_db.parallel(work, count=12)
    assert not [result for result in results if isinstance(result, Exception)]
    with acting(the.bank.system):
        held, connected = most_slots(creditor_id=the.bank.id, first_on=DAY, last_on=DAY)
    assert connected == sum(results) == 3
    assert held == 3


def test_one_request_id_for_two_debtors_at_once_is_a_conflict(committed_db) -> None:
    """Requests for two debtors under one id wait for no common lock: one is answered, and the other is told that the id is used."""
    the = scene()
    with acting(the.bank.system):
        other = Person.objects.create(creditor=the.bank.creditor, zone="Asia/Shanghai", zone_source="test", known_at=NOON)
        case = Case.objects.create(
            creditor=the.bank.creditor, person=other, work_stream="x", opened_on=DAY, open_agency_id=the.bank.aoki.pk
        )
    both = Barrier(2)

    def work(number: int) -> list[str]:
        found = []
        for turn in range(8):
            both.wait(30)
            with frozen(NOON), suppress(RequestReused):
                case_id = (the.cases["aoki"].pk, case.pk)[number]
                answer = permit_request(actor=the.bank.ann, case_id=case_id, channel="email", contact_at=NOON, client_request_id=str(turn))
                found.append(f"{answer.kind} {turn}")
        return found

    first, second = committed_db.parallel(work, count=2)
    assert len({*first, *second}) == len(first) + len(second) >= 8

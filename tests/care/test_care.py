"""Complaints and disputes: the same reference is the same matter, and a dispute stops contact while it is open."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import ProgrammingError

from duecourse.care.errors import ReferenceReused
from duecourse.care.models import Complaint, Dispute
from duecourse.care.selectors import complaint_counts
from duecourse.care.services import COMPLAINT_DAYS, complaint_receive, dispute_close, dispute_open
from duecourse.contact.services import attempt_report, permit_request
from duecourse.kit.clock import frozen
from duecourse.kit.errors import Absent
from duecourse.parties.access import acting
from duecourse.portfolio.models import CaseAccount
from tests import people
from tests.contact.scene import DAY, NOON, Scene, scene

pytestmark = pytest.mark.django_db


@pytest.fixture
def the(db: None) -> Scene:
    """A debtor with a case at Aoki."""
    return scene()


def complain(the: Scene, reference: str = "C-1", *, kind: str = "tone", case: str = "aoki") -> Complaint:
    """Take a complaint about Aoki in."""
    return complaint_receive(
        actor=the.bank.qiu,
        case_id=the.cases[case].pk,
        kind=kind,
        external_ref=reference,
        received_on=DAY,
        agency_id=the.bank.aoki.pk,
    )


def dispute(the: Scene, reference: str = "D-1", *, case: str = "aoki") -> Dispute:
    """Take an objection to the case's account in."""
    with acting(the.bank.system):
        account_id = CaseAccount.objects.get(case=the.cases[case]).account_id
    return dispute_open(
        actor=the.bank.qiu,
        case_id=the.cases[case].pk,
        account_id=account_id,
        kind="amount",
        external_ref=reference,
        received_on=DAY,
    )


def may_call(the: Scene, number: int) -> bool:
    """Say whether Ann gets a permit at noon of the day; she makes no call."""
    with frozen(NOON):
        answer = permit_request(
            actor=the.bank.ann, case_id=the.cases["aoki"].pk, channel="call", contact_at=NOON, client_request_id=str(number)
        )
        if answer.is_permit:
            attempt_report(actor=the.bank.ann, permit_id=answer.id, outcome="not_made", started_at=NOON)
    return answer.is_permit


def test_a_complaint_has_its_deadline_and_is_counted_once(the: Scene) -> None:
    """The same complaint again changes nothing; its deadline is fifteen days on, and it counts for the agency in its span of days."""
    first = complain(the)
    assert complain(the).pk == first.pk
    assert first.due_on == DAY + timedelta(days=COMPLAINT_DAYS)
    with acting(the.bank.system):
        assert complaint_counts(creditor_id=the.bank.id, first_on=DAY, last_on=DAY) == {the.bank.aoki.pk: 1}
        assert complaint_counts(creditor_id=the.bank.id, first_on=DAY + timedelta(days=1), last_on=DAY + timedelta(days=9)) == {}


def test_a_reference_stands_for_one_matter(the: Scene) -> None:
    """A reference with another kind of complaint, or a dispute of another case, is refused."""
    complain(the)
    dispute(the)
    with pytest.raises(ReferenceReused):
        complain(the, kind="threat")
    with pytest.raises(ReferenceReused):
        dispute(the, case="birch")


def test_an_open_dispute_stops_contact_with_the_debtor(the: Scene) -> None:
    """While it is open Ann gets no permit; once it is closed she does; opening and closing twice changes nothing."""
    assert may_call(the, 1)
    opened = dispute(the)
    assert dispute(the).pk == opened.pk
    assert not may_call(the, 2)
    for _ in range(2):
        dispute_close(actor=the.bank.qiu, dispute_id=opened.pk, on=DAY)
    assert may_call(the, 3)


def test_agencies_and_other_banks_see_nothing_of_it(the: Scene) -> None:
    """Ann, whose case it is, and another bank see no complaint and no dispute; a case of another bank is absent."""
    complain(the)
    dispute(the)
    with pytest.raises(ProgrammingError, match="permission denied"), acting(the.bank.ann):
        Complaint.objects.count()
    other = scene(firm=people.OTHER_BANK)
    with acting(other.bank.system):
        assert (Complaint.objects.count(), Dispute.objects.count()) == (0, 0)
    with pytest.raises(Absent):
        complaint_receive(actor=the.bank.qiu, case_id=other.cases["aoki"].pk, kind="tone", external_ref="C-2", received_on=DAY)

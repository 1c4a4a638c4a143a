"""Facts of the creditor's records at the gate: third parties, the published list, notices, holds and wishes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from duecourse.contact.errors import StatedImplausible, StatedUnknown, WishInvalid
from duecourse.contact.services import (
    Answer,
    agency_publish,
    agency_unpublish,
    attempt_report,
    contact_wish_record,
    gate_terms_set,
    outsourcing_notices_record,
    permit_request,
)
from duecourse.kit.clock import frozen
from duecourse.kit.errors import Absent, Forbidden
from duecourse.parties.access import acting
from duecourse.portfolio.models import ContactPoint
from tests.contact.scene import DAY, NOON, Scene, scene

RELAY = {"is_payment_asked": 0, "is_debt_disclosed": 0}
"""Only to pass a message on."""


@pytest.fixture
def the(db: None) -> Scene:
    """The scene of these tests."""
    return scene()


def third_party(the: Scene) -> int:
    """Give the debtor a contact person, and return their number."""
    with acting(the.bank.system):
        return ContactPoint.objects.create(
            creditor=the.bank.creditor, person=the.person, kind="phone", whose="contact_person", value_sealed=b"", valid_from_on=DAY
        ).pk


def ask(the: Scene, request: str = "1", *, code: str = "aoki", outcome: str = "not_made", at=NOON, **more) -> Answer:
    """Ask for a contact and report it at once."""
    wanted = {"actor": the.actor(code), "case_id": the.cases[code].pk, "channel": "call", "contact_at": at, "client_request_id": request}
    with frozen(at):
        answer = permit_request(**wanted | more)
        if answer.is_permit:
            attempt_report(actor=the.actor(code), permit_id=answer.id, outcome=outcome, started_at=at)
    return answer


def codes(answer: Answer) -> set[str]:
    """Return the codes of all reasons and grounds."""
    return {one["code"] for one in (*answer.explanation["reasons"], *answer.explanation["grounds"])}


def wish(the: Scene, point: int, kind: str, **more) -> None:
    """Record a third party's words as Qiu."""
    contact_wish_record(actor=the.bank.qiu, person_id=the.person.pk, contact_point_id=point, kind=kind, from_on=DAY, **more)


def test_a_contact_person_may_be_asked_to_relay_once_the_debtor_is_lost(the: Scene) -> None:
    """Not before the third failed call in a row, only when agreed beforehand, and never for money; the answer of the debtor begins anew."""
    point = third_party(the)
    wish(the, point, "agreed_contact")
    for number in range(3):
        refused = ask(the, f"third-{number}", contact_point_id=point, stated=RELAY)
        assert codes(refused) == {"debtor_not_tried_enough"}
        assert ask(the, f"own-{number}", outcome="no_answer").is_permit
    given = ask(the, "lost", contact_point_id=point, stated=RELAY)
    assert given.is_permit
    assert {"third_party_collected_from", "unrelated_person_collected_from"} <= codes(ask(the, "money", contact_point_id=point, stated={}))
    assert ask(the, "answers", outcome="connected").is_permit
    assert "debtor_not_tried_enough" in codes(ask(the, "again", contact_point_id=point, stated=RELAY))


def test_a_third_party_that_refuses_is_left_alone(the: Scene) -> None:
    """After the refusal nothing is permitted, until it is withdrawn; a collector's record of a refusal counts, their word for more does not."""
    point = third_party(the)
    wish(the, point, "agreed_contact")
    for number in range(3):
        ask(the, f"own-{number}", outcome="no_answer")
    contact_wish_record(actor=the.bank.ann, person_id=the.person.pk, contact_point_id=point, kind="refused_contact", from_on=DAY)
    assert codes(ask(the, "1", contact_point_id=point, stated=RELAY)) == {"third_party_refused"}
    for more in ({"kind": "refused_contact", "is_withdrawn": True}, {"kind": "agreed_contact"}, {"kind": "offered_to_pay"}):
        with pytest.raises(WishInvalid):
            contact_wish_record(actor=the.bank.ann, person_id=the.person.pk, contact_point_id=point, from_on=DAY, **more)
    wish(the, point, "refused_contact", is_withdrawn=True)
    assert ask(the, "2", contact_point_id=point, stated=RELAY).is_permit


def test_words_that_loosen_take_compliance_or_somebody_above(the: Scene) -> None:
    """Whoever only reads at the creditor may record a refusal, and neither what lets a third party be asked nor that a refusal is withdrawn."""
    point = third_party(the)
    reader = replace(the.bank.qiu, roles=frozenset({"read_only"}))
    told = {"actor": reader, "person_id": the.person.pk, "contact_point_id": point, "from_on": DAY}
    contact_wish_record(**told, kind="refused_contact")
    for more in ({"kind": "refused_contact", "is_withdrawn": True}, {"kind": "agreed_contact"}, {"kind": "offered_to_pay"}):
        with pytest.raises(Forbidden):
            contact_wish_record(**told, **more)


def test_a_dead_debtors_contact_person_may_be_asked(the: Scene) -> None:
    """The hold of a death stops contact with the debtor, and excuses the contact person from three failed calls."""
    point = third_party(the)
    wish(the, point, "agreed_contact")
    the.hold("deceased")
    assert "hold_deceased" in codes(ask(the, "1"))
    assert ask(the, "2", contact_point_id=point, stated=RELAY).is_permit


def test_a_number_that_is_over_excuses_too(the: Scene) -> None:
    """Once the debtor's only number is not valid any more, the contact person may be asked."""
    point = third_party(the)
    wish(the, point, "agreed_contact")
    with acting(the.bank.system):
        ContactPoint.objects.filter(person=the.person, kind="phone", whose="self").update(valid_until_on=DAY)
    assert ask(the, contact_point_id=point, stated=RELAY).is_permit


def test_the_published_list_binds_where_it_is_kept(the: Scene) -> None:
    """Before the creditor keeps it nobody asks; then Aoki is refused until it is listed, and again from the day it is taken off."""
    assert ask(the, "1").is_permit
    with frozen(NOON):
        gate_terms_set(actor=the.bank.qiu, effective_on=DAY, paid_share_bp=5_000, paid_minor_min=1, is_agency_list_kept=True)
    assert codes(ask(the, "2")) == {"agency_not_published"}
    agency_publish(actor=the.bank.qiu, agency_id=the.bank.aoki.pk, from_on=DAY)
    agency_publish(actor=the.bank.qiu, agency_id=the.bank.aoki.pk, from_on=DAY)
    assert ask(the, "3").is_permit
    assert codes(ask(the, "4", code="birch")) == {"agency_not_published"}
    assert ask(the, "5", code="", performer_id=the.bank.robot.pk).is_permit
    agency_unpublish(actor=the.bank.qiu, agency_id=the.bank.aoki.pk, until_on=DAY + timedelta(days=1))
    assert ask(the, "6").is_permit
    assert codes(ask(the, "7", at=NOON + timedelta(days=1))) == {"agency_not_published"}
    with pytest.raises(Absent):
        agency_unpublish(actor=the.bank.qiu, agency_id=the.bank.aoki.pk, until_on=DAY)
    with pytest.raises(Forbidden):
        agency_publish(actor=the.bank.ann, agency_id=the.bank.aoki.pk, from_on=DAY)


def test_a_debtor_is_told_before_an_agency_collects(the: Scene) -> None:
    """Where notices are kept, a call before the notice is refused, and from its day on permitted; it is of one agency."""
    with frozen(NOON):
        gate_terms_set(actor=the.bank.qiu, effective_on=DAY, paid_share_bp=5_000, paid_minor_min=1, are_notices_kept=True)
    assert codes(ask(the, "1")) == {"outsourcing_unannounced"}
    notice = {"actor": the.bank.system, "agency_id": the.bank.aoki.pk, "person_ids": [the.person.pk, 10**9], "how": "sms"}
    assert outsourcing_notices_record(**notice, told_on=DAY) == 1
    assert outsourcing_notices_record(**notice, told_on=DAY) == 0
    assert ask(the, "2").is_permit
    assert codes(ask(the, "3", code="birch")) == {"outsourcing_unannounced"}
    with pytest.raises(WishInvalid):
        outsourcing_notices_record(**notice | {"how": "pigeon"}, told_on=DAY)


def test_a_hold_that_a_rule_judges_is_told_once(the: Scene) -> None:
    """A kept plan is refused by the rule with its article, not by the platform's ground besides; a stop list has no rule and stays a ground."""
    the.hold("plan")
    assert codes(ask(the, "1")) == {"plan_signed"}
    the.hold("stop_list")
    assert codes(ask(the, "2")) == {"plan_signed", "hold_stop_list"}


def test_a_dispute_without_a_policy_is_the_platforms_own_ground(the: Scene) -> None:
    """No text stops contact meanwhile, so without a policy the hold refuses; nothing is told twice."""
    the.hold("dispute")
    assert codes(ask(the)) == {"hold_dispute"}


def test_what_is_stated_of_a_visit_is_judged(the: Scene) -> None:
    """A visit of two with sound and pictures to no private place is permitted; what is not said counts against it."""
    right = {"visitors_count": 2, "is_audio_recorded": 1, "is_video_recorded": 1, "has_credentials": 1, "is_home": 0, "is_work_place": 0}
    assert ask(the, "1", channel="visit", stated=right).is_permit
    assert {"too_few_visitors", "visit_not_recorded", "home_entered"} <= codes(ask(the, "2", channel="visit"))
    assert "too_few_visitors" in codes(ask(the, "3", channel="visit", stated=right | {"visitors_count": 1}))


@pytest.mark.parametrize(
    "wrong", [{"no_such": 1}, {"is_disputed": 0}, {"local_minute": 600}, {"call_slots_held_count": 0}, {"is_home": -1}, {"is_home": "no"}]
)
def test_only_what_is_declared_as_stated_can_be_stated(the: Scene, wrong: dict) -> None:
    """Made-up facts, records, the clock and the counts are refused, and so are values that are no whole numbers."""
    with pytest.raises((StatedUnknown, StatedImplausible)):
        ask(the, stated=wrong)


def test_a_private_device_can_be_stated_against_oneself(the: Scene) -> None:
    """Whoever says that a private telephone is used is refused."""
    assert ask(the, "1", stated={"is_private_device": 0}).is_permit
    assert codes(ask(the, "2", stated={"is_private_device": 1})) == {"private_device"}


def test_what_is_stated_is_part_of_the_request(the: Scene) -> None:
    """The same number of a request with another statement is a conflict, and the same statement gives the same answer."""
    from duecourse.contact.errors import RequestReused

    first = ask(the, stated={"is_private_device": 0})
    assert ask(the, stated={"is_private_device": 0}).id == first.id
    with pytest.raises(RequestReused):
        ask(the, stated={"is_private_device": 1})


@pytest.mark.parametrize(
    "wrong", [{"kind": "mood"}, {"kind": "channel_declined"}, {"kind": "channel_declined", "channel": "pigeon"}, {"kind": "place_declined"},
              {"kind": "refused_contact", "channel": "call"}]
)  # fmt: skip
def test_wishes_that_do_not_fit_are_refused(the: Scene, wrong: dict) -> None:
    """A kind that is none, a channel where none belongs, and words of nobody."""
    with pytest.raises(WishInvalid):
        contact_wish_record(actor=the.bank.qiu, person_id=the.person.pk, from_on=DAY, **wrong)

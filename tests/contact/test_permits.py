"""The gate: who gets a permit, who is refused and why, and what is kept of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection

from duecourse.contact.errors import (
    AttemptReported,
    ContactTimeImplausible,
    OutcomeUnknown,
    PerformerMissing,
    PermitExpired,
    RequestReused,
    TalkContradictsOutcome,
)
from duecourse.contact.models import Attempt, Permit, Refusal
from duecourse.contact.selectors import refusal_counts
from duecourse.contact.selectors.rule_sets import whole_evidence
from duecourse.contact.services import Answer, attempt_report, permit_request
from duecourse.kit.clock import frozen
from duecourse.kit.errors import Absent
from duecourse.ledger.selectors import audit_verify
from duecourse.parties.access import acting
from tests import people
from tests.contact.scene import DAY, NOON, Scene, scene, second_lead

pytestmark = pytest.mark.django_db


@pytest.fixture
def the(db: None) -> Scene:
    """The scene of these tests."""
    return scene()


def ask(the: Scene, code: str, number: int = 1, *, at=NOON, case: str | None = None, **more) -> Answer:
    """Ask, as the performer of this code, to call the debtor."""
    chosen = {
        "actor": the.actor(code),
        "case_id": the.cases[code if case is None else case].pk,
        "channel": "call",
        "contact_at": at,
        "client_request_id": f"{code}-{number}",
    }
    with frozen(at):
        return permit_request(**(chosen | more))


def report(the: Scene, code: str, permit_id: int, outcome: str, *, at=NOON) -> Attempt:
    """Report an outcome."""
    with frozen(at):
        return attempt_report(actor=the.actor(code), permit_id=permit_id, outcome=outcome, started_at=at)


def called(the: Scene, code: str, number: int, outcome: str = "connected", *, at=NOON, **more) -> Answer:
    """Ask for a call and report it at once, as everybody has to before the next."""
    answer = ask(the, code, number, at=at, **more)
    if answer.is_permit:
        report(the, code, answer.id, outcome, at=at)
    return answer


def codes(answer: Answer) -> list[str]:
    """Return the codes of all reasons and grounds of an answer."""
    return [r["code"] for r in answer.explanation["reasons"]] + [g["code"] for g in answer.explanation["grounds"]]


def test_a_permit_is_given_and_explains_itself(the: Scene) -> None:
    """At noon a placed case may be called for ten minutes, and the permit says by which rules."""
    answer = ask(the, "aoki")
    assert answer.is_permit
    assert answer.valid_until_at == NOON + timedelta(minutes=10)
    assert {checked["rule"] for checked in answer.explanation["checked"]} >= {"cn.contact_hours", "cn.connected_calls_daily"}
    with acting(the.bank.ann):
        stored = Permit.objects.get().explanation
        assert whole_evidence(actor=the.bank.ann, evidences=[stored]) == [answer.explanation]
    assert "checked" not in stored


def test_the_fourth_call_of_a_day_is_refused_whoever_asks(the: Scene) -> None:
    """Two calls by one agency and one by another use the day up for all, and the refusal names rule and next day's first minute."""
    assert called(the, "aoki", 1).is_permit
    assert called(the, "aoki", 2).is_permit
    assert called(the, "birch", 1).is_permit
    refused = ask(the, "birch", 2)
    assert not refused.is_permit
    assert len(refused.explanation["reasons"]) == 1
    assert "45251" in str(refused.explanation["reasons"][0]["citations"])
    assert refused.next_allowed_at.isoformat() == "2026-09-02T00:00:00+00:00"


def test_an_outcome_that_reached_nobody_gives_the_slot_back(the: Scene) -> None:
    """After a no-answer the day has room again; after a connected call it has not."""
    assert [called(the, "aoki", number, outcome).is_permit for number, outcome in enumerate(("no_answer", "connected", "busy"))] == [
        True
    ] * 3
    assert called(the, "aoki", 4).is_permit
    assert called(the, "aoki", 5).is_permit
    assert codes(ask(the, "birch", 1)) == ["connected_calls_used_up"]


def test_an_unreported_outcome_keeps_its_slot(the: Scene) -> None:
    """Three permits that nobody reported on, of three performers, count as three calls, long after they have ended."""
    ask(the, "aoki"), ask(the, "birch"), ask(the, "", performer_id=the.bank.robot.pk)
    refused = ask(the, "", 2, performer_id=the.bank.in_house.pk, at=NOON + timedelta(hours=5))
    assert codes(refused) == ["connected_calls_used_up"]


def test_hours_are_half_open_in_the_debtors_zone(the: Scene) -> None:
    """07:59 and 22:00 in Shanghai are refused, 08:00 and 21:59 are not."""
    eight = NOON - timedelta(hours=4)
    assert not ask(the, "aoki", 1, at=eight - timedelta(minutes=1)).is_permit
    assert called(the, "aoki", 2, at=eight).is_permit
    last = called(the, "aoki", 3, at=eight + timedelta(hours=13, minutes=59))
    assert last.is_permit
    assert last.valid_until_at == eight + timedelta(hours=13, minutes=59)
    refused = ask(the, "aoki", 4, at=eight + timedelta(hours=14))
    assert refused.next_allowed_at == eight + timedelta(days=1)


def test_all_reasons_are_named_at_once(the: Scene) -> None:
    """At night, on hold and with the day used up, one refusal holds all three."""
    for number in (1, 2, 3):
        called(the, "aoki", number)
    the.hold("dispute")
    refused = ask(the, "aoki", 4, at=NOON + timedelta(hours=10, minutes=30))
    assert len(refused.explanation["reasons"]) == 2
    assert "hold_dispute" in codes(refused)
    assert refused.next_allowed_at is None
    with acting(the.bank.system):
        assert len(Refusal.objects.get().codes) == 3


def test_an_unknown_zone_is_refused_not_guessed(db: None) -> None:
    """A debtor whose zone nobody knows is not called, and the refusal has no local day."""
    the = scene(zone=None)
    refused = ask(the, "aoki")
    assert not refused.is_permit
    assert "zone_unknown" in str(refused.explanation)
    with acting(the.bank.system):
        assert Refusal.objects.get().local_on is None


def test_a_case_with_another_agency_does_not_exist(the: Scene) -> None:
    """Ann asking for Birch's case is told what she would be told about a case that is not there."""
    with pytest.raises(Absent):
        ask(the, "aoki", case="birch")
    with pytest.raises(Absent):
        ask(the, "aoki", case_id=999_999)


def test_the_robot_counts_like_everybody_else(the: Scene) -> None:
    """The bank's robot may call beside a placement, and its calls use up the agencies' day."""
    for number in (1, 2, 3):
        assert called(the, "", number, case="aoki", performer_id=the.bank.robot.pk).is_permit
    assert not ask(the, "aoki").is_permit


def test_the_in_house_team_needs_the_case_to_itself(the: Scene) -> None:
    """The in-house team may call a case that is with nobody, and is refused one that is with an agency."""
    team = the.bank.in_house.pk
    assert called(the, "", 1, performer_id=team).is_permit
    assert codes(ask(the, "", 2, case="aoki", performer_id=team)) == ["placed_elsewhere"]


def test_a_member_of_the_in_house_team_sees_no_agencys_case(the: Scene) -> None:
    """Logged in as an in-house collector, a case that is with an agency does not exist."""
    with frozen(NOON), pytest.raises(Absent):
        permit_request(actor=second_lead(the.bank), case_id=the.cases["aoki"].pk, channel="call", contact_at=NOON, client_request_id="1")


def test_the_banks_side_asks_for_nobody_but_its_own(the: Scene) -> None:
    """Neither the system nor Fan or Mei can ask in the name of an agency, which would use up its calls and owe its outcomes; then Aoki calls."""
    for actor in (the.bank.system, the.bank.fan, the.bank.mei):
        for performer in (the.bank.aoki.pk, the.bank.birch.pk):
            with pytest.raises(PerformerMissing):
                ask(the, "", performer, case="aoki", performer_id=performer, actor=actor)
    assert ask(the, "aoki").is_permit


def test_the_banks_side_must_name_a_performer_of_its_own(the: Scene) -> None:
    """Without a performer, or with one that is not the bank's, nothing is decided."""
    with pytest.raises(PerformerMissing):
        ask(the, "")
    with pytest.raises(PerformerMissing):
        ask(the, "", performer_id=999_999)


def test_the_same_request_again_gives_the_same_answer(the: Scene) -> None:
    """A repeated request takes no second slot; its id with another content is a conflict."""
    first = ask(the, "aoki")
    assert ask(the, "aoki") == first
    with acting(the.bank.system):
        assert Permit.objects.count() == 1
    with pytest.raises(RequestReused):
        ask(the, "aoki", at=NOON + timedelta(minutes=1))


def test_a_request_for_another_time_than_now_is_refused(the: Scene) -> None:
    """Neither a call of an hour ago nor one of the day after tomorrow can be permitted."""
    for away in (timedelta(hours=-1), timedelta(days=2)):
        with frozen(NOON), pytest.raises(ContactTimeImplausible):
            permit_request(actor=the.bank.ann, case_id=the.cases["aoki"].pk, channel="call", contact_at=NOON + away, client_request_id="x")


def test_an_outcome_is_reported_once_by_its_performer(the: Scene) -> None:
    """The same report again changes nothing; another outcome, another agency, a late start and a made-up outcome are refused."""
    permit = ask(the, "aoki").id
    with pytest.raises(Absent):
        report(the, "birch", permit, "no_answer")
    with pytest.raises(OutcomeUnknown):
        report(the, "aoki", permit, "won the lottery")
    with frozen(NOON), pytest.raises(TalkContradictsOutcome):
        attempt_report(actor=the.bank.ann, permit_id=permit, outcome="no_answer", started_at=NOON, talk_seconds=300)
    with pytest.raises(PermitExpired):
        report(the, "aoki", permit, "connected", at=NOON + timedelta(minutes=11))
    assert report(the, "aoki", permit, "connected").pk == report(the, "aoki", permit, "connected").pk
    with pytest.raises(AttemptReported):
        report(the, "aoki", permit, "no_answer")


def test_a_message_takes_no_call_slot(the: Scene) -> None:
    """Messages take no slot and wait for no outcome; three of them leave the day's calls free."""
    the.template("reminder")
    for number in (1, 2, 3):
        assert ask(the, "aoki", number, channel="sms", template_code="reminder").is_permit
    assert ask(the, "aoki", 4).is_permit


def test_a_creditor_without_rules_gets_no_permits(the: Scene) -> None:
    """Where no rule pack is in force nothing is permitted, for nobody could say why it was."""
    with acting(the.bank.system):
        type(the.bank.creditor).objects.filter(pk=the.bank.id).update(packs=[])
    assert codes(ask(the, "aoki")) == ["no_rules"]


def test_a_closed_case_and_a_closed_agency_are_refused(the: Scene) -> None:
    """Authority ends with the case, and with the agency."""
    with acting(the.bank.system):
        type(the.bank.robot).objects.filter(pk=the.bank.robot.pk).update(closed_on=NOON.date())
        type(the.cases[""]).objects.filter(pk=the.cases[""].pk).update(closed_on=NOON.date())
    assert codes(ask(the, "", 1, performer_id=the.bank.robot.pk)) == ["case_closed", "performer_closed"]


def test_answers_cannot_be_changed_or_taken_away(the: Scene) -> None:
    """Neither the application nor an agency can update or delete a permit."""
    ask(the, "aoki")
    for actor in (the.bank.system, the.bank.ann):
        for change in ("UPDATE contact_permit SET valid_until_at = now()", "DELETE FROM contact_permit"):
            with pytest.raises(DatabaseError, match=r"permission denied|append-only"), acting(actor), connection.cursor() as cursor:
                cursor.execute(change)


def test_agencies_see_their_own_answers_only(the: Scene) -> None:
    """Bo sees Birch's permit and not Aoki's; another bank sees none."""
    ask(the, "aoki")
    ask(the, "birch")
    with acting(the.bank.bo):
        assert list(Permit.objects.values_list("performer_id", flat=True)) == [the.bank.birch.pk]
    other = scene(firm=people.OTHER_BANK)
    with acting(other.bank.system):
        assert not Permit.objects.exists()


def test_every_answer_leaves_a_trace(the: Scene) -> None:
    """A permit and a refusal are two events of the trail, which verifies."""
    ask(the, "aoki")
    ask(the, "aoki", 2, at=NOON + timedelta(hours=11))
    with acting(the.bank.system):
        verified = audit_verify(creditor_id=the.bank.id)
    assert verified.first_bad is None
    assert verified.unsealed_count >= 2


def test_refusals_are_counted_by_reason_and_performer(the: Scene) -> None:
    """Two refusals of one agency, one of them for two reasons, are counted under each reason."""
    night = NOON + timedelta(hours=11)
    the.hold("complaint", until_on=DAY + timedelta(days=5))
    ask(the, "aoki", 1)
    ask(the, "aoki", 2, at=night)
    with acting(the.bank.system):
        rows = refusal_counts(creditor_id=the.bank.id, from_at=NOON, until_at=night + timedelta(hours=1))
    assert {(row["code"], row["performer"], row["request_count"], row["debtor_count"]) for row in rows} == {
        ("hold_complaint", "aoki", 2, 1),
        ("outside_contact_hours", "aoki", 1, 1),
    }

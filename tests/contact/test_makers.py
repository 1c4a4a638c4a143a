"""Who really makes a contact: a program names a person of its performer, and what stops or is asked of that person binds the program too."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection

from duecourse.contact.errors import RequestReused
from duecourse.contact.models import ContactStop, Permit, Refusal
from duecourse.contact.services import Answer, attempt_report, contact_stop, gate_terms_set, ground_text, permit_request, permit_try
from duecourse.kit.clock import frozen
from duecourse.kit.errors import Absent
from duecourse.parties.access import Actor, acting, actors_of
from duecourse.parties.models import User
from duecourse.parties.services import (
    collector_qualification_add,
    collector_qualification_approve,
    collector_qualification_withdraw,
    membership_end,
    membership_grant,
    user_close,
)
from tests import factories
from tests.contact.scene import DAY, NOON, Scene, scene

TRAINING = "pre-job training"


@pytest.fixture
def the(db: None) -> Scene:
    """The scene of these tests."""
    return scene()


def program(the: Scene, code: str = "aoki") -> Actor:
    """Return a program that acts with a token of the agency of this code, '' for the creditor's own."""
    if not code:
        return Actor(user_id=-7, creditor_id=the.bank.id, agency_id=None, roles=frozenset({"read_only"}))
    return Actor(user_id=-7, creditor_id=the.bank.id, agency_id=getattr(the.bank, code).pk, roles=frozenset({"collector"}))


def cai(the: Scene, agency: str = "aoki", email: str = "cai@aoki.example") -> User:
    """Make somebody who collects for an agency."""
    someone = factories.user(email, name="Cai")
    membership_grant(
        actor=the.bank.system, user_id=someone.pk, role="collector", from_on=date(2025, 1, 1), agency_id=getattr(the.bank, agency).pk
    )
    return someone


def ask(the: Scene, request: str = "1", *, actor: Actor | None = None, code: str = "aoki", at: datetime = NOON, **more) -> Answer:
    """Ask, as Aoki's program unless somebody else is said, to call the debtor."""
    wanted = {"actor": actor or program(the), "case_id": the.cases[code].pk, "channel": "call", "contact_at": at}
    with frozen(at):
        return permit_request(**wanted | {"client_request_id": request} | more)


def grounds(answer: Answer) -> list[str]:
    """Return the codes of the platform's own grounds."""
    return [ground["code"] for ground in answer.explanation["grounds"]]


def report(the: Scene, answer: Answer) -> None:
    """Say that nobody answered."""
    with frozen(NOON):
        attempt_report(actor=program(the), permit_id=answer.id, outcome="no_answer", started_at=NOON)


def stop(the: Scene, user_id: int) -> ContactStop:
    """Stop a collector as Qiu."""
    return contact_stop(actor=the.bank.qiu, scope="collector", user_id=user_id, reason_code="conduct")


def demand(the: Scene, *kinds: str) -> None:
    """Let Qiu demand kinds of evidence of everybody who calls."""
    with frozen(NOON):
        gate_terms_set(actor=the.bank.qiu, effective_on=DAY, paid_share_bp=1, paid_minor_min=1, person_qualification_kinds=kinds)


def shown(the: Scene, user_id: int, *, actor: Actor | None = None, from_on: date = DAY, days: int = 30, agency: str = "aoki") -> int:
    """Put down that somebody is trained, and return the number of the evidence."""
    span = {"valid_from_on": from_on, "valid_until_on": from_on + timedelta(days=days)}
    named = {"agency_id": getattr(the.bank, agency).pk, "user_id": user_id, "kind": TRAINING, "document_ref": "no. 12"}
    with frozen(NOON):
        return collector_qualification_add(actor=actor or the.bank.qiu, **named, **span).pk


def test_a_program_names_who_calls_by_address_or_number(the: Scene) -> None:
    """The permit keeps the token as who asked and Cai as who calls; address in any case and number are one request, another person another."""
    someone = cai(the)
    given = ask(the, collector=" CAI@aoki.example ")
    assert given.is_permit
    with acting(the.bank.qiu):
        kept = Permit.objects.get()
    assert (kept.user_id, kept.made_by) == (-7, someone.pk)
    assert ask(the, collector=someone.pk).id == ask(the, collector=str(someone.pk)).id == given.id
    for other in ("", the.bank.ann.user_id):
        with pytest.raises(RequestReused):
            ask(the, collector=other)
    report(the, given)
    unnamed = ask(the, "2")
    report(the, unnamed)
    own = ask(the, "3", actor=the.bank.ann)
    with acting(the.bank.qiu):
        assert [Permit.objects.get(pk=answer.id).made_by for answer in (unnamed, own)] == [None, the.bank.ann.user_id]


def test_who_does_not_work_there_cannot_be_named(the: Scene) -> None:
    """Another agency's collector, a stranger, the bank's own people, nobody at all and odd texts: one and the same answer, nothing stored."""
    stranger = factories.user()
    mine, theirs = cai(the), cai(the, "birch", "cai@birch.example")
    odd = ("nobody@aoki.example", "9" * 18, "9" * 30, "-7", "0", "' OR 1=1 --", "=cmd()", "😀", "１２", f"{mine.pk} ", "cai@birch.example")
    told = set()
    for number, named in enumerate((theirs.pk, stranger.pk, the.bank.bo.user_id, the.bank.qiu.user_id, *odd)):
        if named == f"{mine.pk} ":
            continue
        with pytest.raises(Absent) as refused:
            ask(the, f"odd-{number}", collector=named)
        told.add(str(refused.value))
    assert len(told) == 1
    with acting(the.bank.qiu):
        assert not Permit.objects.exists()
        assert not Refusal.objects.exists()


def test_only_who_works_there_on_the_day_and_may_log_in_is_named(the: Scene) -> None:
    """Cai begins later, has left, or had the login closed: not there; the answer that was given before is given again."""
    someone = cai(the)
    given = ask(the, collector=someone.pk)
    report(the, given)
    later = factories.user("lu@aoki.example", name="Lu")
    membership_grant(actor=the.bank.system, user_id=later.pk, role="collector", from_on=DAY + timedelta(days=1), agency_id=the.bank.aoki.pk)
    with pytest.raises(Absent):
        ask(the, "later", collector=later.pk)
    with acting(the.bank.system):
        from duecourse.parties.models import Membership

        held = Membership.objects.get(user_id=someone.pk)
    membership_end(actor=the.bank.mei, membership_id=held.pk, until_on=DAY)
    with pytest.raises(Absent):
        ask(the, "left", collector=someone.pk)
    assert ask(the, collector=someone.pk).id == given.id
    user_close(user_id=later.pk)
    with pytest.raises(Absent):
        ask(the, "closed", at=NOON + timedelta(hours=23), collector=later.pk)


def test_a_person_names_nobody_else_but_a_lead_does(the: Scene) -> None:
    """Ann leads and names Cai; Cai may name only Cai; a manager of the bank names nobody."""
    someone = cai(the)
    given = ask(the, actor=the.bank.ann, collector=someone.pk)
    with acting(the.bank.qiu):
        assert (Permit.objects.get().user_id, Permit.objects.get().made_by) == (the.bank.ann.user_id, someone.pk)
    report(the, given)
    from duecourse.placement.models import CaseAssignment

    own = actors_of(someone, on=DAY)[0]
    assert own.is_collector
    with pytest.raises(Absent):
        ask(the, "2", actor=own, collector=the.bank.ann.user_id)
    assert not CaseAssignment.objects.exists()
    with pytest.raises(Absent):
        ask(the, "3", actor=the.bank.mei, performer_id=the.bank.in_house.pk, code="", collector=someone.pk)


def test_a_stop_of_a_collector_covers_the_program_that_dials_for_them(the: Scene) -> None:
    """Cai is stopped: named, refused as stopped; unnamed, refused for want of a name; Ann named, permitted; Birch is untouched."""
    someone = cai(the)
    stopped = stop(the, someone.pk)
    named = ask(the, "named", collector=someone.pk)
    assert grounds(named) == ["contact_stopped"]
    assert named.explanation["grounds"][0]["values"] == {"stop_id": stopped.pk, "reason": "conduct"}
    unnamed = ask(the, "unnamed")
    assert grounds(unnamed) == ["maker_unsaid"]
    (ground,) = unnamed.explanation["grounds"]
    assert "name who makes the contact" in ground["en"]
    assert "请注明实际联系人" in ground["zh"]
    assert "values" not in ground, "the agency is not told who"
    assert ask(the, "ann", collector="ann@aoki.example").is_permit
    assert ask(the, "birch", actor=program(the, "birch"), code="birch").is_permit
    with acting(the.bank.qiu):
        assert dict(Refusal.objects.values_list("client_request_id", "made_by")) == {"named": someone.pk, "unnamed": None}


def test_a_stop_of_a_collector_leaves_messages_and_robots(the: Scene) -> None:
    """A text message of an agency's program and a call of the creditor's robot are nobody's in person."""
    stop(the, cai(the).pk)
    stop(the, cai(the, "robot", "cai@robot.example").pk)
    the.template("t")
    assert ask(the, "sms", channel="sms", template_code="t").is_permit
    assert ask(the, "robot", actor=program(the, ""), code="", performer_id=the.bank.robot.pk).is_permit
    assert grounds(ask(the, "visit", channel="visit")) == ["maker_unsaid"]


def test_who_left_may_still_be_stopped_without_holding_up_the_others(the: Scene) -> None:
    """Once the creditor ended Cai's membership, Aoki's program need not name anybody for Cai's sake."""
    someone = cai(the)
    stop(the, someone.pk)
    with acting(the.bank.system):
        from duecourse.parties.models import Membership

        held = Membership.objects.get(user_id=someone.pk)
    membership_end(actor=the.bank.mei, membership_id=held.pk, until_on=DAY - timedelta(days=2))
    assert ask(the).is_permit


def test_the_creditors_own_program_names_its_teams_people(the: Scene) -> None:
    """A program of the bank that dials for the in-house team names somebody of that team, and nobody of Aoki's."""
    team = cai(the, "in_house", "cai@lanxi.example")
    stop(the, team.pk)
    asking = {"actor": program(the, ""), "code": "", "performer_id": the.bank.in_house.pk}
    assert grounds(ask(the, "unnamed", **asking)) == ["maker_unsaid"]
    assert grounds(ask(the, "named", **asking, collector=team.pk)) == ["contact_stopped"]
    with pytest.raises(Absent):
        ask(the, "aoki", **asking, collector=the.bank.ann.user_id)


def test_the_gate_itself_stores_nothing_that_goes_round_a_stop(the: Scene) -> None:
    """Whoever speaks to the function as Aoki's program can store neither another agency's maker, nor one stopped, nor none while one is."""
    someone = cai(the)
    given = ask(the, collector=the.bank.ann.user_id)
    report(the, given)
    stop(the, someone.pk)
    with acting(the.bank.qiu):
        kept = Permit.objects.filter(pk=given.id).values().get()
    row = {name: value for name, value in kept.items() if name != "id"} | {"client_request_id": "forged"}
    attempts = {the.bank.bo.user_id: "does not work", -7: "does not work", someone.pk: "cannot be permitted", None: "cannot be permitted"}
    for maker, told in attempts.items():
        forged = json.dumps(row | {"made_by": maker}, default=str)
        with pytest.raises(Exception, match=told), acting(program(the)), connection.cursor() as cursor:
            cursor.execute("SELECT gate.contact_answer(%s, 'permit', %s::jsonb, %s, '{}'::jsonb)", [the.bank.id, forged, NOON])
    with acting(the.bank.qiu):
        assert Permit.objects.count() == 1


def test_a_request_that_names_somebody_is_two_statements_too(the: Scene) -> None:
    """The gate finds out itself who was named."""
    from django.test.utils import CaptureQueriesContext

    someone = cai(the)
    with CaptureQueriesContext(connection) as captured:
        assert ask(the, collector=someone.email).is_permit
    asked = [query["sql"] for query in captured if "SAVEPOINT" not in query["sql"] and "set_config" not in query["sql"]]
    assert len(asked) == 2


def test_what_the_creditor_demands_of_collectors_is_asked_of_who_calls(the: Scene) -> None:
    """Without evidence refused with kind and person, with it permitted, from the day it ends refused with that day; a program must name."""
    someone = cai(the)
    demand(the, TRAINING)
    assert grounds(ask(the, "unnamed")) == ["maker_unsaid"]
    refused = ask(the, "none", collector=someone.pk)
    assert grounds(refused) == ["collector_qualification_invalid"]
    assert refused.explanation["grounds"][0]["values"] == {"kind": TRAINING, "user_id": someone.pk}
    shown(the, someone.pk, from_on=date(2026, 1, 1), days=30)
    ended = ask(the, "ended", collector=someone.pk).explanation["grounds"][0]
    assert ended["values"] == {"kind": TRAINING, "user_id": someone.pk, "ended_on": "2026-01-31"}
    assert "2026-01-31" in ended["en"]
    assert "2026-01-31" in ended["zh"]
    shown(the, someone.pk)
    assert ask(the, "good", collector=someone.pk).is_permit
    assert grounds(ask(the, "ann", actor=the.bank.ann)) == ["outcome_owed", "collector_qualification_invalid"]
    assert ask(the, "robot", actor=program(the, ""), code="", performer_id=the.bank.robot.pk).is_permit
    assert all(ground_text(code)[0] != code for code in ("maker_unsaid", "collector_qualification_invalid", "template_incomplete"))


def test_evidence_holds_by_the_debtors_day(db: None) -> None:
    """In Honolulu it is still the day before: evidence that ended there that morning in Shanghai holds, and one that begins then does not."""
    the = scene(zone="Pacific/Honolulu")
    at = datetime(2026, 9, 1, 3, 0, tzinfo=UTC)
    someone, other = cai(the), cai(the, email="du@aoki.example")
    with frozen(at - timedelta(days=2)):
        gate_terms_set(
            actor=the.bank.qiu,
            effective_on=DAY - timedelta(days=2),
            paid_share_bp=1,
            paid_minor_min=1,
            person_qualification_kinds=[TRAINING],
        )
    shown(the, someone.pk, from_on=DAY - timedelta(days=10), days=10)
    shown(the, other.pk, from_on=DAY)
    assert grounds(ask(the, "begins", at=at, collector=other.pk)) == ["collector_qualification_invalid"]
    assert ask(the, "ends", at=at, collector=someone.pk).is_permit


def test_a_leads_word_waits_for_the_creditor_and_what_is_withdrawn_counts_no_more(the: Scene) -> None:
    """Ann's evidence counts once Qiu confirms it; withdrawn it counts for nothing; shown to Birch it counts for Birch only."""
    someone = cai(the)
    demand(the, TRAINING)
    said = shown(the, someone.pk, actor=the.bank.ann)
    assert grounds(ask(the, "waits", collector=someone.pk)) == ["collector_qualification_invalid"]
    collector_qualification_approve(actor=the.bank.qiu, qualification_id=said)
    given = ask(the, "holds", collector=someone.pk)
    assert given.is_permit
    report(the, given)
    collector_qualification_withdraw(actor=the.bank.mei, qualification_id=said)
    assert grounds(ask(the, "withdrawn", collector=someone.pk)) == ["collector_qualification_invalid"]
    membership_grant(actor=the.bank.system, user_id=someone.pk, role="lead", from_on=date(2025, 1, 1), agency_id=the.bank.birch.pk)
    shown(the, someone.pk, agency="birch")
    assert grounds(ask(the, "aoki", collector=someone.pk)) == ["collector_qualification_invalid"]
    assert ask(the, "birch", actor=program(the, "birch"), code="birch", collector=someone.pk).is_permit


def test_a_trial_asks_for_the_same_name(the: Scene) -> None:
    """A test token is told what a real one would be."""
    someone = cai(the)
    stop(the, someone.pk)
    with frozen(NOON):
        asked = {"actor": program(the), "case_id": the.cases["aoki"].pk, "channel": "call", "contact_at": NOON}
        assert grounds(permit_try(**asked, client_request_id="t")) == ["maker_unsaid"]
        assert grounds(permit_try(**asked, client_request_id="t", collector=someone.pk)) == ["contact_stopped"]

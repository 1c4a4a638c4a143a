"""A call by a person: a permit for a number that may be dialled, the number for that permit alone, the outcome and what follows from it."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.db import DatabaseError, ProgrammingError, connection, transaction

from duecourse.care.models import Complaint, Dispute
from duecourse.contact import selectors
from duecourse.contact.errors import (
    AttemptReported,
    NoteUnknown,
    NumberHidden,
    OutcomeContradicts,
    OutcomeOwed,
    PromiseIncomplete,
    RequestReused,
)
from duecourse.contact.models import Attempt, Permit, Refusal
from duecourse.contact.services import PromiseGiven, attempt_report, call_request, number_open, outcome_record, permit_request
from duecourse.kit.clock import frozen
from duecourse.kit.errors import Absent, Forbidden
from duecourse.ledger.models import AuditEvent
from duecourse.parties.access import acting
from duecourse.parties.models import ContractVersion
from duecourse.portfolio.models import CaseAccount, ContactPoint, Hold
from duecourse.repayment.models import Promise
from tests import people
from tests.work import NOON, TODAY, work


@pytest.fixture
def scene(db, tmp_path, home):
    """Bo has the first two cases of Birch's batch; it is noon."""
    with frozen(NOON):
        the = work(tmp_path)
        the.accept("birch")
        the.assign(the.cases["birch"][:2], the.bank.bo)
        yield the


def call(the, case_id=None, request="1", *, actor=None, point=True):
    """Ask, as Bo, to call the debtor of his first case."""
    case_id = case_id or the.cases["birch"][0]
    number = the.phone(case_id) if point else None
    return call_request(actor=actor or the.bank.bo, case_id=case_id, contact_point_id=number, client_request_id=request)


def account(the, case_id):
    """Return the case's account."""
    with acting(the.bank.system):
        return CaseAccount.objects.get(case_id=case_id).account_id


def test_a_second_press_is_the_same_permit(scene):
    """The same form pressed again, later even, gives the same permit; used for another case its number is refused."""
    first = call(scene)
    with frozen(NOON + timedelta(seconds=20)):
        assert call(scene) == first
    with pytest.raises(RequestReused):
        call(scene, scene.cases["birch"][1])
    with acting(scene.bank.system):
        assert Permit.objects.count() == 1


def test_an_unreported_outcome_blocks_the_next_permit(scene):
    """With one permit open Bo gets no second, for whatever case; his lead still does; after the report he does."""
    permit = call(scene)
    with pytest.raises(OutcomeOwed):
        call(scene, scene.cases["birch"][1], "2")
    assert call(scene, scene.cases["birch"][2], "lead", actor=scene.bea).is_permit
    outcome_record(actor=scene.bank.bo, permit_id=permit.id, outcome="no_answer")
    assert call(scene, scene.cases["birch"][1], "3").is_permit


def test_of_many_presses_at_once_one_permit_is_given(committed_db, tmp_path, home):
    """Eight presses at once, of one form or of several, leave one permit."""
    with frozen(NOON):
        the = work(tmp_path)
        the.accept("birch")
        the.assign(the.cases["birch"], the.bank.bo)
    case_id = the.cases["birch"][0]
    point = the.phone(case_id)

    def press(number):
        with frozen(NOON):
            return call_request(actor=the.bank.bo, case_id=case_id, contact_point_id=point, client_request_id=f"form-{number // 4}").id

    results = committed_db.parallel(press, count=8)
    numbers = {result for result in results if isinstance(result, int)}
    assert len(numbers) == 1, results
    assert all(isinstance(result, (int, OutcomeOwed)) for result in results), results


def test_what_is_not_assigned_does_not_exist(scene):
    """Another agency's case and a colleague's get the same answer, by every way to it; an agency's program still asks for all."""
    bo, others = scene.bank.bo, (scene.cases["birch"][2], scene.cases["aoki"][0], 10**9)
    for number, case_id in enumerate(others):
        with pytest.raises(Absent):
            call_request(actor=bo, case_id=case_id, contact_point_id=None, client_request_id=f"x{number}")
        with pytest.raises(Absent):
            permit_request(actor=bo, case_id=case_id, channel="call", contact_at=NOON, client_request_id=f"y{number}")
        with acting(bo):
            with pytest.raises(Absent):
                selectors.work_case(actor=bo, case_id=case_id)
            with connection.cursor() as cursor:
                cursor.execute("SELECT * FROM gate.contact_counts(%s, %s, %s)", [scene.bank.id, case_id, TODAY])
                assert cursor.fetchall() == [(0, 0)]
    with acting(bo):
        assert {row["case_id"] for row in selectors.worklist(actor=bo, on=TODAY)} == set(scene.cases["birch"][:2])


def test_agencies_cannot_write_permits_past_the_gate(scene):
    """Neither by INSERT, nor through the gate for a rival, a case of others, a stopped debtor or longer than a permit lives."""
    permit = call(scene)
    with acting(scene.bank.system):
        row = Permit.objects.filter(pk=permit.id).values().get()
        other_person = Permit._meta.get_field("person").related_model.objects.exclude(pk=row["person_id"]).first().pk
    row = {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in row.items() if name != "id"}
    row["client_request_id"] = "forged"

    def store(actor, **changes):
        with transaction.atomic(), acting(actor), connection.cursor() as cursor:
            cursor.execute("SELECT gate.contact_answer(%s, 'permit', %s::jsonb, now(), '{}')", [scene.bank.id, json.dumps(row | changes)])

    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        transaction.atomic(),
        acting(scene.bank.bo),
        connection.cursor() as cursor,
    ):
        cursor.execute("INSERT INTO contact_permit (creditor_id) VALUES (%s)", [scene.bank.id])
    for changes in (
        {"performer_id": scene.bank.aoki.pk},
        {"user_id": scene.bea.user_id},
        {"case_id": scene.cases["birch"][3]},
        {"person_id": other_person},
        {"creditor_id": scene.bank.id + 1},
        {"valid_until_at": (NOON + timedelta(hours=3)).isoformat()},
    ):
        with pytest.raises(ProgrammingError, match="duecourse"):
            store(scene.bank.bo, **changes)
    with acting(scene.bank.system):
        Hold.objects.create(
            creditor=scene.bank.creditor, person_id=row["person_id"], kind="complaint", stops_contact=True, stops_placement=False,
            source_kind="test", source_id=1, from_on=TODAY, known_at=NOON,
        )  # fmt: skip
    with pytest.raises(ProgrammingError, match="cannot be permitted"):
        store(scene.bank.bo)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"valid_until_on": TODAY}, "contact_point_ended"),
        ({"valid_from_on": TODAY + timedelta(days=1)}, "contact_point_ended"),
        ({"kind": "email"}, "contact_point_unfit"),
    ],
)
def test_a_number_that_may_not_be_used_gets_a_refusal_with_its_reason(scene, change, code):
    """A number that ended, begins later or is none is refused on the record, with its source."""
    case_id = scene.cases["birch"][0]
    point = scene.phone(case_id)
    with acting(scene.bank.system):
        ContactPoint.objects.filter(pk=point).update(**change)
    answer = call_request(actor=scene.bank.bo, case_id=case_id, contact_point_id=point, client_request_id="1")
    assert not answer.is_permit
    assert [ground["code"] for ground in answer.explanation["grounds"]] == [code]
    assert all(ground["source"] for ground in answer.explanation["grounds"])
    with acting(scene.bank.bo):
        assert Refusal.objects.get().codes == [code]


def test_the_number_is_opened_for_its_permit_alone_and_each_look_is_in_the_trail(scene):
    """Bo sees the number with his permit; his lead, a colleague, after the end and after the report nobody does."""
    permit = call(scene)
    assert number_open(actor=scene.bank.bo, permit_id=permit.id).startswith("+86138000")
    with acting(scene.bank.system):
        event = AuditEvent.objects.get(action="number_revealed")
        assert (event.actor_id, event.details["permit_id"]) == (scene.bank.bo.user_id, permit.id)
        assert "+86" not in json.dumps(event.details)
    for actor in (scene.bea, scene.cai, scene.bank.ann):
        with pytest.raises(Absent):
            number_open(actor=actor, permit_id=permit.id)
    with pytest.raises(Forbidden):
        number_open(actor=scene.bank.mei, permit_id=permit.id)
    with frozen(NOON + timedelta(minutes=11)), pytest.raises(NumberHidden):
        number_open(actor=scene.bank.bo, permit_id=permit.id)
    outcome_record(actor=scene.bank.bo, permit_id=permit.id, outcome="busy")
    with pytest.raises(NumberHidden):
        number_open(actor=scene.bank.bo, permit_id=permit.id)


def test_a_number_that_the_contract_does_not_hand_over_stays_hidden(scene, monkeypatch):
    """Without `phone` among the contracted fields the permit is given and the number is not; the case shows none either."""
    real = ContractVersion.from_db.__func__

    def narrower(cls, db, names, values):
        version = real(cls, db, names, values)
        version.contracted_fields = ["account_number"]
        return version

    monkeypatch.setattr(ContractVersion, "from_db", classmethod(narrower))
    permit = call(scene)
    with pytest.raises(NumberHidden):
        number_open(actor=scene.bank.bo, permit_id=permit.id)


def test_a_promise_a_complaint_and_a_dispute_are_kept_with_the_report(scene):
    """What follows from a call is written once, under the collector's name, and a dispute stops contact."""
    bo, (first, second) = scene.bank.bo, scene.cases["birch"][:2]
    permit = call(scene, first)
    promise = PromiseGiven(account(scene, first), 500_00, TODAY + timedelta(days=3))
    wanted = {"actor": bo, "permit_id": permit.id, "outcome": "promise", "talk_seconds": 60, "promise": promise, "complaint_kind": "hours"}
    for _ in range(2):
        outcome_record(**wanted, note_codes=["no_calls_at_work"])
    other = call(scene, second, "2")
    outcome_record(actor=bo, permit_id=other.id, outcome="disputed", talk_seconds=5, dispute_kind="amount")
    with acting(scene.bank.system):
        assert (Promise.objects.get().amount_minor, Promise.objects.get().due_on) == (500_00, TODAY + timedelta(days=3))
        complaint = Complaint.objects.get()
        assert (complaint.agency_id, complaint.kind, complaint.received_on) == (scene.bank.birch.pk, "hours", TODAY)
        assert Dispute.objects.get().kind == "amount"
        assert Attempt.objects.get(permit_id=permit.id).note_codes == ["no_calls_at_work"]
        assert AuditEvent.objects.get(action="complaint_received").actor_id == bo.user_id
    refused = call(scene, second, "3")
    assert [ground["code"] for ground in refused.explanation["grounds"]] == ["hold_dispute"]
    with acting(bo):
        rows = {row["case_id"]: row for row in selectors.worklist(actor=bo, on=TODAY)}
        assert (rows[second]["why"], rows[first]["promise_minor"]) == ("stopped", 500_00)


def test_a_wrong_number_is_not_called_again_by_anybody(scene):
    """Reported as wrong, the number has ended: the next permit for it is refused, the lead's too."""
    permit = call(scene)
    outcome_record(actor=scene.bank.bo, permit_id=permit.id, outcome="wrong_party", talk_seconds=3, note_codes=["number_wrong"])
    answer = call(scene, request="2", actor=scene.bea)
    assert [ground["code"] for ground in answer.explanation["grounds"]] == ["contact_point_ended"]
    with acting(scene.bank.system):
        assert AuditEvent.objects.get(action="contact_point_ended").actor_id == scene.bank.bo.user_id


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"outcome": "promise", "talk_seconds": 3}, PromiseIncomplete),
        ({"outcome": "no_answer", "promise": PromiseGiven(1, 1, TODAY)}, PromiseIncomplete),
        ({"outcome": "disputed", "talk_seconds": 3}, OutcomeContradicts),
        ({"outcome": "connected", "talk_seconds": 3, "dispute_kind": "amount"}, OutcomeContradicts),
        ({"outcome": "connected", "talk_seconds": 3, "complaint_kind": "x"}, OutcomeContradicts),
        ({"outcome": "refused_to_pay", "talk_seconds": 3, "note_codes": ["number_wrong"]}, OutcomeContradicts),
        ({"outcome": "connected", "talk_seconds": 3, "note_codes": ["says hello"]}, NoteUnknown),
        ({"outcome": "promise", "talk_seconds": 3, "promise": PromiseGiven(10**9, 100, TODAY)}, Absent),
    ],
)
def test_a_report_that_does_not_go_together_leaves_nothing(scene, wrong, error):
    """All or nothing: after the refusal the permit is still unreported and can be reported rightly."""
    permit = call(scene)
    with pytest.raises(error):
        outcome_record(actor=scene.bank.bo, permit_id=permit.id, **wrong)
    with acting(scene.bank.system):
        assert not Attempt.objects.exists()
    outcome_record(actor=scene.bank.bo, permit_id=permit.id, outcome="not_made")
    with pytest.raises(AttemptReported):
        outcome_record(actor=scene.bank.bo, permit_id=permit.id, outcome="busy")


def test_the_outcome_is_still_owed_after_the_case_went_to_somebody_else(scene):
    """The case is taken from Bo in mid-call: he sees it no more, reports his own permit still, and promises nothing for it."""
    case_id = scene.cases["birch"][0]
    permit, number = call(scene), account(scene, case_id)
    scene.assign([case_id], scene.bea)
    with acting(scene.bank.bo), pytest.raises(Absent):
        selectors.work_case(actor=scene.bank.bo, case_id=case_id)
    promise = PromiseGiven(number, 100, TODAY)
    with pytest.raises(Absent):
        outcome_record(actor=scene.bank.bo, permit_id=permit.id, outcome="promise", talk_seconds=3, promise=promise)
    outcome_record(actor=scene.bank.bo, permit_id=permit.id, outcome="connected", talk_seconds=3)
    with acting(scene.bank.bo):
        assert selectors.outcomes_owed(actor=scene.bank.bo) == []


def test_a_colleagues_permit_is_not_reported_by_a_collector(scene):
    """Bo sees in the history that Bea called; her permit is hers to report, and a rival's does not exist."""
    permit = call(scene, actor=scene.bea)
    with pytest.raises(Absent):
        outcome_record(actor=scene.bank.bo, permit_id=permit.id, outcome="busy")
    for actor in (scene.bank.ann, scene.cai):
        with pytest.raises(Absent):
            outcome_record(actor=actor, permit_id=permit.id, outcome="busy")
    outcome_record(actor=scene.bea, permit_id=permit.id, outcome="busy")


def test_the_days_calls_are_counted_over_everybody_and_nobody_is_named(scene):
    """The robot's two calls count in what Bo sees: numbers alone, and the rules' own limit of three."""
    case_id = scene.cases["birch"][0]
    for number in range(2):
        answer = permit_request(
            actor=scene.bank.system,
            case_id=case_id,
            channel="call",
            contact_at=NOON,
            client_request_id=f"r{number}",
            performer_id=scene.bank.robot.pk,
        )
        attempt_report(actor=scene.bank.system, permit_id=answer.id, outcome="connected", started_at=NOON, talk_seconds=3)
    bo = scene.bank.bo
    with acting(bo):
        shown = selectors.work_case(actor=bo, case_id=case_id)
        person = shown["person"]
        found = selectors.calls_today(actor=bo, zones={case_id: person["zone"]}, at=NOON)[case_id]
        assert (found.held_count, found.connected_count, found.limit_count, found.verdict.allowed) == (2, 2, 3, True)
        assert shown["history"] == []
    assert call(scene).is_permit
    with acting(bo):
        found = selectors.calls_today(actor=bo, zones={case_id: person["zone"]}, at=NOON)[case_id]
        assert (found.held_count, found.verdict.allowed) == (3, False)
        assert found.verdict.next_allowed_at > NOON


def test_the_screen_of_a_case_shows_contracted_fields_shortened(scene):
    """Name and number are shortened, the identity number is not contracted and is not there, nor is anything of other agencies."""
    with acting(scene.bank.bo):
        shown = selectors.work_case(actor=scene.bank.bo, case_id=scene.cases["birch"][0])
    assert shown["person"]["identity_number"] is None
    assert shown["person"]["name"] != "陈一"
    assert "*" in shown["person"]["contact_points"][0]["value"]
    assert shown["balances"]["balance"] == sum(shown["balances"][name] for name in ("principal", "interest", "fee", "penalty"))
    assert "transitions" not in shown


def test_the_best_case_stands_first(scene):
    """A promise due today, then a case nobody tried by its last day, then the others."""
    scene.assign(scene.cases["birch"][:4], scene.bank.bo)
    bo, cases = scene.bank.bo, scene.cases["birch"]
    permit = call(scene, cases[2], "1")
    outcome_record(
        actor=bo, permit_id=permit.id, outcome="promise", talk_seconds=3, promise=PromiseGiven(account(scene, cases[2]), 100, TODAY)
    )
    permit = call(scene, cases[1], "2")
    outcome_record(actor=bo, permit_id=permit.id, outcome="no_answer")
    with acting(bo):
        rows = selectors.worklist(actor=bo, on=TODAY)
    assert [row["why"] for row in rows] == ["promise_due", "first_contact", "first_contact", "expected"]
    assert (rows[0]["case_id"], rows[-1]["case_id"]) == (cases[2], cases[1])
    assert {row["first_until_on"] for row in rows[1:3]} == {TODAY + timedelta(days=1)}


def test_refusals_and_permits_are_books_still(scene):
    """An agency's people change no answer of the gate."""
    call(scene)
    for statement in ("UPDATE contact_permit SET valid_until_at = now()", "DELETE FROM contact_permit", "DELETE FROM contact_attempt"):
        with (
            pytest.raises(DatabaseError, match="permission denied"),
            transaction.atomic(),
            acting(scene.bank.bo),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)


def test_a_collector_names_nobody_else_whatever_they_speak_to(scene):
    """Bo may name himself and not Bea, who works beside him; nor does the gate store her name for a session of his."""
    case_id = scene.cases["birch"][0]
    asking = {"actor": scene.bank.bo, "case_id": case_id, "channel": "call", "contact_at": NOON}
    with pytest.raises(Absent):
        permit_request(**asking, client_request_id="bea", collector=scene.bea.user_id)
    given = permit_request(**asking, client_request_id="own", collector=people.BO.email)
    with acting(scene.bank.qiu):
        kept = Permit.objects.filter(pk=given.id).values().get()
    assert (kept["user_id"], kept["made_by"]) == (scene.bank.bo.user_id, scene.bank.bo.user_id)
    forged = {name: value for name, value in kept.items() if name != "id"} | {"client_request_id": "f", "made_by": scene.bea.user_id}
    with pytest.raises(DatabaseError, match="does not work"), acting(scene.bank.bo), connection.cursor() as cursor:
        cursor.execute(
            "SELECT gate.contact_answer(%s, 'permit', %s::jsonb, %s, '{}'::jsonb)", [scene.bank.id, json.dumps(forged, default=str), NOON]
        )

"""How the gate asks the database: in two statements, under the debtor's lock, for nobody but the performer."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest
from django.db import DatabaseError, ProgrammingError, connection, transaction
from django.test.utils import CaptureQueriesContext

from duecourse.contact.errors import AttemptReported, PermitNotBegun
from duecourse.contact.models import Attempt, Permit, Refusal, RuleSet
from duecourse.contact.selectors.rule_sets import whole_evidence
from duecourse.contact.services import Answer, attempt_report, permit_request
from duecourse.kit.clock import frozen
from duecourse.kit.errors import Absent
from duecourse.kit.ids import content_hash
from duecourse.ledger.models import AuditEvent
from duecourse.parties.access import acting
from duecourse.portfolio.models import ContactPoint, Person
from tests.contact.scene import DAY, NOON, Scene, scene


def ask(the: Scene, code: str, request: str, *, at: datetime = NOON) -> Answer:
    """Ask, as the performer of this code, to call the debtor."""
    with frozen(at):
        return permit_request(actor=the.actor(code), case_id=the.cases[code].pk, channel="call", contact_at=at, client_request_id=request)


def report(the: Scene, permit_id: int, outcome: str) -> Attempt:
    """Report what came of a permit of Aoki's."""
    with frozen(NOON):
        return attempt_report(
            actor=the.bank.ann, permit_id=permit_id, outcome=outcome, started_at=NOON, talk_seconds=0 if outcome == "no_answer" else 7
        )


def asked_in(captured: CaptureQueriesContext) -> list[str]:
    """Return the messages besides those that open and close the transaction and do nothing but say who acts."""
    return [q["sql"] for q in captured if "SAVEPOINT" not in q["sql"] and ("set_config" not in q["sql"] or ";" in q["sql"])]


@pytest.mark.django_db
def test_a_request_is_two_statements_and_a_report_is_one() -> None:
    """Facts and answer of a request, or the outcome of a permit, take one round trip each, once the day's rules are known."""
    the = scene()
    ask(the, "birch", "first")
    with CaptureQueriesContext(connection) as captured:
        permit = ask(the, "aoki", "1")
    assert len(asked_in(captured)) == 2
    with CaptureQueriesContext(connection) as captured:
        report(the, permit.id, "no_answer")
    assert len(asked_in(captured)) == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("zone", "earlier_at", "later_at", "days"),
    [
        ("Pacific/Kiritimati", 6, 20, (date(2026, 9, 1), date(2026, 9, 2))),
        ("Pacific/Pago_Pago", 4, 20, (date(2026, 8, 31), date(2026, 9, 1))),
    ],
)
def test_slots_are_counted_by_the_debtors_day(zone: str, earlier_at: int, later_at: int, days: tuple[date, date]) -> None:
    """At UTC+14 and at UTC-11 one UTC day touches two local days, each with three slots of its own."""
    the = scene(zone=zone)
    for hour in (earlier_at, later_at):
        at = datetime(2026, 9, 1, hour, tzinfo=UTC)
        answers = []
        for number in range(4):
            answers.append(ask(the, "aoki", f"{hour}-{number}", at=at))
            if answers[-1].is_permit:
                with frozen(at):
                    attempt_report(actor=the.bank.ann, permit_id=answers[-1].id, outcome="connected", started_at=at)
        assert [answer.is_permit for answer in answers] == [True, True, True, False]
    with acting(the.bank.system):
        assert list(Permit.objects.order_by("id").values_list("local_on", flat=True)) == [days[0]] * 3 + [days[1]] * 3


@pytest.mark.django_db
def test_a_hold_binds_up_to_the_day_it_ends() -> None:
    """A hold until tomorrow refuses today and permits tomorrow."""
    the = scene()
    the.hold("complaint", until_on=DAY + timedelta(days=1))
    refused = ask(the, "aoki", "1")
    assert [ground["code"] for ground in refused.explanation["grounds"]] == ["hold_complaint"]
    assert ask(the, "aoki", "2", at=NOON + timedelta(days=1)).is_permit


@pytest.mark.django_db
def test_the_gate_answers_an_agency_about_itself_only() -> None:
    """Ann can ask the function for another performer's answers as little as for another creditor's debtors."""
    the = scene()
    bank, case_id = the.bank, the.cases["aoki"].pk
    for creditor_id, performer_id, told in (
        (bank.id, bank.birch.pk, "cannot ask for performer"),
        (bank.id, None, "cannot ask for performer"),
        (bank.id + 1, bank.aoki.pk, "not open here"),
    ):
        with pytest.raises(ProgrammingError, match=told), transaction.atomic(), acting(bank.ann), connection.cursor() as cursor:
            cursor.execute("SELECT * FROM gate.permit_facts(%s, %s, %s, '1', %s)", [creditor_id, case_id, performer_id, DAY])


@pytest.mark.django_db
def test_the_trail_holds_the_hash_of_what_is_stored() -> None:
    """The event of a permit and of a refusal names the SHA-256 of the stored explanation's canonical bytes."""
    the = scene()
    the.hold("complaint", until_on=DAY + timedelta(days=1))
    answers = [ask(the, "aoki", "1"), ask(the, "birch", "1", at=NOON + timedelta(days=1))]
    with acting(the.bank.system):
        events = {event.action: event.details for event in AuditEvent.objects.filter(action__in=["permit_given", "refusal_given"])}
        stored = [Refusal.objects.get().explanation, Permit.objects.get().explanation]
        assert whole_evidence(actor=the.bank.system, evidences=stored) == [answer.explanation for answer in answers]
    for action, explanation in zip(("refusal_given", "permit_given"), stored, strict=True):
        assert events[action]["explanation_hash"] == content_hash(explanation)


@pytest.mark.django_db
def test_a_report_returns_what_is_stored() -> None:
    """The attempt that is returned equals the row, field by field, the first time and again."""
    the = scene()
    permit_id = ask(the, "aoki", "1").id
    first, again = report(the, permit_id, "promise"), report(the, permit_id, "promise")
    with acting(the.bank.ann):
        stored = Attempt.objects.get()
    for field in Attempt._meta.concrete_fields:
        assert getattr(first, field.attname) == getattr(again, field.attname) == getattr(stored, field.attname)
    assert (stored.talk_seconds, stored.is_connected, stored.reported_at) == (7, True, NOON)


def test_of_reports_at_once_one_is_kept(committed_db) -> None:
    """Eight reports of one permit at once leave one attempt; those that agree with it return it, the others are refused."""
    the = scene()
    permit_id = ask(the, "aoki", "1").id
    results = committed_db.parallel(lambda number: report(the, permit_id, ("connected", "no_answer")[number % 2]), count=8)
    kept = {result.pk for result in results if isinstance(result, Attempt)}
    refused = [result for result in results if not isinstance(result, Attempt)]
    assert len(kept) == 1
    assert len(refused) == 4
    assert all(isinstance(result, AttemptReported) for result in refused)


def test_what_happened_while_waiting_for_the_lock_counts(committed_db) -> None:
    """A case that was taken back while its agency waited for the debtor is not there any more, and no permit is given."""
    the = scene()
    results: list[object] = []

    def work() -> None:
        try:
            results.append(ask(the, "aoki", "1"))
        except Absent as absent:
            results.append(absent)
        finally:
            connection.close()

    asking = threading.Thread(target=work, daemon=True)
    with committed_db.connect("superuser") as holder:
        with holder.transaction():
            holder.execute("SELECT FROM portfolio_person WHERE id = %s FOR NO KEY UPDATE", [the.person.pk])
            asking.start()
            _await_waiter(holder)
            holder.execute("UPDATE portfolio_case SET open_agency_id = NULL WHERE id = %s", [the.cases["aoki"].pk])
        asking.join(timeout=30)
    assert len(results) == 1
    assert isinstance(results[0], Absent)


def _await_waiter(holder: psycopg.Connection) -> None:
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    for _ in range(1_000):
        if holder.execute(waiting).fetchone() != (0,):
            return
        holder.execute("SELECT pg_stat_clear_snapshot()")
        time.sleep(0.01)
    raise AssertionError("nobody waits for the debtor")


@pytest.mark.django_db
def test_another_debtors_number_gets_no_permit() -> None:
    """A permit names a number of the case's own debtor; another debtor's, and one that does not exist, look the same."""
    the = scene()
    with acting(the.bank.system):
        stranger = Person.objects.create(creditor=the.bank.creditor, zone="Asia/Shanghai", zone_source="test", known_at=NOON)
        shared = {"creditor": the.bank.creditor, "kind": "phone", "value_sealed": b"", "valid_from_on": DAY}
        points = [ContactPoint.objects.create(person=person, **shared) for person in (the.person, stranger)]
    wanted = {"actor": the.bank.ann, "case_id": the.cases["aoki"].pk, "channel": "call", "contact_at": NOON}
    with frozen(NOON):
        assert permit_request(**wanted, client_request_id="own", contact_point_id=points[0].pk).is_permit
        said = []
        for number in (points[1].pk, 10**9):
            with pytest.raises(Absent) as refused:
                permit_request(**wanted, client_request_id=f"other-{number}", contact_point_id=number)
            said.append(str(refused.value))
    assert said[0] == said[1]


@pytest.mark.django_db
def test_a_call_before_its_permit_is_not_reported_under_it() -> None:
    """An attempt that began before the permit's time, at night for example, cannot borrow the permit of the morning after."""
    the = scene()
    permit = ask(the, "aoki", "1")
    with frozen(NOON):
        for early in (timedelta(seconds=1), timedelta(hours=9)):
            with pytest.raises(PermitNotBegun):
                attempt_report(actor=the.bank.ann, permit_id=permit.id, outcome="no_answer", started_at=NOON - early)
        assert attempt_report(actor=the.bank.ann, permit_id=permit.id, outcome="no_answer", started_at=NOON).pk


@pytest.mark.django_db
def test_a_rivals_slot_is_not_given_back() -> None:
    """An agency's role cannot write an attempt under a rival's permit, not even in its own name."""
    the = scene()
    permit = ask(the, "birch", "1")
    insert = """
        INSERT INTO contact_attempt (creditor_id, permit_id, local_on, performer_id, outcome, is_connected, started_at, talk_seconds, reported_at)
        VALUES (%s, %s, '2026-09-01', %s, 'no_answer', false, %s, 0, %s)
    """
    with pytest.raises(DatabaseError, match="row-level security"), acting(the.bank.ann), connection.cursor() as cursor:
        cursor.execute(insert, [the.bank.id, permit.id, the.bank.aoki.pk, NOON, NOON])
    asked = "SELECT gate.attempt_is_own(%s, %s, '2026-09-01', %s)"
    for actor, is_own in ((the.bank.ann, False), (the.actor("birch"), True)):
        with acting(actor), connection.cursor() as cursor:
            cursor.execute(asked, [the.bank.id, permit.id, the.bank.birch.pk])
            assert cursor.fetchone() == (is_own,)


@pytest.mark.django_db
def test_what_an_agencys_role_stores_is_about_now_and_has_the_form_of_evidence() -> None:
    """Whoever speaks to the function as Aoki stores no day at the end of the calendar, which no month could take, and no odd document."""
    the = scene()
    given = ask(the, "aoki", "1")
    with acting(the.bank.system):
        kept = Permit.objects.filter(pk=given.id).values().get()
    kept |= {"client_request_id": "forged", "id": None}
    odd: list[dict[str, object]] = [
        {"local_on": day} for day in ("infinity", "-infinity", "300000-01-01", "2026-09-01 BC", "2050-01-01", None)
    ]
    odd += [{"contact_at": "infinity"}, {"contact_at": NOON + timedelta(days=2), "local_on": DAY + timedelta(days=2)}]
    odd += [{"valid_until_at": "-infinity"}, {"decided_at": None}, {"next_allowed_at": "infinity"}]
    odd += [{"explanation": kept["explanation"] | part} for part in ({"reasons": 1}, {"warnings": {}}, {"facts": []}, {"checked": 1})]
    odd += [{"explanation": document} for document in ({}, [], "x", None)]
    for kind in ("permit", "refusal"):
        for changes in odd if kind == "permit" else [*odd[:5], *odd[6:], {"codes": "x"}]:
            row = json.dumps(kept | {"codes": []} | changes, default=str)
            with pytest.raises(ProgrammingError, match="no answer to a contact"), acting(the.bank.ann), connection.cursor() as cursor:
                cursor.execute("SELECT gate.contact_answer(%s, %s, %s::jsonb, %s, '{}'::jsonb)", [the.bank.id, kind, row, NOON])
    row = json.dumps(kept, default=str)
    with pytest.raises(ProgrammingError, match="no answer to a contact"), acting(the.bank.ann), connection.cursor() as cursor:
        cursor.execute("SELECT gate.contact_answer(%s, 'permit', %s::jsonb, 'infinity', '{}'::jsonb)", [the.bank.id, row])


@pytest.mark.django_db
def test_an_answer_whose_rule_set_is_none_is_still_told() -> None:
    """With a rule set that is gone, or is no rule set, findings and facts are told, lists of rules are empty, and the same request is answered."""
    the = scene()
    given = ask(the, "aoki", "1")
    with acting(the.bank.system):
        stored = Permit.objects.get(pk=given.id).explanation
        kept = Permit.objects.filter(pk=given.id).values().get()
    for number, content in enumerate(("{}", "[]", "null", "no JSON")):
        named = stored | {"rule_set": hashlib.sha256(content.encode()).hexdigest()}
        row = json.dumps(kept | {"client_request_id": f"odd-{number}", "id": None, "explanation": named}, default=str)
        with acting(the.bank.ann), connection.cursor() as cursor:
            cursor.execute("SELECT gate.contact_answer(%s, 'permit', %s::jsonb, %s, '{}'::jsonb, %s)", [the.bank.id, row, NOON, content])
        again = ask(the, "aoki", f"odd-{number}")
        assert (again.explanation["checked"], again.explanation["rule_set"]) == ([], named["rule_set"])
        assert again.explanation["facts"] == stored["facts"]
    with acting(the.bank.system):
        (lost,) = whole_evidence(actor=the.bank.system, evidences=[stored | {"rule_set": "0" * 64}])
        old = {"form": "duecourse verdict 2", "checked": [{"rule": "x"}]}
        assert whole_evidence(actor=the.bank.system, evidences=[old]) == [old]
    assert (lost["packs"], lost["checked"], lost["reasons"]) == ([], [], stored["reasons"])


@pytest.mark.django_db
def test_only_the_rule_set_that_an_answer_names_is_kept() -> None:
    """Whoever speaks to the function as Aoki puts down no other text beside an answer, and none without end."""
    the = scene()
    given = ask(the, "aoki", "1")
    with acting(the.bank.system):
        kept = Permit.objects.filter(pk=given.id).values().get()
        before = RuleSet.objects.count()
    endless = "[" + " " * 1_000_000 + "]"
    for told, named in (("{}", "0" * 64), (endless, hashlib.sha256(endless.encode()).hexdigest())):
        row = json.dumps(
            kept | {"client_request_id": "odd", "id": None, "explanation": kept["explanation"] | {"rule_set": named}}, default=str
        )
        with acting(the.bank.ann), connection.cursor() as cursor:
            cursor.execute("SELECT gate.contact_answer(%s, 'permit', %s::jsonb, %s, '{}'::jsonb, %s)", [the.bank.id, row, NOON, told])
            assert cursor.fetchone() == (None,)
    with acting(the.bank.system):
        assert (RuleSet.objects.count(), Permit.objects.count()) == (before, 1)


@pytest.mark.django_db
def test_the_gate_itself_stores_no_number_of_another_debtor() -> None:
    """Whoever speaks to the function as Aoki gets no permit for a number of another debtor, which a report could then end."""
    the = scene()
    given = ask(the, "aoki", "1")
    with acting(the.bank.system):
        kept = Permit.objects.filter(pk=given.id).values().get()
        stranger = Person.objects.create(creditor=the.bank.creditor, zone="Asia/Shanghai", zone_source="test", known_at=NOON)
        theirs = ContactPoint.objects.create(
            creditor=the.bank.creditor, person=stranger, kind="phone", value_sealed=b"", valid_from_on=DAY - timedelta(days=30)
        )
    row = json.dumps(kept | {"client_request_id": "forged", "id": None, "contact_point_id": theirs.pk}, default=str)
    with pytest.raises(ProgrammingError, match="belong to something else"), acting(the.bank.ann), connection.cursor() as cursor:
        cursor.execute("SELECT gate.contact_answer(%s, 'permit', %s::jsonb, %s, '{}'::jsonb)", [the.bank.id, row, NOON])

"""Permits and attempts by month.

1. A row lies in the part of its month; a day for which there is none lies in the default and is moved when its month is made.
2. Nobody reaches a part by its name, and no part can be emptied.
3. A request id stays one request over the border of two months, and for two requests at once on two local days.
4. What counts a debtor's day looks into that month alone, and into an index alone.
5. An installation's rows from before are carried over, each with its day.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor

from duecourse.config import boot
from duecourse.contact.errors import PermitExpired, RequestReused
from duecourse.contact.models import Attempt, CallMatch, Permit, Refusal
from duecourse.contact.services import Answer, attempt_report, partitions_ahead, permit_request
from duecourse.kit.clock import frozen
from duecourse.parties.access import acting, system
from duecourse.portfolio.models import Case, ContactPoint, Person
from tests import database
from tests.contact.call_scene import OWN, CallScene, call_scene, row
from tests.contact.scene import NOON, Scene, scene

FAR = datetime(2031, 5, 9, 4, 0, tzinfo=UTC)
MAY, JUNE = date(2031, 5, 1), date(2031, 6, 1)
ROLES = ("duecourse_app", "duecourse_agency", "duecourse_collector", "duecourse_gate")


def where(table: str) -> dict[str, int]:
    """Return in which parts of a table the rows of the creditor that is open lie, and how many in each."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT tableoid::regclass::text, count(*) FROM {table} GROUP BY 1")
        return {name.removeprefix(f"{table}_"): number for name, number in cursor.fetchall()}


def made_ahead() -> list[date]:
    """Make what is missing, and return the far months among it; near ones may be missing too, whenever the tests run."""
    return [month for month in partitions_ahead() if month >= MAY]


def permit_at(the: CallScene, at: datetime, *, outcome: str = "no_answer") -> tuple[Permit, Attempt]:
    """Store a permit of an instant, and its outcome."""
    permit = the.permit(OWN, at=at)
    return permit, the.attempt(permit, outcome)


def asked(the: Scene, case: Case, request: str, *, at: datetime) -> Answer:
    """Ask for a call at an instant that is now."""
    with frozen(at):
        return permit_request(
            actor=the.bank.system, case_id=case.pk, channel="call", contact_at=at, client_request_id=request, performer_id=the.bank.robot.pk
        )


def other_case(the: Scene, *, zone: str = "Asia/Shanghai") -> Case:
    """Make another debtor with a case of their own."""
    with acting(the.bank.system):
        person = Person.objects.create(creditor=the.bank.creditor, zone=zone, zone_source="test", known_at=NOON)
        ContactPoint.objects.create(
            creditor=the.bank.creditor, person=person, kind="phone", value_sealed=b"", valid_from_on=date(2026, 1, 1)
        )
        return Case.objects.create(creditor=the.bank.creditor, person=person, opened_on=date(2026, 1, 1))


def make(committed: database.CommittedDatabase, *firsts: date) -> None:
    """Make months as the owner does."""
    with committed.connect("owner") as owner:
        for first in firsts:
            owner.execute("SELECT gate.contact_month(%s)", [first])


def test_a_row_lies_in_its_month_and_one_without_a_month_is_moved(committed_db, tmp_path) -> None:
    """A far day lies in the default; making the months moves it with its outcome and its recorded call, and later rows go there at once (1)."""
    the = call_scene(tmp_path)
    permit, attempt = permit_at(the, FAR, outcome="connected")
    the.load(row("c1", at=FAR, permit=permit.pk), at=FAR + timedelta(hours=8), on=FAR.date())
    with acting(the.bank.system):
        assert (where("contact_permit"), where("contact_attempt")) == ({"default": 1}, {"default": 1})
        assert CallMatch.objects.get().permit_on == FAR.date()
    assert made_ahead() == [MAY]
    with acting(the.bank.system):
        assert (where("contact_permit"), where("contact_attempt")) == ({"2031_05": 1}, {"2031_05": 1})
        assert Permit.objects.get() == permit
        assert Attempt.objects.get(permit=permit).pk == attempt.pk
        assert (CallMatch.objects.get().permit_id, CallMatch.objects.get().permit_on) == (permit.pk, FAR.date())
    permit_at(the, FAR + timedelta(days=1))
    with acting(the.bank.system):
        assert where("contact_permit") == {"2031_05": 2}
    assert made_ahead() == []
    for statement in ("DELETE FROM contact_permit_default", "DELETE FROM contact_attempt_2031_05", "TRUNCATE contact_attempt_2031_05"):
        with committed_db.connect("owner") as owner:
            if "default" in statement:
                with acting(the.bank.system):
                    the.permit(OWN, at=FAR + timedelta(days=60))
            with pytest.raises(psycopg.errors.RestrictViolation):
                owner.execute(statement)


def test_two_workers_at_once_make_each_month_once(committed_db, tmp_path) -> None:
    """Four calls at once, while rows of two far months wait in the default: each month is made by exactly one of them, and no row is lost (1)."""
    the = call_scene(tmp_path)
    for day in range(40):
        permit_at(the, FAR + timedelta(days=day))
    made = committed_db.parallel(lambda _: made_ahead(), count=4)
    assert not [one for one in made if isinstance(one, Exception)]
    made.append(made_ahead())
    assert sorted(month for one in made for month in one) == [MAY, JUNE]
    with acting(the.bank.system):
        assert where("contact_permit") == where("contact_attempt") == {"2031_05": 23, "2031_06": 17}


def test_a_table_in_use_is_left_for_the_next_time(committed_db, tmp_path) -> None:
    """While somebody reads the default, a month is not waited for; the next call makes it (1)."""
    the = call_scene(tmp_path)
    permit_at(the, FAR)
    with committed_db.connect() as reader, reader.transaction():
        reader.execute("SELECT count(*) FROM contact_permit")
        assert made_ahead() == []
    assert made_ahead() == [MAY]


def test_a_month_is_made_while_permits_are_asked_for(committed_db) -> None:
    """While five performers' threads ask and report on a far day, its month is made under them: nobody fails, and every row lies in it (1)."""
    the = scene()
    cases = [other_case(the) for _ in range(5)]

    def work(number: int) -> int:
        if number == len(cases):
            return sum(len(partitions_ahead()) for _ in range(40))
        for turn in range(12):
            at = FAR + timedelta(minutes=20 * turn)
            answer = asked(the, cases[number], f"{number}-{turn}", at=at)
            if answer.is_permit:
                with frozen(at):
                    attempt_report(actor=the.bank.system, permit_id=answer.id, outcome="no_answer", started_at=at)
        return 0

    results = committed_db.parallel(work, count=len(cases) + 1)
    assert not [one for one in results if isinstance(one, Exception)], results
    partitions_ahead()
    with acting(the.bank.system):
        assert where("contact_permit") == where("contact_attempt") == {"2031_05": 60}


@pytest.mark.django_db
def test_rows_made_in_bulk_know_their_day(tmp_path) -> None:
    """An outcome takes its permit's day where none is given, alone or in bulk (1)."""
    the = call_scene(tmp_path)
    permits = [the.permit(OWN, at=NOON + timedelta(days=40 * number)) for number in range(3)]
    with acting(the.bank.system):
        made = Attempt.objects.bulk_create(
            Attempt(
                creditor=the.bank.creditor, permit=permit, performer_id=permit.performer_id, outcome="busy", is_connected=False,
                started_at=permit.contact_at, reported_at=permit.contact_at,
            )
            for permit in permits
        )  # fmt: skip
        assert [one.local_on for one in made] == [permit.local_on for permit in permits]
        assert set(Attempt.objects.values_list("permit_id", "local_on")) == {(permit.pk, permit.local_on) for permit in permits}


def test_a_day_at_the_end_of_the_calendar_stops_no_month(committed_db, tmp_path) -> None:
    """Rows on days that no calendar has stay in the default, and the months of all others are made (1)."""
    the = call_scene(tmp_path)
    permit = the.permit(OWN, at=FAR)
    with committed_db.connect("owner") as owner:
        columns = ", ".join(
            field.column for field in Permit._meta.concrete_fields if field.column not in {"id", "local_on", "client_request_id"}
        )
        for number, day in enumerate(("infinity", "-infinity", "5874897-12-31", "2300-01-01")):
            owner.execute(
                f"INSERT INTO contact_permit ({columns}, local_on, client_request_id) SELECT {columns}, %s::date, %s FROM contact_permit WHERE id = %s",
                [day, f"far-{number}", permit.pk],
            )
    assert made_ahead() == [MAY]
    with acting(the.bank.system):
        assert where("contact_permit") == {"default": 4, "2031_05": 1}


def test_no_month_out_of_reach_is_made_for_the_application(committed_db) -> None:
    """The application cannot have months made at will: only near ones, and those of which rows wait (2)."""
    with committed_db.connect() as app:
        for far in ("1999-01-01", "2090-01-01"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege, match="not a month to prepare for"):
                app.execute("SELECT gate.contact_month(%s)", [far])
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute("SELECT gate.contact_part('contact_permit', 'mine')")


def test_nobody_reads_a_part_by_its_name(committed_db, tmp_path) -> None:
    """In no role but the owner's is a part to be read, written or emptied, whatever is open; the whole shows an agency its own rows as ever (2)."""
    the = call_scene(tmp_path)
    permit_at(the, NOON)
    with committed_db.connect("superuser") as session:
        opened = "SELECT set_config('app.creditor', %s, false), set_config('app.agency', %s, false), set_config('app.user', '0', false)"
        session.execute(opened, [str(the.bank.id), str(the.bank.aoki.pk)])
        parts = [name for (name,) in session.execute("SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r' ORDER BY 1")]
        assert {"contact_permit_default", "contact_attempt_default"} < set(parts)
        for role in ROLES:
            session.execute(f"SET ROLE {role}")
            assert session.execute("SELECT count(*) FROM contact_permit").fetchone() == (1,), role
            for part in parts:
                for statement in (f"SELECT count(*) FROM {part}", f"INSERT INTO {part} DEFAULT VALUES", f"TRUNCATE {part}"):
                    with pytest.raises(psycopg.errors.InsufficientPrivilege):
                        session.execute(statement)


def test_a_retry_over_the_border_of_two_months_gets_the_same_answer(committed_db) -> None:
    """On the UTC first of a month a debtor in Honolulu still has the last of the month before; asking again finds the permit there (3)."""
    the = scene()
    case = other_case(the, zone="Pacific/Honolulu")
    at = datetime(2031, 6, 1, 4, 0, tzinfo=UTC)
    make(committed_db, MAY, JUNE)
    first = asked(the, case, "r1", at=at)
    assert first.is_permit
    with acting(the.bank.system):
        assert where("contact_permit") == {"2031_05": 1}
    assert asked(the, case, "r1", at=at) == first
    later = other_case(the)
    with pytest.raises(RequestReused):
        asked(the, later, "r1", at=datetime(2031, 7, 10, 4, 0, tzinfo=UTC))
    assert asked(the, later, "r1", at=datetime(2031, 8, 10, 4, 0, tzinfo=UTC)).id != first.id


def test_two_at_once_with_one_id_on_two_local_days_are_one_request(committed_db) -> None:
    """At one instant it is June for one debtor and May for the other: of two requests with one id one is stored, the other is a conflict (3)."""
    the = scene()
    cases = (other_case(the), other_case(the, zone="Pacific/Honolulu"))
    at = datetime(2031, 6, 1, 4, 0, tzinfo=UTC)
    make(committed_db, MAY, JUNE)
    for number in range(6):
        both = committed_db.parallel(lambda one, number=number: asked(the, cases[one], f"r{number}", at=at), count=2)
        assert sorted(type(one).__name__ for one in both) == ["Answer", "RequestReused"], both
    with acting(the.bank.system):
        assert Permit.objects.count() + Refusal.objects.count() == 6


def test_a_report_finds_its_permit_in_its_month(committed_db) -> None:
    """A report is stored beside its permit; one that is weeks late is told that the permit has ended (1)."""
    the = scene()
    case = other_case(the)
    make(committed_db, MAY)
    permit = asked(the, case, "r1", at=FAR)
    with frozen(FAR + timedelta(days=40)), pytest.raises(PermitExpired):
        attempt_report(actor=the.bank.system, permit_id=permit.id, outcome="no_answer", started_at=FAR + timedelta(days=40))
    with frozen(FAR):
        attempt_report(actor=the.bank.system, permit_id=permit.id, outcome="no_answer", started_at=FAR)
    with acting(the.bank.system):
        assert where("contact_attempt") == {"2031_05": 1}


DAY_COUNT = """
SELECT count(*) FROM contact_permit p LEFT JOIN contact_attempt a ON a.permit_id = p.id AND a.local_on = %(on)s
WHERE p.creditor_id = %(creditor)s AND p.person_id = %(person)s AND p.local_on = %(on)s AND p.channel = 'call' AND coalesce(a.is_connected, true)
"""


def test_a_days_count_looks_into_one_month_and_into_an_index_alone(committed_db, tmp_path) -> None:
    """The plan of the count names one part of each table and reads indexes only, known days or not; the gate's own statement drops the others (4)."""
    the = call_scene(tmp_path)
    make(committed_db, MAY, JUNE)
    for day in range(0, 50, 5):
        permit_at(the, FAR + timedelta(days=day))
    with committed_db.connect("superuser") as session:
        session.execute("VACUUM ANALYZE contact_permit")
        session.execute("VACUUM ANALYZE contact_attempt")
        session.execute("SET enable_seqscan = off")
        session.execute("SET enable_bitmapscan = off")
        session.execute("SET plan_cache_mode = force_generic_plan")
        session.execute("PREPARE counted (bigint, bigint, date) AS " + DAY_COUNT % {"creditor": "$1", "person": "$2", "on": "$3"})
        who = {"creditor": the.bank.id, "person": the.persons[OWN].pk, "on": FAR.date()}
        known = session.execute("EXPLAIN (FORMAT JSON, ANALYZE) " + DAY_COUNT, who).fetchone()[0]
        unknown = session.execute(
            f"EXPLAIN (FORMAT JSON, ANALYZE) EXECUTE counted({who['creditor']}, {who['person']}, '{who['on']}')"
        ).fetchone()[0]
        for plan in (known, unknown):
            scans = [node for node in nodes(plan[0]["Plan"]) if "Relation Name" in node]
            assert {node["Node Type"] for node in scans} == {"Index Only Scan"}
            assert {node["Relation Name"] for node in scans} == {"contact_permit_2031_05", "contact_attempt_2031_05"}
        told = gates_plans(session, the)
    assert told
    for text in told:
        assert "Subplans Removed" in text
        assert not set(re.findall(r"contact_(?:permit|attempt)_[0-9]{4}_[0-9]{2}\b", text)) - {
            "contact_permit_2031_03", "contact_permit_2031_04", "contact_permit_2031_05", "contact_attempt_2031_05"
        }  # fmt: skip


def gates_plans(session: psycopg.Connection, the: CallScene) -> list[str]:
    """Return the plans of the statements in `gate.permit_facts` that read permits, as they ran."""
    told: list[str] = []
    session.add_notice_handler(lambda notice: told.append(notice.message_primary or ""))
    for setting in ("log_min_duration = 0", "log_nested_statements = on", "log_analyze = on"):
        session.execute("LOAD 'auto_explain'")
        session.execute(f"SET auto_explain.{setting}")
    session.execute(
        "SELECT set_config('app.creditor', %s, false), set_config('app.agency', %s, false)", [str(the.bank.id), str(the.bank.aoki.pk)]
    )
    session.execute("SET client_min_messages = log")
    session.execute(
        "SELECT gate.permit_facts(%s, %s, %s, 'r', %s)", [the.bank.id, the.cases[OWN].pk, the.bank.aoki.pk, FAR.date() + timedelta(days=1)]
    )
    session.execute("SET client_min_messages = warning")
    return [text for text in told if "contact_permit m" in text and "gate.permit_facts" not in text]


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a plan's nodes, the outer ones first."""
    yield plan
    for part in plan.get("Plans", []):
        yield from nodes(part)


def test_a_month_is_dropped_when_it_need_not_be_kept(committed_db, tmp_path) -> None:
    """The steps of docs/database.md take a month's outcomes, its calls' permits and its permits away, and leave the other months (5)."""
    the = call_scene(tmp_path)
    make(committed_db, MAY, JUNE)
    permit, _ = permit_at(the, FAR, outcome="connected")
    permit_at(the, FAR + timedelta(days=30))
    the.load(row("c1", at=FAR, permit=permit.pk), at=FAR + timedelta(hours=8), on=FAR.date())
    page = (database.ROOT / "docs" / "database.md").read_text(encoding="utf-8")
    (steps,) = re.findall(r"```sql\n(BEGIN;.*?COMMIT;)\n```", page, re.DOTALL)
    with committed_db.connect("owner") as owner:
        owner.execute(steps.replace("2020_01", "2031_05").replace("2020-01-01", "2031-05-01").replace("2020-02-01", "2031-06-01"))
    with acting(the.bank.system):
        assert (where("contact_permit"), where("contact_attempt")) == ({"2031_06": 1}, {"2031_06": 1})
        assert CallMatch.objects.get().permit_id is None
    assert made_ahead() == []


def test_rows_from_before_are_carried_over(test_server, django_db_setup, django_db_blocker) -> None:
    """Permits, outcomes and matched calls of three years, one at a border of months, are found in their months with their numbers (5)."""
    name = database.database_name("before")
    boot.prepare_embedded(test_server.cluster, database=name)
    try:
        with django_db_blocker.unblock(), database.pointed_at(name):
            call_command("migrate", "contact", "0015_gate_plans_once", database="owner", verbosity=0)
            stored = stored_before()
            call_command("migrate", database="owner", verbosity=0, interactive=False)
            with acting(system(stored["creditor"])):
                assert where("contact_permit") == where("contact_attempt") == {"2024_02": 1, "2024_03": 1, "2026_03": 1, "2031_05": 1}
                assert list(Permit.objects.order_by("pk").values_list("pk", "local_on", "explanation")) == stored["permits"]
                assert list(Attempt.objects.order_by("pk").values_list("pk", "permit_id", "local_on")) == stored["attempts"]
                match = CallMatch.objects.get()
                assert (match.permit_id, match.permit_on) == stored["permits"][0][:2]
            with connections["owner"].cursor() as cursor:
                cursor.execute("SELECT nextval('contact_permit_id_seq'), pg_get_serial_sequence('contact_permit', 'id')")
                assert cursor.fetchone() == (stored["permits"][-1][0] + 1, "public.contact_permit_id_seq")
                cursor.execute("SELECT to_regclass('gate.contact_permit'), to_regclass('gate.contact_attempt')")
                assert cursor.fetchone() == (None, None)
            connections.close_all()
    finally:
        test_server.drop(name)


def stored_before() -> dict[str, Any]:
    """Store permits with their outcomes as an installation did before there were months; one has a matched call."""
    state = MigrationExecutor(connections["owner"]).loader.project_state([("contact", "0015_gate_plans_once")]).apps

    def add(room: str, model: str, **values: Any) -> Any:
        return state.get_model(room, model).objects.using("owner").create(**values)

    bank = add(
        "parties",
        "Creditor",
        code="b",
        name="B",
        lender_class="bank",
        zone="Asia/Shanghai",
        calendar="china",
        currency="CNY",
        created_at=NOON,
    )
    aoki = add("parties", "Agency", creditor=bank, code="a", name="A", kind="external", opened_on=date(2024, 1, 1))
    person = add("portfolio", "Person", creditor=bank, zone="Asia/Shanghai", zone_source="test", known_at=NOON)
    case = add("portfolio", "Case", creditor=bank, person=person, opened_on=date(2024, 1, 1))
    permits, attempts = [], []
    for number, day in enumerate((date(2024, 2, 29), date(2024, 3, 1), date(2026, 3, 5), FAR.date())):
        at = datetime.combine(day, NOON.timetz())
        one = add(
            "contact", "Permit", creditor=bank, performer=aoki, client_request_id=str(number), request_hash="", person=person, case=case,
            user_id=0, channel="call", contact_at=at, local_on=day, decided_at=at, explanation={"number": number}, valid_until_at=at,
        )  # fmt: skip
        made = add(
            "contact",
            "Attempt",
            creditor=bank,
            permit=one,
            performer=aoki,
            outcome="no_answer",
            is_connected=False,
            started_at=at,
            reported_at=at,
        )
        permits.append((one.pk, day, {"number": number}))
        attempts.append((made.pk, one.pk, day))
    file = add(
        "contact", "CallRecordFile", creditor=bank, performer=aoki, local_on=date(2024, 2, 29), sha256="", mapping_name="", mapping_version="",
        loaded_by=0, known_at=NOON,
    )  # fmt: skip
    record = add(
        "contact", "CallRecord", creditor=bank, performer=aoki, record_file=file, row_number=1, call_ref="c", local_on=date(2024, 2, 29),
        started_at=NOON, talk_seconds=1, disposition="answered",
    )  # fmt: skip
    add("contact", "CallMatch", creditor=bank, record=record, permit_id=permits[0][0], is_connected=True, is_effective=True)
    return {"creditor": bank.pk, "permits": permits, "attempts": attempts}

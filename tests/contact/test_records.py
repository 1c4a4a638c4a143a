"""What was really dialled: files of call records, who may load them, what is kept of them."""

from __future__ import annotations

from datetime import datetime, timedelta

import openpyxl
import pytest
from django.db import DatabaseError, connection, transaction

from duecourse.contact.errors import CallDayAhead, CallDayUnsaid, CallZoneUnsaid
from duecourse.contact.models import CallMatch, CallRecord, CallRecordFile
from duecourse.contact.selectors import call_files, call_findings
from duecourse.contact.services import call_records_load
from duecourse.kit.clock import frozen
from duecourse.kit.errors import Absent, Forbidden
from duecourse.ledger.models import AuditEvent, StoredFile
from duecourse.parties.access import Actor, acting
from duecourse.portfolio.services import erasure
from tests import factories, people
from tests.contact.call_scene import EVENING, OTHERS, OWN, STRANGERS, call_scene, row
from tests.contact.scene import DAY, NOON


@pytest.fixture
def the(db, home, tmp_path):
    """The scene of these tests."""
    return call_scene(tmp_path)


def program(the, agency=None) -> Actor:
    """Return a program with a token for contacts, of the bank or of an agency."""
    roles = frozenset({"collector"} if agency else {"read_only"})
    return Actor(user_id=-7, creditor_id=the.bank.id, agency_id=agency and agency.pk, roles=roles)


def refs(the) -> list[str]:
    """Return the ids of all calls that are kept."""
    with acting(the.bank.system):
        return sorted(CallRecord.objects.values_list("call_ref", flat=True))


def test_a_call_with_its_permit_is_no_finding(the):
    """A permit, its outcome, and the call with the same talk: the record has the permit's debtor and nothing is found."""
    permit = the.permit(OWN)
    the.attempt(permit, "connected", talk=30)
    result = the.load(row("c1", at=NOON + timedelta(seconds=20)))
    assert (result.is_new, result.local_on, result.counts["accepted_count"], result.counts["rejected_count"]) == (True, DAY, 1, 0)
    with acting(the.bank.system):
        match = CallMatch.objects.get()
        assert (match.permit_id, match.person_id, match.contact_point_id) == (permit.pk, the.persons[OWN].pk, the.points[OWN].pk)
        assert (match.is_connected, match.is_effective, match.fault) == (True, True, "")
        record = CallRecord.objects.get()
        assert (record.call_ref, record.agent_code, record.caller_line, record.recording_ref) == ("c1", "A01", "95588", "rec-c1")
    assert the.findings() == []


def test_the_same_file_twice_does_nothing(the, tmp_path):
    """The second time the counts are those of the first, no row is added, and the rejects are written again."""
    path = the.file(row("c1"), row("c2", "unknown"))
    rejects = tmp_path / "r.csv"
    first = the.load(path=path, rejects_path=rejects)
    rejects.unlink()
    second = the.load(path=path, rejects_path=rejects)
    assert (first.is_new, second.is_new, second.record_file_id) == (True, False, first.record_file_id)
    assert first.counts == second.counts
    assert first.counts["row_count"] == first.counts["accepted_count"] + first.counts["rejected_count"] == 2
    assert "no telephone number" in rejects.read_text("utf-8")
    assert refs(the) == ["c1"]


def test_a_corrected_file_adds_what_was_missing_and_changes_nothing(the):
    """The mended row is taken, the one that is there is a repeat, and one with other content goes back: the first stays."""
    the.load(row("c1", talk=30), row("c2", "123"))
    mended = the.load(row("c1", talk=30), row("c2", OTHERS))
    assert [mended.counts[name] for name in ("accepted_count", "repeated_count", "rejected_count")] == [1, 1, 0]
    changed = the.load(row("c1", talk=0, result="未接"), row("c2", OWN))
    assert [problem.code for problem in changed.problems] == ["CallRefConflict", "CallRefConflict"]
    assert [changed.counts[name] for name in ("accepted_count", "repeated_count", "rejected_count")] == [0, 0, 2]
    with acting(the.bank.system):
        assert CallRecord.objects.get(call_ref="c1").talk_seconds == 30
    other = the.load(row("c1", talk=5), by=the.bank.birch)
    assert other.counts["accepted_count"] == 1, "ids are each performer's own"


def test_one_id_twice_in_a_file_is_one_call_or_a_conflict(the):
    """Of rows with one id the first is taken; the same again is a repeat, another one goes back."""
    result = the.load(row("c1", talk=30), row("c1", talk=30), row("c1", talk=31))
    assert [result.counts[name] for name in ("accepted_count", "repeated_count", "rejected_count")] == [1, 1, 1]
    assert [(problem.code, problem.row) for problem in result.problems] == [("CallRefConflict", 3)]


def test_bad_rows_go_back_with_their_reasons_and_the_others_are_kept(the, tmp_path):
    """Times without an offset, in the future or of another day, numbers that are none, durations beyond a day: each its own reason."""
    later = EVENING + timedelta(minutes=10)
    naive = row("naive").replace("+08:00", "")
    rows = [
        naive, row("ahead", at=later), row("still-on", at=EVENING - timedelta(seconds=30), talk=3600),
        row("yesterday", at=NOON - timedelta(days=1)), row("=cmd()", "=cmd()"), row("long", talk=86_401), row("less", talk=-1),
        row("", OWN), row("good", agent="=cmd|' /C calc'!A0"),
    ]  # fmt: skip
    rejects = tmp_path / "rejects.csv"
    result = the.load(*rows, rejects_path=rejects)
    assert refs(the) == ["good"]
    assert result.counts["problems"] == {
        "BelowMinimum": 1, "CallAhead": 2, "CallOfAnotherDay": 1, "CallSecondsImplausible": 1, "InstantUnreadable": 1, "MissingValue": 1,
        "NumberUnreadable": 1,
    }  # fmt: skip
    said = rejects.read_text("utf-8")
    assert "+08:00" in said
    assert "2026-08-31" in said
    assert all(not cell.strip('"').startswith("=") for line in said.splitlines() for cell in line.split(","))
    with acting(the.bank.system):
        assert CallRecord.objects.get().agent_code == "=cmd|' /C calc'!A0"


def test_naive_times_are_the_creditors_only_where_the_mapping_says_so(the):
    """The mapping `local` reads 12:00 as Shanghai's; a time that has an offset keeps it."""
    utc = row("c2").replace("2026-09-01T12:00:00+08:00", "2026-09-01T04:00:00Z")
    result = the.load(row("c1").replace("+08:00", "").replace("T", " "), utc, mapping="local")
    assert result.counts["accepted_count"] == 2
    with acting(the.bank.system):
        assert set(CallRecord.objects.values_list("started_at", flat=True)) == {NOON}


def test_a_workbook_needs_a_mapping_that_says_its_zone(the, tmp_path):
    """Cells of a workbook hold a time and no zone: `native` refuses the file, `local` reads 12:00 as Shanghai's."""
    book = openpyxl.Workbook()
    book.active.append(["Call id", "Started", "Number dialled", "Talk", "Result"])
    book.active.append(["c1", datetime(2026, 9, 1, 12, 0), OWN, 30, "answered"])  # noqa: DTZ001 - as a workbook has it
    path = tmp_path / "calls.xlsx"
    book.save(path)
    with pytest.raises(CallZoneUnsaid):
        the.load(path=path)
    assert the.load(path=path, mapping="local").counts["accepted_count"] == 1
    with acting(the.bank.system):
        assert CallRecord.objects.get().started_at == NOON


def test_the_day_is_told_by_the_rows_or_must_be_said(the):
    """Rows of one day tell it; rows of two days, and no rows at all, do not; a day to come is refused."""
    assert the.load(row("c1"), on=None).local_on == DAY
    with pytest.raises(CallDayUnsaid, match="2026-08-31, 2026-09-01"):
        the.load(row("c2"), row("c3", at=NOON - timedelta(days=1)), on=None)
    with pytest.raises(CallDayUnsaid):
        the.load(on=None)
    assert the.load(on=DAY).counts["row_count"] == 0
    with pytest.raises(CallDayAhead):
        the.load(row("c4"), on=DAY + timedelta(days=1))
    assert refs(the) == ["c1"]


def test_who_may_load_for_whom(the):
    """An agency's lead and program load its own; a program of the bank its teams and robots; managers and compliance anybody's."""
    bank = the.bank
    other = factories.bank(people.OTHER_BANK)
    for actor, performer, refusal in (
        (bank.ann, bank.birch, Absent), (program(the, bank.aoki), bank.birch, Absent), (bank.bo, bank.birch, Forbidden),
        (program(the), bank.aoki, Forbidden), (bank.fan, bank.robot, Forbidden), (bank.mei, other.aoki, Absent), (other.mei, bank.aoki, Absent),
    ):  # fmt: skip
        with pytest.raises(refusal):
            the.load(row("c1"), actor=actor, by=performer)
    assert refs(the) == []
    for actor, performer in (
        (bank.ann, bank.aoki), (program(the, bank.birch), bank.birch), (program(the), bank.robot), (program(the), bank.in_house),
    ):  # fmt: skip
        assert the.load(row("c1"), actor=actor, by=performer).counts["accepted_count"] == 1
    assert the.load(row("c2"), actor=bank.qiu, by=bank.aoki).is_new
    with acting(bank.system):
        assert set(CallRecordFile.objects.values_list("loaded_by", flat=True)) == {bank.ann.user_id, -7, bank.qiu.user_id}
        assert AuditEvent.objects.filter(action="call_records_loaded", actor_id=-7).count() == 3


def test_an_agency_sees_its_files_and_calls_and_not_whose_numbers_they_are(the):
    """It reads its own rows, not its rival's; what a call was found to be it cannot ask, and the counts are the same for any number."""
    known = the.load(row("c1"), actor=the.bank.ann)
    unknown = the.load(row("c2", STRANGERS), actor=the.bank.ann)
    the.load(row("c3"), by=the.bank.birch)
    assert known.counts == unknown.counts
    with acting(the.bank.ann):
        assert set(CallRecord.objects.values_list("call_ref", flat=True)) == {"c1", "c2"}
        assert len(call_files(creditor_id=the.bank.id, from_on=DAY, until_on=DAY)) == 2
    with acting(the.bank.bo):
        assert not CallRecord.objects.exists(), "a collector has no use for them"
    with pytest.raises(DatabaseError, match="permission denied"), acting(the.bank.ann):
        call_findings(creditor_id=the.bank.id, from_on=DAY, until_on=DAY)
    with pytest.raises(DatabaseError, match="permission denied"), acting(the.bank.ann):
        CallMatch.objects.exists()


def test_the_number_is_kept_in_the_sealed_file_alone(the):
    """No column of any call holds the number, and calls cannot be changed or taken away."""
    the.load(row("c1", OWN))
    with acting(the.bank.system), connection.cursor() as cursor:
        for table in ("contact_callrecord", "contact_callmatch", "contact_callrecordfile"):
            cursor.execute(f"SELECT coalesce(string_agg(to_jsonb(x)::text, ' '), '') FROM {table} x")
            assert OWN not in cursor.fetchone()[0]
        assert StoredFile.objects.filter(kind="call_records", wrapped_key__isnull=False).count() == 1
        for statement in ("UPDATE contact_callrecord SET talk_seconds = 0", "DELETE FROM contact_callrecord"):
            with pytest.raises(DatabaseError), transaction.atomic():
                cursor.execute(statement)


def test_erasing_a_person_takes_the_index_of_their_number_from_calls(the):
    """The index goes with the person's; a number that another debtor shares stays; the call stays what it was found to be."""
    the.number(the.persons[OTHERS], STRANGERS)
    the.number(the.persons[OWN], STRANGERS)
    permit = the.permit(OWN)
    the.load(row("c1", OWN), row("c2", STRANGERS))
    with frozen(EVENING):
        assert erasure.person_erase(actor=the.bank.qiu, person_id=the.persons[OWN].pk, reason="asked")
        with acting(the.bank.system):
            kept = dict(CallMatch.objects.values_list("record__call_ref", "number_index"))
            assert (kept["c1"], kept["c2"] is None) == (None, False)
            assert CallMatch.objects.get(record__call_ref="c1").permit_id == permit.pk
        assert the.load(row("c1", OWN), row("c4", OTHERS)).counts["repeated_count"] == 1


def test_a_trial_tells_and_keeps_nothing(the):
    """What would happen is told, and neither a call nor a file nor an event stays."""
    result = the.load(row("c1"), row("c2", "no"), is_trial=True)
    assert (result.is_trial, result.is_new, result.counts["accepted_count"], result.counts["rejected_count"]) == (True, True, 1, 1)
    assert refs(the) == []
    with acting(the.bank.system):
        assert not CallRecordFile.objects.exists()
        assert not AuditEvent.objects.filter(action="call_records_loaded").exists()
    assert the.load(row("c1")).is_new


@pytest.mark.parametrize(
    "moment", ["call_staged", "call_number", "INSERT INTO contact_callrecord", "call_pair", "contact_callmatch", "audit"]
)
def test_a_crash_in_the_middle_leaves_nothing_half(the, moment):
    """Wherever the database stops answering, no row of the file is there, and the same file loads afterwards."""
    path = the.file(row("c1"), row("c2", OTHERS))

    def broken(execute, sql, params, many, context):
        if moment in sql:
            raise DatabaseError("gone")
        return execute(sql, params, many, context)

    with pytest.raises(DatabaseError, match="gone"), connection.execute_wrapper(broken):
        the.load(path=path)
    assert refs(the) == []
    with acting(the.bank.system):
        assert not CallRecordFile.objects.exists()
    assert the.load(path=path).counts["accepted_count"] == 2


def test_an_old_key_still_finds_a_number(the, settings):
    """During a rotation a number that was indexed under the old key is found, and a repeat of the call is known as one."""
    from duecourse.kit.crypto import Keyring

    the.load(row("c1"))
    settings.DUECOURSE_KEYRING = Keyring({"test-1": b"t" * 32, "test-2": b"u" * 32}, active_id="test-2")
    result = the.load(row("c1"), row("c2"), row("c3", STRANGERS))
    assert [result.counts[name] for name in ("accepted_count", "repeated_count")] == [2, 1]
    with acting(the.bank.system):
        found = dict(CallMatch.objects.values_list("record__call_ref", "index_key_id"))
        persons = dict(CallMatch.objects.values_list("record__call_ref", "person_id"))
    assert found == {"c1": "test-1", "c2": "test-1", "c3": "test-2"}
    assert persons == {"c1": the.persons[OWN].pk, "c2": the.persons[OWN].pk, "c3": None}


def test_two_at_once_load_one_file_once(committed_db, home, tmp_path):
    """Two processes send the same file at the same moment: one loads it, the other finds it done."""
    the = call_scene(tmp_path)
    path = the.file(row("c1"), row("c2"))

    def send(number: int) -> bool:
        with frozen(EVENING):
            return call_records_load(actor=the.bank.system, path=path, performer_id=the.bank.aoki.pk, on=DAY).is_new

    assert sorted(committed_db.parallel(send, count=2)) == [False, True]
    assert refs(the) == ["c1", "c2"]

"""A performer's program sends what was really dialled."""

from __future__ import annotations

from django.core.files.uploadedfile import SimpleUploadedFile

from duecourse.contact.models import CallRecord, CallRecordFile
from duecourse.parties.access import acting
from tests.doors.api.conftest import issued

HEADER = "call_ref,started_at,number,talk_seconds,disposition"
ROW = "c1,2026-09-02T10:00:00+08:00,13800138000,30,answered"


def call_file(*rows: str, name: str = "calls.csv") -> SimpleUploadedFile:
    """Return a file of call records, by default of one call on 2 September."""
    return SimpleUploadedFile(name, "\n".join([HEADER, *(rows or (ROW,))]).encode())


def test_an_agencys_program_loads_its_calls_once(api):
    """A test token is told and nothing is kept; then the file is loaded, once more does nothing, and a bad row comes back with its reason."""
    bad = "c2,2026-09-02 10:00:00,13800138000,30,answered"
    said = issued(api.bank, "permits:write", agency=api.bank.aoki, is_test=True).upload("/call-records", file=call_file(ROW, bad)).json()
    assert (said["is_test"], said["record_file_id"], said["on"], said["counts"]["accepted_count"]) == (True, None, "2026-09-02", 1)
    first, second = (api.aoki.upload("/call-records", file=call_file(ROW, bad)).json() for _ in range(2))
    assert (first["is_new"], second["is_new"], second["record_file_id"]) == (True, False, first["record_file_id"])
    assert [(problem["row"], problem["code"]) for problem in first["problems"]] == [(2, "InstantUnreadable")]
    with acting(api.bank.system):
        assert CallRecord.objects.get().performer_id == api.bank.aoki.pk
        assert CallRecordFile.objects.get().loaded_by < 0


def test_a_program_loads_its_own_performers_calls_only(api):
    """An agency's program cannot send another's; the bank's can send its robot's, no agency's, and must say whose."""
    assert api.aoki.upload("/call-records", file=call_file(), performer_id=api.bank.birch.pk).status_code == 404
    assert api.full.upload("/call-records", file=call_file(), performer_id=api.bank.aoki.pk).status_code == 403
    assert api.full.upload("/call-records", file=call_file()).json()["type"] == "PerformerMissing"
    assert api.full.upload("/call-records", file=call_file(), performer_id=api.bank.robot.pk).status_code == 200


def test_rejected_rows_come_back_to_their_own_program(api):
    """The agency's program gets what it sent, with the reason; another's, the bank's for an agency and one that may only read get nothing."""
    bad = "=c2,2026-09-02 10:00:00,13800138000,30,answered"
    file_id = api.aoki.upload("/call-records", file=call_file(ROW, bad)).json()["record_file_id"]
    answer = api.aoki.get(f"/call-records/{file_id}/rejects")
    assert (answer.status_code, answer["Content-Disposition"][:10]) == (200, "attachment")
    assert "13800138000" in b"".join(answer.streaming_content).decode()
    assert api.birch.get(f"/call-records/{file_id}/rejects").content == api.birch.get(f"/call-records/{10**15}/rejects").content
    assert [who.get(f"/call-records/{file_id}/rejects").status_code for who in (api.birch, api.full, api.nobody)] == [404, 403, 401]
    robots = api.full.upload("/call-records", file=call_file(ROW, bad), performer_id=api.bank.robot.pk).json()["record_file_id"]
    assert api.full.get(f"/call-records/{robots}/rejects").status_code == 200
    whole = api.aoki.upload("/call-records", file=call_file(ROW.replace("c1", "c9"))).json()["record_file_id"]
    assert api.aoki.get(f"/call-records/{whole}/rejects").status_code == 404


def test_what_is_not_a_file_of_calls_is_refused_in_words(api):
    """No file, a mapping that is a path, a day to come, two days and a file of something else: each its own answer, and nothing is kept."""
    later = ROW.replace("c1", "c2").replace("09-02", "09-01")
    for status, kind, fields in (
        (422, "", {}),
        (422, "", {"file": call_file(), "mapping": "../../etc/passwd.yaml"}),
        (422, "CallDayAhead", {"file": call_file(), "on": "2027-01-01"}),
        (422, "CallDayUnsaid", {"file": call_file(ROW, later)}),
        (422, "MissingColumns", {"file": SimpleUploadedFile("x.csv", b"a,b\n1,2\n"), "on": "2026-09-02"}),
        (422, "UnknownMapping", {"file": call_file(), "mapping": "nobody"}),
    ):
        answer = api.aoki.upload("/call-records", **fields)
        assert answer.status_code == status, answer.content
        assert not kind or answer.json()["type"] == kind
    with acting(api.bank.system):
        assert not CallRecordFile.objects.exists()

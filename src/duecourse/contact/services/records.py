"""Loading a performer's call records of a day: good rows are kept and matched, the others go to a file that can be mended and sent again.

No row passes through Python after it was read: rows are staged, compared with what is there, numbered, written and matched set by set.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from dataclasses import replace as replaced
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
from django.db import connection, transaction

from duecourse.contact.errors import CallDayAhead, CallDayUnsaid, CallZoneUnsaid
from duecourse.contact.models import CallRecordFile
from duecourse.contact.services.call_matching import EXISTING, REACH, STATED_ID, match_todo, performer_lock, todo_open
from duecourse.contact.services.call_rows import rows_judge
from duecourse.contact.services.call_specs import CALL_RECORDS, NATIVE, call_mapping, row_problem
from duecourse.contact.services.definitions import definition_on
from duecourse.contact.services.violation_sums import violation_day_open
from duecourse.kit.calendar import local_day
from duecourse.kit.clock import now
from duecourse.kit.errors import Absent, Forbidden, Problem
from duecourse.kit.records import Mapping, check_file, read
from duecourse.ledger.selectors import file_read
from duecourse.ledger.services import audit_append, file_put, statistics_refresh
from duecourse.parties.access import Actor, acting, creditor_of, require, system
from duecourse.parties.models import Agency, AgencyKind, Creditor, Role
from duecourse.portfolio.errors import TapeChanged
from duecourse.portfolio.selectors.sealing import keyring
from duecourse.portfolio.services.intake import PHONE_REGIONS, measured, storage_watched
from duecourse.portfolio.services.refused import Refused
from duecourse.portfolio.services.rows import FIRST_AT
from duecourse.portfolio.services.staging import copy_in

Progress = Callable[[int, int, str], None]

CLOCK_TOLERANCE = timedelta(minutes=5)
WORK_MEMORY = "128MB"
"""What the database may use to sort and to join one file, until the transaction ends."""
_INDEX_BYTES = 16
_STAGED: dict[str, str] = {
    "row_number": "integer NOT NULL", "call_ref": "text NOT NULL", "local_on": "date NOT NULL", "started_at": "timestamptz NOT NULL",
    "ring_seconds": "integer", "talk_seconds": "integer NOT NULL", "total_seconds": "integer", "disposition": "text NOT NULL",
    "disposition_said": "text NOT NULL", "caller_line": "text NOT NULL", "agent_code": "text NOT NULL", "stated_permit": "text NOT NULL",
    "recording_ref": "text NOT NULL", "number_indexes": "bytea NOT NULL",
}  # fmt: skip
"""The columns of the staging table; `number_indexes` is the number's blind index under every key of the creditor, one after the other."""
_KEPT = tuple(name for name in _STAGED if name != "number_indexes")
_BODY = ("started_at", "ring_seconds", "talk_seconds", "total_seconds", "disposition_said", "stated_permit")
_WRITTEN = pacsv.WriteOptions(include_header=False, quoting_style="needed")


def _same(one: str, other: str) -> str:
    return f"({', '.join(f'{one}.{n}' for n in _BODY)}) IS NOT DISTINCT FROM ({', '.join(f'{other}.{n}' for n in _BODY)})"


_WITHIN = f"""
DELETE FROM pg_temp.call_staged s USING pg_temp.call_staged f, (
    SELECT call_ref, min(row_number) AS row_number FROM pg_temp.call_staged GROUP BY call_ref HAVING count(*) > 1) d
WHERE f.row_number = d.row_number AND s.call_ref = d.call_ref AND s.row_number <> d.row_number
RETURNING s.row_number, {_same("s", "f")} AND s.number_indexes = f.number_indexes
"""  # noqa: S608 - names of columns
_BEFORE = f"""
DELETE FROM pg_temp.call_staged s USING contact_callrecord r
JOIN contact_callmatch m ON m.creditor_id = r.creditor_id AND m.record_id = r.id
WHERE r.creditor_id = %(creditor)s AND r.performer_id = %(performer)s AND r.call_ref = s.call_ref
RETURNING s.row_number, {_same("s", "r")} AND (m.number_index IS NULL OR position(m.number_index IN s.number_indexes) > 0)
"""  # noqa: S608 - names of columns
_NUMBERS = f"""
CREATE TEMPORARY TABLE call_number ON COMMIT DROP AS
SELECT DISTINCT ON (s.number_indexes) s.number_indexes, coalesce(cp.value_index, substring(s.number_indexes FROM 1 FOR {_INDEX_BYTES}))
    AS number_index, coalesce(cp.index_key_id, %(active)s) AS index_key_id, cp.id AS point_id, cp.person_id
FROM (SELECT DISTINCT number_indexes FROM pg_temp.call_staged) s
CROSS JOIN unnest(%(keys)s::text[]) WITH ORDINALITY AS k (key_id, place)
LEFT JOIN portfolio_contactpoint cp ON cp.creditor_id = %(creditor)s AND cp.kind = 'phone' AND cp.index_key_id = k.key_id
    AND cp.value_index = substring(s.number_indexes FROM ({_INDEX_BYTES} * (k.place - 1) + 1)::integer FOR {_INDEX_BYTES})
ORDER BY s.number_indexes, cp.id IS NULL, k.place, cp.id
"""  # noqa: S608 - a number of this file
_NEW = """
CREATE TEMPORARY TABLE call_new ON COMMIT DROP AS
SELECT nextval('contact_callrecord_id_seq') AS record_id, s.*, n.number_index, n.index_key_id, n.point_id, n.person_id
FROM pg_temp.call_staged s JOIN pg_temp.call_number n ON n.number_indexes = s.number_indexes
"""
_RECORDS = f"""
INSERT INTO contact_callrecord (id, creditor_id, performer_id, record_file_id, {", ".join(_KEPT)})
SELECT record_id, %(creditor)s, %(performer)s, %(file)s, {", ".join(_KEPT)} FROM pg_temp.call_new ORDER BY record_id
"""  # noqa: S608 - names of columns
_TODO_NEW = f"""
INSERT INTO pg_temp.call_todo
SELECT record_id, true, call_ref, started_at, stated_permit, {STATED_ID.format(stated="stated_permit")}, number_index, index_key_id,
    point_id, person_id FROM pg_temp.call_new
"""  # noqa: S608 - fragments of SQL
_TODO_NEAR = f"""
{EXISTING}
    AND m.number_index IN (
        SELECT o.value_index FROM (SELECT DISTINCT cp.person_id FROM pg_temp.call_number n JOIN portfolio_contactpoint cp
            ON cp.creditor_id = %(creditor)s AND cp.value_index = n.number_index) p
        JOIN portfolio_contactpoint o ON o.creditor_id = %(creditor)s AND o.person_id = p.person_id AND o.kind = 'phone')
"""  # noqa: S608 - fragments of SQL
_IS_CONNECTED = """n.talk_seconds >= %(connected_min)s AND (n.disposition = 'answered' OR (n.disposition = 'voicemail' AND %(voicemail)s)
    OR (n.disposition <> 'voicemail' AND n.talk_seconds > 0))"""
_MATCHES = f"""
INSERT INTO contact_callmatch (creditor_id, record_id, number_index, index_key_id, person_id, contact_point_id, permit_id, permit_on, fault,
    is_connected, is_effective)
SELECT %(creditor)s, f.record_id, f.number_index, f.index_key_id, f.person_id, f.point_id, f.permit_id, f.permit_on, f.fault,
    {_IS_CONNECTED},
    {_IS_CONNECTED} AND n.talk_seconds >= %(effective_min)s
FROM pg_temp.call_found f JOIN pg_temp.call_new n ON n.record_id = f.record_id WHERE f.is_new ORDER BY f.record_id
"""  # noqa: S608 - fragments of SQL


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRecordsResult:
    """What came of a file of call records; the same for a file that was loaded before.

    Attributes:
        record_file_id: the file's row; gone again after a trial.
        is_new: False when the same file had been loaded before and nothing was done.
        is_trial: nothing was kept.
        local_on: the day of the file.
        counts: `row_count` = `accepted_count` + `repeated_count` (calls that were there with the same content) + `rejected_count` +
            `passed_over_count` (rows that the mapping leaves out); `problems` by code. Nothing tells whose numbers they were.
        problems: the first problems.
        rejects_path: where the rejected rows were written, or None.
    """

    record_file_id: int
    is_new: bool
    is_trial: bool
    local_on: date
    counts: dict[str, Any]
    problems: list[Problem] = field(default_factory=list)
    rejects_path: Path | None = None


@dataclass(slots=True)
class _Load:
    """One load under way."""

    creditor: Creditor
    performer_id: int
    path: Path
    mapping: Mapping
    on: date | None
    refused: Refused
    counts: Counter[str] = field(default_factory=Counter)
    days: set[date] = field(default_factory=set)


def call_records_load(
    *,
    actor: Actor,
    path: Path,
    performer_id: int,
    on: date | None = None,
    mapping: str = NATIVE,
    rejects_path: Path | None = None,
    progress: Progress | None = None,
    is_trial: bool = False,
) -> CallRecordsResult:
    """Load a performer's call records of a day and match each with its permit.

    Args:
        actor: a manager or compliance officer of the creditor or the system, for any performer; a program of the creditor, for its own teams and
            robots; an agency's lead or program, for the agency.
        path: CSV, XLSX or Parquet.
        performer_id: who dialled.
        on: the creditor's day on which the calls began; None when the rows tell, all being of one.
        mapping: `native`, `local` (times without an offset are in the creditor's zone), the name of a saved mapping, or a path that ends in .yaml.
        rejects_path: where to write the rejected rows, to be mended and sent again; they are kept sealed in any case.
        progress: called with (done, total, text).
        is_trial: do everything to the end, tell what would happen, and take it back.

    Raises:
        Absent: there is no such performer for this actor.
        Forbidden: the actor may not load calls.
        CallZoneUnsaid, CallDayUnsaid, CallDayAhead: see their texts.
        FileRefused, UnknownMapping, MappingInvalid, TapeChanged, StorageFull, WriteFailed: nothing was taken.

    Guarantees: one transaction, so killed at any moment it leaves everything or nothing; the same file under the same mapping does nothing
        twice, and a call that is there is never changed; in whatever order files come, after `calls_match` the same is found; the number dialled
        is kept in the sealed file alone, else as a blind index.
    """
    check_file(path)
    with (
        storage_watched(),
        tempfile.TemporaryDirectory(prefix="duecourse-calls-") as folder,
        acting(loader_of(actor, performer_id=performer_id)) as writer,
    ):
        creditor = creditor_of(writer)
        today = local_day(now(), creditor.zone)
        if on is not None and not FIRST_AT.date() <= on <= today:
            raise CallDayAhead(on=on.isoformat())
        chosen = call_mapping(mapping, creditor=creditor)
        if not chosen.zone and _is_typed(path):
            raise CallZoneUnsaid(file=path.name, mapping=chosen.name)
        load = _Load(creditor, performer_id, path, chosen, on, Refused(path=path, mapping=chosen, to_path=Path(folder) / "rejects.csv"))
        with connection.cursor() as cursor:
            performer_lock(cursor, performer_id=performer_id)
            sha256, row_total = measured(path)
            earlier = _earlier(load, sha256)
            if earlier is not None:
                return _repeated(earlier, rejects_path, is_trial=is_trial)
            stored = _loaded(cursor, load, sha256=sha256, row_total=row_total, loaded_by=actor.user_id, tell=progress or _silent)
        if is_trial:
            connection.check_constraints()
            transaction.set_rollback(True)
        else:
            _kept(load, stored)
            statistics_refresh("contact_callrecord", "contact_callmatch", row_count=load.counts["accepted_count"])
        return _result(stored, is_new=True, is_trial=is_trial, rejects_path=load.refused.hand_out(rejects_path))


def loader_of(actor: Actor, *, performer_id: int) -> Actor:
    """Return who writes, when the actor may load calls of this performer: the creditor's side under the actor's own number.

    An agency's own session sees too little to match a call, and must not learn from it whose numbers the creditor has.

    Raises:
        Absent: there is no such performer for this actor.
        Forbidden: the actor may not load calls.
    """
    is_program = actor.user_id < 0
    if actor.is_agency:
        if actor.agency_id != performer_id:
            raise Absent(entity="performer")
        if not is_program:
            require(actor, Role.LEAD, action="load call records")
    elif not is_program:
        require(actor, Role.MANAGER, Role.COMPLIANCE, action="load call records")
    with acting(actor):
        performer = Agency.objects.filter(creditor_id=actor.creditor_id, pk=performer_id).first()
    if performer is None:
        raise Absent(entity="performer")
    if is_program and not actor.is_agency and performer.kind not in (AgencyKind.IN_HOUSE, AgencyKind.ROBOT):
        raise Forbidden(action="load call records of an agency", role=f"{Role.MANAGER} / {Role.COMPLIANCE}")
    return replaced(system(actor.creditor_id), user_id=actor.user_id)


def _loaded(cursor: Any, load: _Load, *, sha256: str, row_total: int, loaded_by: int, tell: Progress) -> CallRecordFile:
    """Stage, compare, number, write and match the rows, and return the file's row."""
    cursor.execute(f"SET LOCAL work_mem = '{WORK_MEMORY}'")
    cursor.execute("DROP TABLE IF EXISTS pg_temp.call_staged, pg_temp.call_number, pg_temp.call_new")
    cursor.execute(f"CREATE TEMPORARY TABLE call_staged ({', '.join(f'{n} {kind}' for n, kind in _STAGED.items())}) ON COMMIT DROP")
    wanted: dict[str, Any] = {"creditor": load.creditor.pk, "performer": load.performer_id}
    with load.refused as refused:
        _stage(load, row_total=row_total, tell=tell)
        if load.on is None:
            if len(load.days) != 1:
                raise CallDayUnsaid(days=", ".join(day.isoformat() for day in sorted(load.days)[:5]) or "no day")
            load.on = next(iter(load.days))
        cursor.execute("ANALYZE pg_temp.call_staged")
        for statement in (_WITHIN, _BEFORE):
            cursor.execute(statement, wanted)
            compared = cursor.fetchall()
            load.counts["repeated_count"] += sum(is_same for _, is_same in compared)
            refused.add_late([row_problem("CallRefConflict", row=row) for row, is_same in compared if not is_same])
        refused.write_late()
    stored = CallRecordFile(
        creditor=load.creditor, performer_id=load.performer_id, local_on=load.on, sha256=sha256, mapping_name=load.mapping.name,
        mapping_version=str(load.mapping.version), loaded_by=loaded_by, known_at=now(),
    )  # fmt: skip
    stored.save()
    load.counts["accepted_count"] = _write(cursor, load, wanted | {"file": stored.pk}, on=load.on, tell=tell)
    stored.counts = _counts(load)
    stored.save(update_fields=["counts"])
    violation_day_open(creditor_id=load.creditor.pk, on=load.on)
    audit_append(
        creditor_id=load.creditor.pk, action="call_records_loaded", subject_kind="call_record_file", subject_id=stored.pk,
        details={"performer_id": load.performer_id, "on": load.on, "sha256": sha256, "mapping": f"{load.mapping.name}/{load.mapping.version}"}
        | {"counts": {name: count for name, count in stored.counts.items() if name != "sample"}},
    )  # fmt: skip
    return stored


def _write(cursor: Any, load: _Load, wanted: dict[str, Any], *, on: date, tell: Progress) -> int:
    """Write the staged rows with what they are found to be, and return how many."""
    keys = list(keyring().index_keys(load.creditor.pk))
    tell(0, 2, "numbers")
    cursor.execute(_NUMBERS, wanted | {"keys": keys, "active": keys[0]})
    cursor.execute("ANALYZE pg_temp.call_number")
    cursor.execute(_NEW)
    cursor.execute("ANALYZE pg_temp.call_new")
    cursor.execute(_RECORDS, wanted)
    written_count = int(cursor.rowcount)
    if not written_count:
        return 0
    tell(1, 2, "permits")
    todo_open(cursor)
    cursor.execute(_TODO_NEW)
    cursor.execute("SELECT min(started_at), max(started_at) FROM pg_temp.call_new")
    first_at, last_at = cursor.fetchone()
    cursor.execute(_TODO_NEAR, wanted | {"low": first_at - REACH, "high": last_at + REACH})
    match_todo(cursor, creditor_id=load.creditor.pk, performer_id=load.performer_id)
    definition = definition_on(creditor_id=load.creditor.pk, on=on)
    limits = {"connected_min": definition.connected_seconds_min, "effective_min": definition.effective_seconds_min}
    cursor.execute(_MATCHES, wanted | limits | {"voicemail": definition.is_voicemail_connected})
    tell(2, 2, "done")
    return written_count


def _stage(load: _Load, *, row_total: int, tell: Progress) -> None:
    """Read the whole file into the staging table, a chunk at a time."""
    keys = list(keyring().index_keys(load.creditor.pk).values())
    region = PHONE_REGIONS.get(load.creditor.currency, "CN")
    for chunk in read(load.path, spec=CALL_RECORDS, mapping=load.mapping):
        load.refused.add_chunk(chunk)
        load.counts["passed_over_count"] += chunk.left_out_count
        load.counts["row_count"] += chunk.table.num_rows + chunk.rejected.num_rows + chunk.left_out_count
        staged, problems = rows_judge(chunk.table, on=load.on, zone=load.creditor.zone, keys=keys, region=region)
        load.refused.add_late(problems)
        load.days.update(pc.unique(staged["local_on"]).to_pylist())
        if staged.num_rows:
            block = pa.BufferOutputStream()
            pacsv.write_csv(staged, block, _WRITTEN)
            copy_in(f"COPY pg_temp.call_staged ({', '.join(staged.column_names)}) FROM STDIN (FORMAT csv)", block.getvalue())
        tell(min(load.counts["row_count"], row_total), row_total, "Reading rows")


def _is_typed(path: Path) -> bool:
    """Say whether the file is a workbook or Parquet, whose cells hold times without saying where."""
    with path.open("rb") as source:
        return source.read(4) in (b"PK\x03\x04", b"PAR1")


def _earlier(load: _Load, sha256: str) -> CallRecordFile | None:
    key: dict[str, Any] = {
        "creditor": load.creditor,
        "performer_id": load.performer_id,
        "sha256": sha256,
        "mapping_name": load.mapping.name,
    }
    key |= {"mapping_version": str(load.mapping.version)} | ({} if load.on is None else {"local_on": load.on})
    return CallRecordFile.objects.filter(**key).order_by("pk").first()


def _kept(load: _Load, stored: CallRecordFile) -> None:
    """Put the file and its rejects away, sealed.

    Raises:
        TapeChanged: the file is not the one that was measured.
    """
    original = file_put(
        creditor_id=load.creditor.pk, kind="call_records", name=load.path.name, media_type="application/octet-stream", content=load.path,
        is_personal=True, row_count=load.counts["row_count"],
    )  # fmt: skip
    if original.sha256 != stored.sha256:
        raise TapeChanged(file=load.path.name)
    stored.file_id, stored.rejects_file_id = original.id, load.refused.store(creditor_id=load.creditor.pk)
    stored.save(update_fields=["file_id", "rejects_file_id"])


def _counts(load: _Load) -> dict[str, Any]:
    names = ("row_count", "accepted_count", "repeated_count", "passed_over_count")
    return {name: load.counts[name] for name in names} | {
        "rejected_count": load.refused.count,
        "problems": dict(sorted(load.refused.codes.items())),
        "sample": load.refused.sample_records(),
    }


def _repeated(stored: CallRecordFile, rejects_path: Path | None, *, is_trial: bool) -> CallRecordsResult:
    if rejects_path is None or stored.rejects_file_id is None:
        return _result(stored, is_new=False, is_trial=is_trial, rejects_path=None)
    rejects_path.write_bytes(file_read(creditor_id=stored.creditor.pk, file_id=stored.rejects_file_id))
    return _result(stored, is_new=False, is_trial=is_trial, rejects_path=rejects_path)


def _result(stored: CallRecordFile, *, is_new: bool, is_trial: bool, rejects_path: Path | None) -> CallRecordsResult:
    counts = dict(stored.counts)
    sample = [Problem(**record) for record in counts.pop("sample", [])]
    return CallRecordsResult(
        record_file_id=stored.pk, is_new=is_new, is_trial=is_trial, local_on=stored.local_on, counts=counts, problems=sample,
        rejects_path=rejects_path,
    )  # fmt: skip


def _silent(done: int, total: int, text: str) -> None:
    pass

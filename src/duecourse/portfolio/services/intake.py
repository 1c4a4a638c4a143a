"""Taking in a tape: read, judge, find the debtors, seal, stage; then publish everything in one transaction.

The file is parsed without a lock on any person. What it brings is staged in temporary tables that only this connection sees and that
vanish with it, so a crash at any moment leaves the records as they were, and the same command starts anew.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pyarrow as pa
from django.db import OperationalError, connection

from duecourse.kit.calendar import day_bounds
from duecourse.kit.clock import now
from duecourse.kit.errors import Problem
from duecourse.kit.records import Chunk, Mapping, check_file, read, surplus
from duecourse.kit.records.spec import ROW
from duecourse.ledger.selectors import file_read
from duecourse.ledger.services import audit_append, file_put, statistics_refresh
from duecourse.parties.access import Actor, acting, creditor_of, require
from duecourse.parties.models import Creditor, Role
from duecourse.portfolio.errors import AsOfImplausible, IntakeBusy, StorageFull, TapeChanged
from duecourse.portfolio.models import Tape
from duecourse.portfolio.selectors.sealing import keyring
from duecourse.portfolio.services.persons import Known, Tenant, persons_stage
from duecourse.portfolio.services.publish import Publication, balances_book, publish
from duecourse.portfolio.services.refused import Refused
from duecourse.portfolio.services.rows import judge, row_problem
from duecourse.portfolio.services.specs import OVERDUE_TAPE, tape_mapping
from duecourse.portfolio.services.staging import reserve_ids, stage, staging_analyze, staging_drop, staging_open
from duecourse.portfolio.services.totals import ControlTotals, FileTotals, control_beside

Progress = Callable[[int, int, str], None]

ONE_ZONE_COUNTRIES = {"Asia/Shanghai", "Asia/Hong_Kong", "Asia/Taipei", "Asia/Singapore", "Asia/Tokyo", "Asia/Seoul"}
PHONE_REGIONS = {"USD": "US", "JPY": "JP", "HKD": "HK", "SGD": "SG", "TWD": "TW", "KRW": "KR"}
AS_OF_FIRST, AS_OF_AHEAD_MAX = date(1990, 1, 1), timedelta(days=5 * 366)
"""A tape is of a day from the first on and not further ahead than that; its newest day decides what is owed, so a typing error would last."""
_LOCK_CLASS = 0x7A9E
_FILLED = tuple(
    f"portfolio_{name}"
    for name in ("person", "personsecret", "account", "obligation", "contactpoint", "case", "caseaccount", "casetransition", "taperow")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeResult:
    """What came of a tape; the same for a file that was taken in before.

    Attributes:
        tape_id: the tape.
        is_new: False when the same file, day and mapping had been taken in before and nothing was done.
        counts: `row_count` = `accepted_count` + `rejected_count` + `passed_over_count`, where passed over = `not_overdue_count` +
            `nothing_owed_count`; then accounts, persons, contact points, cases, `problems` by code, `balance_minor` of the accepted rows
            and `balance_in_file_minor` of all rows by currency.
        problems: the first problems, rejected rows before remarks.
        rejects_path: where the rejected rows were written, or None when there are none or no place was given.
        quarantined: `{column, cell_count, reason}` of personal columns that were not read.
    """

    tape_id: int
    is_new: bool
    counts: dict[str, Any]
    problems: list[Problem] = field(default_factory=list)
    rejects_path: Path | None = None
    quarantined: list[dict[str, Any]] = field(default_factory=list)


@dataclass(slots=True)
class _Intake:
    """One intake under way."""

    actor: Actor
    path: Path
    mapping: Mapping
    as_of: date
    first_at: datetime
    zone: str
    tenant: Tenant
    tell: Progress
    refused: Refused
    row_total: int = 0
    totals: FileTotals = field(default_factory=FileTotals)
    counts: Counter[str] = field(default_factory=Counter)
    balance_minor: Counter[str] = field(default_factory=Counter)
    quarantined: Counter[str] = field(default_factory=Counter)


def tape_intake(
    *,
    actor: Actor,
    path: Path,
    mapping: str | Mapping,
    as_of: date,
    feed_kind: str = "overdue",
    feed_at: datetime | None = None,
    control_totals: ControlTotals | dict[str, Any] | None = None,
    rejects_path: Path | None = None,
    progress: Progress | None = None,
    is_trial: bool = False,
) -> IntakeResult:
    """Take in a file of overdue loans.

    Args:
        actor: a manager of the creditor, or the system.
        path: CSV, XLSX or Parquet.
        mapping: name of a shipped mapping, path of a YAML file, or a mapping.
        as_of: the day whose state the file shows.
        feed_kind: `overdue` for a whole picture, `new` for accounts that became overdue since.
        feed_at: the core's instant for rows without one of their own; by default the beginning of the day.
        control_totals: what the sender declares, as totals or in the form of the file; by default `<file>.control.json`, when there is one.
        rejects_path: where to write the rejected rows, to be mended and sent again; they are kept sealed in any case.
        progress: called with (done, total, text); total is 0 when it is not known.
        is_trial: the caller takes everything back afterwards; no file is put away.

    Raises:
        AsOfImplausible: the day lies in another age.
        FileRefused, UnknownMapping, MappingInvalid: nothing of the file can be taken.
        TotalsDisagree, ControlUnreadable: the control totals are wrong.
        TapeChanged, IntakeBusy, IntakeOvertaken: try again.
        StorageFull, WriteFailed: a disk is full.
        Forbidden: the actor is not a manager.

    Guarantees: idempotent by (creditor, feed kind, as_of, SHA-256, mapping name and version); rows = accepted + rejected + left out;
        good rows are kept whatever the others are; killed at any moment it leaves everything or nothing; memory does not grow with the
        file.

    Source: docs/algorithms/intake.md.
    """
    require(actor, Role.MANAGER, action="take in a tape")
    chosen = mapping if isinstance(mapping, Mapping) else tape_mapping(mapping, creditor_id=actor.creditor_id)
    if not AS_OF_FIRST <= as_of <= now().date() + AS_OF_AHEAD_MAX:
        raise AsOfImplausible(as_of=as_of.isoformat())
    check_file(path)
    sha256, row_total = measured(path)
    key = _key(chosen, creditor_id=actor.creditor_id, feed_kind=feed_kind, as_of=as_of, feed_at=feed_at, sha256=sha256)
    with storage_watched(), intake_alone(actor), tempfile.TemporaryDirectory(prefix="duecourse-intake-") as folder:
        if (earlier := _earlier(actor, key, rejects_path=rejects_path)) is not None:
            return earlier
        control = control_given(control_totals, path=path)
        with acting(actor):
            creditor = creditor_of(actor)
        intake = _begun(actor, path, chosen, creditor=creditor, as_of=as_of, feed_at=feed_at, folder=Path(folder), row_total=row_total)
        intake.tell = progress or intake.tell
        staging_open()
        try:
            _stage_file(intake)
            if control is not None:
                intake.totals.check(control, file=path.name)
            result = _publish(intake, key=key, control=control, rejects_path=rejects_path, is_trial=is_trial)
        finally:
            if not connection.needs_rollback:
                staging_drop()
        with acting(actor):
            statistics_refresh(*_FILLED, row_count=result.counts["accepted_count"])
        return result


def _key(mapping: Mapping, **parts: Any) -> dict[str, Any]:
    """Return what makes a file the same as one that was taken in before."""
    return {**parts, "mapping_name": mapping.name, "mapping_version": str(mapping.version)}


def _begun(
    actor: Actor, path: Path, mapping: Mapping, *, creditor: Creditor, as_of: date, feed_at: datetime | None, folder: Path, row_total: int
) -> _Intake:
    """Return an intake that has read nothing yet."""
    chosen = mapping if mapping.zone else replace(mapping, zone=creditor.zone)
    refused = Refused(path=path, mapping=chosen, to_path=folder / f"{path.name}.rejects.csv")
    first_at = feed_at or day_bounds(as_of, creditor.zone)[0]
    return _Intake(actor, path, chosen, as_of, first_at, creditor.zone, _tenant(creditor), _silent, refused, row_total=row_total)


def _stage_file(intake: _Intake) -> None:
    """Read the whole file into the staging tables, a chunk at a time."""
    chunks = read(intake.path, spec=OVERDUE_TAPE, mapping=intake.mapping, parameters={"as_of": intake.as_of})
    with intake.refused as refused:
        for chunk in chunks:
            refused.add_chunk(chunk)
            _stage_chunk(intake, chunk)
            intake.tell(min(intake.totals.row_count, intake.row_total), intake.row_total, "Reading rows")
        refused.write_late()
    staging_analyze()


def _stage_chunk(intake: _Intake, chunk: Chunk) -> None:
    intake.totals.add_rows(chunk.table)
    intake.totals.add_rejected(chunk.rejected, mapping=intake.mapping)
    intake.totals.row_count += chunk.left_out_count
    intake.quarantined.update(chunk.quarantined)
    judged = judge(chunk.table, now_at=now())
    intake.counts["not_overdue"] += judged.not_overdue_count + chunk.left_out_count
    intake.counts["nothing_owed"] += judged.nothing_owed_count
    intake.refused.add_late(judged.problems)
    table = _first_of_each(intake, judged.table)
    if not table.num_rows:
        return
    with acting(intake.actor):
        table, known = _resolved(intake, table)
        placed = persons_stage(table, tenant=intake.tenant, known=known)
        intake.refused.add_late(placed.problems)
        taken = np.asarray(placed.person_ids) != 0
        intake.counts["persons_new"] += placed.new_count
        _stage_rows(intake, table, known=known, person_ids=placed.person_ids, taken=taken)


def _first_of_each(intake: _Intake, table: pa.Table) -> pa.Table:
    """Refuse rows whose account stood in an earlier row of the same chunk."""
    if not table.num_rows:
        return table
    codes = table["account_number"].combine_chunks().dictionary_encode().indices
    _, firsts, inverse = np.unique(np.asarray(codes), return_index=True, return_inverse=True)
    if len(firsts) == table.num_rows:
        return table
    rows, first_of = np.asarray(table[ROW]), firsts[inverse]
    repeated = first_of != np.arange(table.num_rows)
    intake.refused.add_late(
        [row_problem("DuplicateAccount", row=int(rows[i]), first_row=int(rows[first_of[i]])) for i in np.nonzero(repeated)[0]]
    )
    return table.filter(pa.array(~repeated))


_RESOLVE = """
SELECT n.position, s.row_number, a.id, o.person_id, a.currency, p.identity_index, p.wrapped_key
FROM unnest(%s::text[]) WITH ORDINALITY AS n (number, position)
LEFT JOIN pg_temp.staged_row s ON s.number = n.number
LEFT JOIN portfolio_account a ON a.creditor_id = %s AND a.number = n.number
LEFT JOIN portfolio_obligation o ON o.creditor_id = a.creditor_id AND o.account_id = a.id AND o.role = 'borrower' AND o.until_on IS NULL
LEFT JOIN portfolio_personsecret p ON p.creditor_id = o.creditor_id AND p.person_id = o.person_id
WHERE s.row_number IS NOT NULL OR a.id IS NOT NULL
"""


def _resolved(intake: _Intake, table: pa.Table) -> tuple[pa.Table, dict[int, Known]]:
    """Refuse accounts that stood in earlier chunks or changed their currency, and return the known ones by position."""
    numbers, rows, currencies = (table[name].to_pylist() for name in ("account_number", ROW, "currency"))
    with connection.cursor() as cursor:
        cursor.execute(_RESOLVE, [numbers, intake.actor.creditor_id])
        found = cursor.fetchall()
    problems: list[Problem] = []
    known: dict[int, Known] = {}
    refused = np.zeros(table.num_rows, dtype=bool)
    for number, first_row, account_id, person_id, currency, index, key in found:
        position = number - 1
        if first_row is not None:
            problems.append(row_problem("DuplicateAccount", row=rows[position], first_row=first_row))
        elif currency != currencies[position]:
            problems.append(row_problem("CurrencyDiffers", row=rows[position], currency=currency))
        else:
            known[position] = Known(account_id, person_id, currency, index and bytes(index), key and bytes(key))
            continue
        refused[position] = True
    if not problems:
        return table, known
    intake.refused.add_late(problems)
    places = np.cumsum(~refused) - 1
    return table.filter(pa.array(~refused)), {int(places[position]): account for position, account in known.items()}


_STAGED_AS_READ = [
    "product_class",
    "lender_class",
    "currency",
    "region",
    "opened_on",
    "charged_off_on",
    "credit_limit_minor",
    "collateral_reference",
    "oldest_due_on",
    "days_past_due",
    "principal_minor",
    "interest_minor",
    "fee_minor",
    "penalty_minor",
    "balance_minor",
    "instalment_minor",
    "last_paid_on",
    "last_paid_minor",
    "feed_at",
]


def _stage_rows(intake: _Intake, table: pa.Table, *, known: dict[int, Known], person_ids: list[int], taken: np.ndarray) -> None:
    fresh = reserve_ids("portfolio_account", count=table.num_rows - len(known))
    accounts = np.zeros(table.num_rows, dtype=np.int64)
    is_new = np.ones(table.num_rows, dtype=bool)
    is_new[list(known)] = False
    accounts[is_new] = fresh
    for position, account in known.items():
        accounts[position] = account.account_id
    columns = [table[ROW], table["account_number"], pa.array(accounts), pa.array(is_new), pa.array(person_ids, pa.int64())]
    columns += [table[name] for name in _STAGED_AS_READ]
    staged = pa.table(columns, names=[str(i) for i in range(len(columns))])
    if not taken.all():
        staged = staged.filter(pa.array(taken))
    stage("staged_row", staged.columns)
    intake.counts["accepted"] += int(taken.sum())
    intake.counts["accounts_new"] += int((is_new & taken).sum())
    sums = table.filter(pa.array(taken)).select(["currency", "balance_minor"]).group_by("currency").aggregate([("balance_minor", "sum")])
    intake.balance_minor.update(dict(zip(sums["currency"].to_pylist(), sums["balance_minor_sum"].to_pylist(), strict=True)))


def _publish(
    intake: _Intake, *, key: dict[str, Any], control: ControlTotals | None, rejects_path: Path | None, is_trial: bool
) -> IntakeResult:
    """Write everything in one transaction, the sealed original and the rejects included."""
    creditor_id, refused = intake.actor.creditor_id, intake.refused
    quarantined = [
        {"column": name, "cell_count": n, **why_unread(intake.mapping, column=name)} for name, n in sorted(intake.quarantined.items())
    ]
    with acting(intake.actor):
        file_id, rejects_id = (None, None) if is_trial else files_kept(
            creditor_id=creditor_id, path=intake.path, sha256=key["sha256"], row_count=intake.totals.row_count, refused=refused
        )  # fmt: skip
        tape = Tape(**key, state="published", file_id=file_id, rejects_file_id=rejects_id, known_at=now())
        tape.control_totals = control.record() if control else {}
        tape.quarantined_columns = quarantined
        tape.save()
        publication = Publication(
            creditor_id=creditor_id, tape_id=tape.pk, as_of=intake.as_of, known_at=tape.known_at, actor_id=intake.actor.user_id,
            index_key_id=keyring().active_id, first_at=intake.first_at + tapes_before(tape), zone=intake.zone,
        )  # fmt: skip
        sets = publish(publication, tell=intake.tell)
        intake.tell(len(sets), len(sets) + 1, "balances")
        balances_book(publication)
        tape.counts = _counts(intake, sets)
        tape.save(update_fields=["counts"])
        details = {"as_of": intake.as_of, "sha256": key["sha256"], "mapping": f"{key['mapping_name']}/{key['mapping_version']}"}
        audit_append(
            creditor_id=creditor_id, action="tape_published", subject_kind="tape", subject_id=tape.pk,
            details=details | {"counts": {name: n for name, n in tape.counts.items() if name != "sample"}},
        )  # fmt: skip
        intake.tell(len(sets) + 1, len(sets) + 1, "done")
        written = refused.hand_out(rejects_path)
    return _result(tape, is_new=True, rejects_path=written)


def files_kept(*, creditor_id: int, path: Path, sha256: str, row_count: int, refused: Refused) -> tuple[int, int | None]:
    """Put the original and the rejects away, sealed, and return their numbers.

    Raises:
        TapeChanged: the file is not the one that was measured.
    """
    original = file_put(
        creditor_id=creditor_id, kind="tape", name=path.name, media_type="application/octet-stream", content=path, is_personal=True,
        row_count=row_count,
    )  # fmt: skip
    if original.sha256 != sha256:
        raise TapeChanged(file=path.name)
    return original.id, refused.store(creditor_id=creditor_id)


def why_unread(mapping: Mapping, *, column: str) -> dict[str, str]:
    """Return why a column was quarantined: a key of the reasons, and its sentence in English."""
    code = mapping.surplus_code(column) or "PersonalLookingColumn"
    return {"code": code, "reason": surplus.KINDS[code][0]}


def tapes_before(tape: Tape) -> timedelta:
    """Return by how little a tape's instant is later than that of the tapes of its day that came before it, so that the later one counts."""
    if tape.feed_kind != "overdue" or tape.feed_at is not None:
        return timedelta()
    earlier = Tape.objects.filter(creditor_id=tape.creditor_id, feed_kind="overdue", as_of=tape.as_of, feed_at=None, pk__lt=tape.pk)
    return timedelta(microseconds=earlier.count())


def _counts(intake: _Intake, sets: dict[str, int]) -> dict[str, Any]:
    counts = intake.counts
    return {
        "row_count": intake.totals.row_count,
        "accepted_count": counts["accepted"],
        "rejected_count": intake.refused.count,
        "passed_over_count": counts["not_overdue"] + counts["nothing_owed"],
        "not_overdue_count": counts["not_overdue"],
        "nothing_owed_count": counts["nothing_owed"],
        "account_new_count": counts["accounts_new"],
        "account_known_count": counts["accepted"] - counts["accounts_new"],
        "person_new_count": counts["persons_new"],
        "contact_point_new_count": sets["contact points"],
        "case_opened_count": sets["cases"],
        "balance_minor": dict(intake.balance_minor),
        "balance_in_file_minor": dict(intake.totals.balance_minor),
        "problems": dict(sorted(intake.refused.codes.items())),
        "sample": intake.refused.sample_records(),
    }


def _result(tape: Tape, *, is_new: bool, rejects_path: Path | None) -> IntakeResult:
    counts = dict(tape.counts)
    sample = [Problem(**record) for record in counts.pop("sample", [])]
    return IntakeResult(
        tape_id=tape.pk, is_new=is_new, counts=counts, problems=sample, rejects_path=rejects_path, quarantined=tape.quarantined_columns
    )


def _earlier(actor: Actor, key: dict[str, Any], *, rejects_path: Path | None) -> IntakeResult | None:
    """Return the result of the same file, day and mapping, when it was taken in before."""
    with acting(actor):
        tape = Tape.objects.filter(**key, state="published").first()
        if tape is None:
            return None
        if rejects_path is None or tape.rejects_file_id is None:
            return _result(tape, is_new=False, rejects_path=None)
        rejects_path.write_bytes(file_read(creditor_id=actor.creditor_id, file_id=tape.rejects_file_id))
        return _result(tape, is_new=False, rejects_path=rejects_path)


def control_given(given: ControlTotals | dict[str, Any] | None, *, path: Path) -> ControlTotals | None:
    """Return the totals that were given, or those beside the file, or None.

    Raises:
        ControlUnreadable: they have another form.
    """
    if isinstance(given, dict) and given:
        return ControlTotals.from_document(given, source="given")
    return given or control_beside(path)


def _tenant(creditor: Creditor) -> Tenant:
    zone = creditor.zone if creditor.zone in ONE_ZONE_COUNTRIES else None
    return Tenant(creditor.pk, zone, PHONE_REGIONS.get(creditor.currency, "CN"), keyring().index_keys(creditor.pk))


def measured(path: Path) -> tuple[str, int]:
    """Return the file's SHA-256, and about how many rows a text file has, 0 for other kinds."""
    sha, line_count, is_text = hashlib.sha256(), 0, True
    try:
        with path.open("rb") as source:
            while block := source.read(1 << 20):
                sha.update(block)
                is_text = is_text and not (line_count == 0 and block.startswith((b"PK\x03\x04", b"PAR1")))
                line_count += block.count(b"\n") if is_text else 0
    except OSError:
        return "", 0
    return sha.hexdigest(), max(line_count - 1, 0)


@contextmanager
def intake_alone(actor: Actor) -> Iterator[None]:
    """Hold the creditor's intake lock for this connection; it ends with the connection at the latest."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, hashint8(%s))", [_LOCK_CLASS, actor.creditor_id])
        if not cursor.fetchone()[0]:
            raise IntakeBusy
    try:
        yield
    finally:
        if not connection.needs_rollback:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, hashint8(%s))", [_LOCK_CLASS, actor.creditor_id])


def intake_lock(creditor_id: int) -> bool:
    """Take the creditor's intake lock until the transaction ends, and say whether it was free; this connection may hold it already."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, hashint8(%s))", [_LOCK_CLASS, creditor_id])
        return bool(cursor.fetchone()[0])


@contextmanager
def storage_watched() -> Iterator[None]:
    """Say plainly that a disk is full."""
    try:
        yield
    except OperationalError as error:
        if isinstance(error.__cause__, psycopg.errors.DiskFull):
            raise StorageFull(reason="the database's disk is full") from error
        raise
    except OSError as error:
        raise StorageFull(reason=(error.strerror or type(error).__name__).lower()) from error


def _silent(done: int, total: int, text: str) -> None:
    pass

"""Taking in a daily feed of balances or events: read, judge, stage, then write everything in one transaction.

Newly overdue accounts come as a tape of the kind `new` (`tape_intake`); what all kinds mean for cases and placements is decided above this
room. Call it inside the transaction that decides it.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from duecourse.kit.calendar import local_day
from duecourse.kit.clock import now
from duecourse.kit.errors import Problem
from duecourse.kit.money import plain_amount
from duecourse.kit.records import Chunk, Mapping, check_file, read
from duecourse.kit.records.spec import ROW
from duecourse.ledger.selectors import file_read
from duecourse.ledger.services import audit_append, statistics_refresh
from duecourse.parties.access import Actor, acting, creditor_of, require
from duecourse.parties.models import Creditor, Role
from duecourse.portfolio.errors import IntakeBusy, TapeChanged
from duecourse.portfolio.models import Tape
from duecourse.portfolio.selectors.stops import stop_reasons
from duecourse.portfolio.services.facts import STAGED, FactsWritten, facts_open, facts_resolve, facts_stage, facts_write, waiting_resolve
from duecourse.portfolio.services.intake import (
    IntakeResult,
    Progress,
    control_given,
    files_kept,
    intake_lock,
    measured,
    storage_watched,
    why_unread,
)
from duecourse.portfolio.services.refused import Refused
from duecourse.portfolio.services.rows import COMPONENT_COLUMNS, DAYS_PAST_DUE_MAX, astray, row_problem
from duecourse.portfolio.services.specs import SCOPES, feed_mapping, feed_spec
from duecourse.portfolio.services.totals import ControlTotals, FileTotals

FACT_KINDS = ("update", "paid", "cured", "stopped", "recalled")
_FILLED = {"update": ("portfolio_taperow", "ledger_entry", "ledger_posting")}
Flags = npt.NDArray[np.bool_]


@dataclass(slots=True)
class _Feed:
    """One feed under way."""

    kind: str
    path: Path
    mapping: Mapping
    creditor: Creditor
    feed_at: datetime | None
    refused: Refused
    totals: FileTotals = field(default_factory=FileTotals)
    quarantined: Counter[str] = field(default_factory=Counter)
    staged_count: int = 0
    newest_at: datetime | None = None


def feed_take(
    *,
    actor: Actor,
    path: Path,
    kind: str,
    mapping: str = "",
    feed_at: datetime | None = None,
    control_totals: ControlTotals | dict[str, Any] | None = None,
    rejects_path: Path | None = None,
    progress: Progress | None = None,
    is_trial: bool = False,
) -> IntakeResult:
    """Take in a feed of a kind but `new`; its rows become facts, the books and holds follow.

    Args:
        actor: a manager of the creditor, or the system.
        path: CSV, XLSX or Parquet.
        kind: update, paid, cured, stopped or recalled.
        mapping: name of a saved mapping, path of a YAML file, or '' for the kind's own form.
        feed_at: the core's instant for rows without one of their own.
        control_totals: what the sender declares; by default `<file>.control.json`, when there is one.
        rejects_path: where to write the rejected rows.
        progress: called with (done, total, text).
        is_trial: the caller takes everything back afterwards; no file is put away.

    Returns:
        `accepted_count` = `applied_count` + `superseded_count` + `waiting_count`: newest of their account, older than what is known, or of an
        account that nobody has told of yet.

    Raises:
        FileRefused, UnknownMapping, MappingInvalid, TotalsDisagree, ControlUnreadable, IntakeBusy, TapeChanged, StorageFull, Forbidden: as
        `tape_intake`.

    Guarantees: idempotent by (kind, SHA-256, mapping, time of the file); whole or not at all; good rows are kept whatever the others are.
    """
    require(actor, Role.MANAGER, action="take in a feed")
    check_file(path)
    with storage_watched(), acting(actor), tempfile.TemporaryDirectory(prefix="duecourse-feed-") as folder:
        creditor = creditor_of(actor)
        chosen = feed_mapping(mapping, kind=kind, creditor_id=creditor.pk, currency=creditor.currency, zone=creditor.zone)
        sha256, row_total = measured(path)
        key = {"creditor_id": actor.creditor_id, "feed_kind": kind, "feed_at": feed_at, "sha256": sha256}
        key |= {"mapping_name": chosen.name, "mapping_version": str(chosen.version)}
        if not intake_lock(actor.creditor_id):
            raise IntakeBusy
        earlier = Tape.objects.filter(**key, state="published").first()
        if earlier is not None:
            return _repeated(earlier, rejects_path)
        control = control_given(control_totals, path=path)
        refused = Refused(path=path, mapping=chosen, to_path=Path(folder) / f"{path.name}.rejects.csv")
        feed = _Feed(kind, path, chosen, creditor, feed_at, refused)
        tape = Tape(**key, as_of=local_day(feed_at or now(), creditor.zone), state="published", known_at=now())
        tape.control_totals = control.record() if control else {}
        tape.save()
        facts_open()
        with refused:
            _stage(feed, row_total=row_total, tell=progress or _silent)
            refused.add_late(facts_resolve(creditor_id=actor.creditor_id, tape_id=tape.pk, kind=kind))
            refused.write_late()
        if control is not None:
            feed.totals.check(control, file=path.name)
        return _written(actor, feed, tape, rejects_path=rejects_path, is_trial=is_trial, tell=progress or _silent)


def waiting_take(*, actor: Actor) -> FactsWritten | None:
    """Make facts of the waiting rows whose accounts have come by now; None when there are none."""
    with acting(actor):
        if not waiting_resolve(creditor_id=actor.creditor_id):
            return None
        at = now()
        return facts_write(
            creditor_id=actor.creditor_id, at=at, source_id=f"waited/{at.isoformat()}", as_of=local_day(at, creditor_of(actor).zone)
        )


def _stage(feed: _Feed, *, row_total: int, tell: Progress) -> None:
    for chunk in read(feed.path, spec=feed_spec(feed.kind), mapping=feed.mapping):
        feed.refused.add_chunk(chunk)
        feed.quarantined.update(chunk.quarantined)
        _count(feed, chunk)
        table, problems = _judged(feed, chunk.table)
        feed.refused.add_late(problems)
        facts_stage(table)
        feed.staged_count += table.num_rows
        newest = pc.max(table["feed_at"]).as_py()
        feed.newest_at = max(filter(None, (feed.newest_at, newest)), default=None)
        tell(min(feed.totals.row_count, row_total), row_total, "Reading rows")


def _count(feed: _Feed, chunk: Chunk) -> None:
    if feed.kind == "update":
        feed.totals.add_rows(chunk.table)
        feed.totals.add_rejected(chunk.rejected, mapping=feed.mapping)
    else:
        feed.totals.row_count += chunk.table.num_rows + chunk.rejected.num_rows
    feed.totals.row_count += chunk.left_out_count


def _judged(feed: _Feed, table: pa.Table) -> tuple[pa.Table, list[Problem]]:
    """Return the rows to stage, with the columns of the staging table, and what is wrong with the others."""
    if feed.feed_at is not None:
        table = _with(table, "feed_at", pc.fill_null(table["feed_at"], pa.scalar(feed.feed_at, pa.timestamp("us", tz="UTC"))))
    rows = np.asarray(table[ROW])
    missing = np.asarray(pc.is_null(table["feed_at"]))
    far = astray(table["feed_at"], now_at=now())
    problems = [row_problem("FeedTimeMissing", row=int(row)) for row in rows[missing]]
    problems += [row_problem("FeedTimeAhead", row=int(row)) for row in rows[far]]
    bad = missing | far
    if feed.kind == "update":
        table, more, worse = _judged_balances(table, bad)
    elif feed.kind == "stopped":
        table, more, worse = _judged_stops(feed, table, bad)
    else:
        more, worse = [], bad
    staged = table.rename_columns(
        [{ROW: "row_number", "account_number": "number", "reason": "reason_code"}.get(n, n) for n in table.column_names]
    )
    staged = staged.select([name for name in STAGED if name in staged.column_names])
    return staged if not worse.any() else staged.filter(pa.array(~worse)), problems + more


def _judged_balances(table: pa.Table, bad: Flags) -> tuple[pa.Table, list[Problem], Flags]:
    for name in COMPONENT_COLUMNS:
        table = _with(table, name, pc.fill_null(table[name], 0))
    parts = sum(np.asarray(table[name]).astype(np.int64) for name in COMPONENT_COLUMNS)
    balance, rows = np.asarray(table["balance_minor"]).astype(np.int64), np.asarray(table[ROW])
    unequal = (parts != balance) & ~bad
    unknown = np.asarray(pc.and_(pc.is_null(table["oldest_due_on"]), pc.is_null(table["days_past_due"]))) & (balance > 0) & ~bad & ~unequal
    long = np.asarray(pc.fill_null(pc.greater(table["days_past_due"], DAYS_PAST_DUE_MAX), False)) & ~bad & ~unequal
    problems = [
        row_problem("ComponentsUnequal", row=int(rows[i]), components=_shown(parts[i], table, i), balance=_shown(balance[i], table, i))
        for i in np.nonzero(unequal)[0]
    ]
    problems += [row_problem("AgeUnknown", row=int(row)) for row in rows[unknown]]
    problems += [row_problem("DaysImplausible", row=int(row), maximum=DAYS_PAST_DUE_MAX) for row in rows[long]]
    return table, problems, bad | unequal | unknown | long


def _judged_stops(feed: _Feed, table: pa.Table, bad: Flags) -> tuple[pa.Table, list[Problem], Flags]:
    """Fill scope and first day, make the last day the day after it, and refuse what is too narrow or empty."""
    problems, worse = [], bad.copy()
    scopes: list[str | None] = []
    firsts: list[date | None] = []
    untils: list[date | None] = []
    for position, row in enumerate(table.to_pylist()):
        reason = stop_reasons()[row["reason"]]
        scope = row["scope"] or next(name for name, parts in SCOPES.items() if parts == set(reason.stops))
        first = (row["from_on"] if not row["is_lifted"] else None) or (row["feed_at"] and local_day(row["feed_at"], feed.creditor.zone))
        until = None if row["until_on"] is None else row["until_on"] + timedelta(days=1)
        scopes.append(scope)
        firsts.append(first)
        untils.append(until)
        if not bad[position] and not row["is_lifted"]:
            if not set(reason.floor) <= SCOPES[scope]:
                problems.append(row_problem("StopScopeTooNarrow", row=row[ROW], floor=", ".join(reason.floor)))
                worse[position] = True
            elif until is not None and first is not None and until <= first:
                problems.append(row_problem("StopSpanEmpty", row=row[ROW]))
                worse[position] = True
    table = _with(table, "scope", pa.array(scopes, pa.string()))
    table = _with(table, "from_on", pa.array(firsts, pa.date32()))
    return _with(table, "until_on", pa.array(untils, pa.date32())), problems, worse


def _written(actor: Actor, feed: _Feed, tape: Tape, *, rejects_path: Path | None, is_trial: bool, tell: Progress) -> IntakeResult:
    if feed.feed_at is None and feed.newest_at is not None:
        tape.as_of = local_day(feed.newest_at, feed.creditor.zone)
    tell(0, 2, "balances")
    written = facts_write(creditor_id=actor.creditor_id, at=tape.known_at, source_id=str(tape.pk), as_of=tape.as_of)
    if not is_trial:
        tape.file_id, tape.rejects_file_id = files_kept(
            creditor_id=actor.creditor_id, path=feed.path, sha256=tape.sha256, row_count=feed.totals.row_count, refused=feed.refused
        )
    elif measured(feed.path)[0] != tape.sha256:
        raise TapeChanged(file=feed.path.name)
    tape.quarantined_columns = [
        {"column": name, "cell_count": count, **why_unread(feed.mapping, column=name)} for name, count in sorted(feed.quarantined.items())
    ]
    tape.counts = _counts(feed, written)
    tape.save()
    details = {"kind": feed.kind, "feed_at": feed.feed_at, "sha256": tape.sha256, "mapping": f"{tape.mapping_name}/{tape.mapping_version}"}
    audit_append(
        creditor_id=actor.creditor_id, action="feed_taken", subject_kind="tape", subject_id=tape.pk,
        details=details | {"counts": {name: n for name, n in tape.counts.items() if name != "sample"}},
    )  # fmt: skip
    statistics_refresh(*_FILLED.get(feed.kind, ("portfolio_feedfact",)), row_count=written.applied_count)
    tell(2, 2, "done")
    return _result(tape, is_new=True, rejects_path=feed.refused.hand_out(rejects_path))


def _counts(feed: _Feed, written: FactsWritten) -> dict[str, Any]:
    accepted_count = written.applied_count + written.superseded_count + written.waiting_count
    counts = {
        "row_count": feed.totals.row_count,
        "accepted_count": accepted_count,
        "rejected_count": feed.refused.count,
        "passed_over_count": feed.totals.row_count - accepted_count - feed.refused.count,
        "applied_count": written.applied_count,
        "superseded_count": written.superseded_count,
        "waiting_count": written.waiting_count,
        "problems": dict(sorted(feed.refused.codes.items())),
        "sample": feed.refused.sample_records(),
    }
    if feed.kind == "update":
        counts["balance_in_file_minor"] = dict(feed.totals.balance_minor)
    if feed.kind == "stopped":
        counts |= {"hold_count": written.hold_count, "lifted_count": written.lifted_count}
    return counts


def _repeated(tape: Tape, rejects_path: Path | None) -> IntakeResult:
    if rejects_path is not None and tape.rejects_file_id is not None:
        rejects_path.write_bytes(file_read(creditor_id=tape.creditor_id, file_id=tape.rejects_file_id))
        return _result(tape, is_new=False, rejects_path=rejects_path)
    return _result(tape, is_new=False, rejects_path=None)


def _result(tape: Tape, *, is_new: bool, rejects_path: Path | None) -> IntakeResult:
    counts = dict(tape.counts)
    sample = [Problem(**record) for record in counts.pop("sample", [])]
    return IntakeResult(
        tape_id=tape.pk, is_new=is_new, counts=counts, problems=sample, rejects_path=rejects_path, quarantined=tape.quarantined_columns
    )


def _shown(amount_minor: Any, table: pa.Table, position: Any) -> str:
    return plain_amount(int(amount_minor), table["currency"][int(position)].as_py())


def _with(table: pa.Table, name: str, values: Any) -> pa.Table:
    return table.set_column(table.column_names.index(name), name, values)


def _silent(done: int, total: int, text: str) -> None:
    pass

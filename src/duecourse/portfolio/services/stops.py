"""Stop lists (停催名单): files of debtors to leave alone become holds, daily and before anything is placed; lifting ends them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from django.db import connection

from duecourse.kit.clock import now
from duecourse.kit.errors import Problem
from duecourse.kit.ids import content_hash, file_sha256
from duecourse.kit.records import Field, RecordSpec, check_file, read
from duecourse.kit.records import Mapping as FileMapping
from duecourse.kit.records.spec import ROW
from duecourse.ledger.services import audit_append, statistics_refresh
from duecourse.parties.access import Actor, acting, require
from duecourse.parties.models import Role
from duecourse.portfolio.errors import StopListEmpty
from duecourse.portfolio.models import StopList
from duecourse.portfolio.selectors.sealing import identity_indexes
from duecourse.portfolio.selectors.stops import stop_reasons
from duecourse.portfolio.services.refused import Refused
from duecourse.portfolio.services.specs import SCOPES, stop_words

SOURCE = "stop_list"
SAMPLE_COUNT = 50
"""How many rejected rows are kept with a list, to be shown with it."""
KINDS: dict[str, tuple[str, str, str]] = {
    "StopUnnamed": ("account_number", "The row names neither an account nor an identity number.", "Fill in one of them."),
    "StopAccountUnknown": ("account_number", "No account has this number.", "Correct it, or take the tape in first."),
    "StopPersonUnknown": ("id_number", "No debtor has this identity number.", "Correct it, or take the tape in first."),
    "StopNamesTwo": ("id_number", "The account and the identity number belong to two debtors.", "Leave the right one of them."),
    "StopScopeTooNarrow": (
        "scope",
        "For this reason the law asks for a stop of: {floor}.",
        "Widen the scope; a list may be stricter than the law, not milder.",
    ),
    "StopSpanEmpty": ("until_on", "The last day lies before the first.", "Correct the dates."),
}
"""Kind → column, what, what to do."""


def _spec() -> RecordSpec:
    choices = tuple(stop_reasons())
    return RecordSpec(
        "stop_list",
        (
            Field(name="account_number", length_max=64, en="Account number", zh="账户编号"),
            Field(name="id_number", length_max=64, privacy="sensitive", en="Identity number", zh="证件号码"),
            Field(name="reason", type="code", required=True, choices=choices, en="Reason", zh="停催原因"),
            Field(name="scope", type="code", choices=tuple(SCOPES), en="Scope", zh="停催范围"),
            Field(name="from_on", type="date", en="First day", zh="停催起始日"),
            Field(name="until_on", type="date", en="Last day", zh="停催截止日"),
            Field(name="pauses_term", type="boolean", en="Pauses the term", zh="委案期限暂停"),
            Field(name="counts_in_rate", type="boolean", en="Counts in the rate", zh="计入回款率分母"),
        ),
    )


STOP_LIST = _spec()
"""One row per debtor and reason. Headers are these names in English or Chinese, or the fields' names; the last day is in the stop."""


class Stop(NamedTuple):
    """One debtor to leave alone, as the file and the table of reasons say; `until_on` is the day after the last, None for open."""

    row_number: int
    person_id: int
    account_id: int | None
    reason_code: str
    scope: str
    from_on: date
    until_on: date | None
    pauses_term: bool
    counts_in_rate: bool


@dataclass(frozen=True, slots=True)
class StopsLoaded:
    """What came of a stop list.

    Attributes:
        stop_list_id: the list's row.
        is_repeat: the file was loaded before, and nothing was done.
        row_count: rows of the file.
        placed_count: holds placed.
        unchanged_count: rows whose stop was in force already.
        duplicate_count: rows that repeat another of the file.
        rejected_count: rows that could not be taken.
        lifted_count: stops lifted, because the list is whole and does not show them, or shows them with another end.
        is_lifting_withheld: the list is whole, and nothing was lifted because rows of it could not be taken.
        problems: what is wrong with the rows; empty at a repeat.
        rejects_path: where the rejected rows were written, or None.

    Guarantees: row_count = placed_count + unchanged_count + duplicate_count + rejected_count.
    """

    stop_list_id: int
    is_repeat: bool
    row_count: int
    placed_count: int
    unchanged_count: int
    duplicate_count: int
    rejected_count: int
    lifted_count: int
    is_lifting_withheld: bool
    problems: list[Problem] = field(default_factory=list)
    rejects_path: Path | None = None


_ACCOUNTS = """
SELECT a.number, a.id, o.person_id FROM portfolio_account a
JOIN portfolio_obligation o ON o.creditor_id = a.creditor_id AND o.account_id = a.id AND o.role = 'borrower' AND o.until_on IS NULL
WHERE a.creditor_id = %s AND a.number = ANY(%s)
"""
_PERSONS = "SELECT identity_index, person_id FROM portfolio_personsecret WHERE creditor_id = %s AND identity_index = ANY(%s::bytea[])"
_LOCK = "SELECT id FROM portfolio_person WHERE creditor_id = %s AND id = ANY(%s) ORDER BY id FOR NO KEY UPDATE"
_OPEN = """
SELECT h.id, h.person_id, h.kind, e.scope, h.from_on, h.until_on FROM portfolio_hold h
JOIN portfolio_stopentry e ON e.creditor_id = h.creditor_id AND e.id = h.source_id
JOIN portfolio_stoplist l ON l.creditor_id = e.creditor_id AND l.id = e.stop_list_id
WHERE h.creditor_id = %s AND h.source_kind = 'stop_list' AND l.name = %s AND (h.until_on IS NULL OR h.until_on > %s)
ORDER BY h.person_id, h.id
"""
_PLACE = """
WITH entry AS (
    INSERT INTO portfolio_stopentry (creditor_id, stop_list_id, row_number, person_id, account_id, reason_code, scope, from_on, until_on,
        pauses_term, counts_in_rate)
    SELECT %s, %s, line.* FROM unnest(%s::int[], %s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::date[], %s::date[],
        %s::boolean[], %s::boolean[]) AS line
    RETURNING creditor_id, id, person_id, reason_code, scope, from_on, until_on
)
INSERT INTO portfolio_hold
    (creditor_id, person_id, kind, stops_contact, stops_placement, source_kind, source_id, from_on, until_on, known_at)
SELECT creditor_id, person_id, reason_code, scope IN ('contact', 'both'), scope IN ('placement', 'both'), 'stop_list', id, from_on,
       until_on, %s
FROM entry ORDER BY person_id, id
"""
_LIFT = "UPDATE portfolio_hold SET until_on = greatest(%s, from_on) WHERE creditor_id = %s AND id = ANY(%s)"
_FOUND = """
SELECT h.id, h.person_id FROM portfolio_hold h
WHERE h.creditor_id = %s AND h.source_kind = 'stop_list' AND h.person_id = ANY(%s) AND (%s = '' OR h.kind = %s)
  AND (h.until_on IS NULL OR h.until_on > %s) ORDER BY h.person_id, h.id
"""


def stops_load(
    *, actor: Actor, path: Path, as_of: date, name: str = "stop_list", is_whole: bool = False, rejects_path: Path | None = None
) -> StopsLoaded:
    """Load a stop list: each row becomes a hold on the debtor, whose source is the list's entry.

    A stop on an account leaves its borrower alone with all of their accounts, as the law counts by debtor.

    Args:
        actor: a manager or compliance officer of the creditor, or the system.
        path: CSV, XLSX or Parquet in the form of `STOP_LIST`; reasons by code or in words, in both languages.
        as_of: the creditor's day; a row without a first day begins then.
        name: which list it is; several lists of several names stand beside each other.
        is_whole: the file shows everybody on that list, so that who is missing is lifted on the day.
        rejects_path: where to write the rows that could not be taken, to be mended and sent again.

    Raises:
        FileRefused: one of its kinds; nothing was taken.
        StopListEmpty: a whole list without one usable row, which would lift everything.

    Guarantees: one transaction, with the debtors locked, so that a publication comes before or after it; the same file again does
        nothing; a stop in force is not written twice; nothing is lifted while a row of a whole list cannot be taken.
    """
    require(actor, Role.MANAGER, Role.COMPLIANCE, action="load a stop list")
    check_file(path)
    sha256 = file_sha256(path)
    rows, problems, row_count = _rows(path)
    with acting(actor), connection.cursor() as cursor:
        key = {"creditor_id": actor.creditor_id, "name": name, "as_of": as_of, "sha256": sha256, "is_whole": is_whole}
        stops, faults = _resolved(actor.creditor_id, rows, as_of=as_of)
        problems += faults
        written = _rejects_written(path, problems, to_path=rejects_path)
        if is_whole and not stops:
            raise StopListEmpty(file=path.name, name=name)
        listed, is_new = StopList.objects.get_or_create(**key, defaults={"loaded_by": actor.user_id, "known_at": now()})
        if not is_new:
            known = {name: n for name, n in listed.counts.items() if name != "sample"}
            return StopsLoaded(listed.pk, is_repeat=True, **known, rejects_path=written)
        kept = {(stop.person_id, stop.reason_code, stop.scope): stop for stop in reversed(stops)}
        persons = sorted({stop.person_id for stop in stops})
        cursor.execute(_LOCK, [actor.creditor_id, persons])
        cursor.execute(_OPEN, [actor.creditor_id, name, as_of])
        new, lifted = _difference(kept, cursor.fetchall(), as_of=as_of, lifts_missing=is_whole and not problems)
        cursor.execute(_LIFT, [as_of, actor.creditor_id, lifted])
        if new:
            columns = [list(column) for column in zip(*new, strict=True)]
            cursor.execute(_PLACE, [actor.creditor_id, listed.pk, *columns, now()])
            statistics_refresh("portfolio_hold", "portfolio_stopentry", row_count=len(new))
        rejected_count = len({problem.row for problem in problems})
        problems.sort(key=lambda problem: problem.row)
        counts = {
            "row_count": row_count,
            "placed_count": len(new),
            "unchanged_count": len(kept) - len(new),
            "duplicate_count": len(stops) - len(kept),
            "rejected_count": rejected_count,
            "lifted_count": len(lifted),
            "is_lifting_withheld": is_whole and bool(problems),
        }
        listed.counts = counts | {"sample": [_record(problem) for problem in problems[:SAMPLE_COUNT]]}
        listed.save(update_fields=["counts"])
        details = {"name": name, "as_of": as_of, "sha256": sha256, **counts}
        audit_append(
            creditor_id=actor.creditor_id, action="stop_list_loaded", subject_kind="stop_list", subject_id=listed.pk, details=details
        )
        return StopsLoaded(listed.pk, is_repeat=False, **counts, problems=problems, rejects_path=written)


def stops_lift(*, actor: Actor, person_ids: Sequence[int], on: date, reason_code: str = "") -> int:
    """Lift the stops that lists have placed on debtors, from a day on; return how many. Holds of other rooms stay, for these know why.

    Args:
        actor: a manager or compliance officer of the creditor, or the system.
        person_ids: the debtors.
        on: the first day without the stop; a stop never ends before it began.
        reason_code: only stops for this reason, or '' for all.
    """
    require(actor, Role.MANAGER, Role.COMPLIANCE, action="lift stops")
    with acting(actor), connection.cursor() as cursor:
        cursor.execute(_LOCK, [actor.creditor_id, list(person_ids)])
        cursor.execute(_FOUND, [actor.creditor_id, list(person_ids), reason_code, reason_code, on])
        found = cursor.fetchall()
        if not found:
            return 0
        cursor.execute(_LIFT, [on, actor.creditor_id, [hold_id for hold_id, _ in found]])
        details = {"hold_count": len(found), "holds_hash": content_hash([hold_id for hold_id, _ in found]), "on": on, "kind": reason_code}
        is_one = len({person_id for _, person_id in found}) == 1
        subject = ("person", found[0][1]) if is_one else ("creditor", actor.creditor_id)
        audit_append(creditor_id=actor.creditor_id, action="stops_lifted", subject_kind=subject[0], subject_id=subject[1], details=details)
        return len(found)


def _record(problem: Problem) -> dict[str, Any]:
    return {name: getattr(problem, name) for name in ("row", "column", "code", "what", "todo", "parameters")}


def _rejects_written(path: Path, problems: Sequence[Problem], *, to_path: Path | None) -> Path | None:
    """Write the rows with problems as they were sent, each with its reason; None when there are none, or nobody wants them."""
    if to_path is None or not problems:
        return None
    with tempfile.TemporaryDirectory(prefix="duecourse-stops-") as folder:
        refused = Refused(path=path, mapping=_mapping(), to_path=Path(folder) / f"{path.name}.rejects.csv")
        with refused:
            for chunk in read(path, spec=STOP_LIST, mapping=_mapping()):
                refused.add_chunk(chunk)
            refused.add_late([problem for problem in problems if problem.code in KINDS])
            refused.write_late()
        return refused.hand_out(to_path)


def _mapping() -> FileMapping:
    return FileMapping.native(STOP_LIST, values=stop_words())


def _rows(path: Path) -> tuple[list[dict[str, Any]], list[Problem], int]:
    """Read the file; return the readable rows, what is wrong with the others, and how many rows there are."""
    rows: list[dict[str, Any]] = []
    problems: list[Problem] = []
    rejected_count = 0
    for chunk in read(path, spec=STOP_LIST, mapping=_mapping()):
        rows += chunk.table.to_pylist()
        problems += [problem for problem in chunk.problems if problem.row]
        rejected_count += chunk.rejected.num_rows
    return rows, problems, len(rows) + rejected_count


def _resolved(creditor_id: int, rows: Sequence[dict[str, Any]], *, as_of: date) -> tuple[list[Stop], list[Problem]]:
    """Find the debtors of the rows; inside `acting`."""
    accounts, persons = _known(creditor_id, rows)
    stops: list[Stop] = []
    problems: list[Problem] = []
    for row in rows:
        number, identity = row["account_number"], row["id_number"]
        account_id, by_account = accounts.get(number, (None, None))
        by_identity = persons.get(identity)
        reason = stop_reasons()[row["reason"]]
        scope = row["scope"] or _scope_of(reason.stops)
        from_on = row["from_on"] or as_of
        fault = _fault(row, by_account=by_account, by_identity=by_identity, from_on=from_on)
        if fault is None and not set(reason.floor) <= SCOPES[scope]:
            fault = ("StopScopeTooNarrow", {"floor": ", ".join(reason.floor)})
        if fault is not None:
            column, what, todo = KINDS[fault[0]]
            problems.append(Problem(row=row[ROW], column=column, code=fault[0], what=what, todo=todo, parameters=fault[1]))
            continue
        until_on = None if row["until_on"] is None else row["until_on"] + timedelta(days=1)
        pauses = reason.pauses_term if row["pauses_term"] is None else row["pauses_term"]
        counts = reason.counts_in_rate if row["counts_in_rate"] is None else row["counts_in_rate"]
        person_id = by_account or by_identity or 0
        stops.append(Stop(row[ROW], person_id, account_id, reason.code, scope, from_on, until_on, pauses, counts))
    return stops, problems


def _known(creditor_id: int, rows: Sequence[dict[str, Any]]) -> tuple[dict[str, tuple[int, int]], dict[str, int]]:
    """Return account number → (account, borrower), and identity number → person, of those that exist."""
    numbers = sorted({row["account_number"] for row in rows if row["account_number"]})
    number_of = identity_indexes(creditor_id, numbers={row["id_number"] for row in rows if row["id_number"]})
    with connection.cursor() as cursor:
        cursor.execute(_ACCOUNTS, [creditor_id, numbers])
        accounts = {number: (account_id, person_id) for number, account_id, person_id in cursor.fetchall()}
        cursor.execute(_PERSONS, [creditor_id, list(number_of)])
        persons = {number_of[bytes(index)]: person_id for index, person_id in cursor.fetchall()}
    return accounts, persons


def _fault(row: dict[str, Any], *, by_account: int | None, by_identity: int | None, from_on: date) -> tuple[str, dict[str, Any]] | None:
    if not row["account_number"] and not row["id_number"]:
        return "StopUnnamed", {}
    if row["account_number"] and by_account is None:
        return "StopAccountUnknown", {}
    if row["id_number"] and by_identity is None and by_account is None:
        return "StopPersonUnknown", {}
    if by_account is not None and by_identity is not None and by_account != by_identity:
        return "StopNamesTwo", {}
    if row["until_on"] is not None and row["until_on"] < from_on:
        return "StopSpanEmpty", {}
    return None


def _scope_of(stops: Iterable[str]) -> str:
    return next(scope for scope, parts in SCOPES.items() if parts == set(stops))


def _difference(
    kept: Mapping[tuple[int, str, str], Stop], open_holds: Sequence[tuple[Any, ...]], *, as_of: date, lifts_missing: bool
) -> tuple[list[Stop], list[int]]:
    """Return the stops to place and the holds to lift, so that what is in force is what the list says."""
    new = dict(kept)
    lifted = []
    for hold_id, person_id, kind, scope, from_on, until_on in open_holds:
        key = (person_id, kind, scope)
        stop = new.get(key)
        if stop is not None and stop.until_on == until_on and from_on <= max(stop.from_on, as_of):
            del new[key]
        elif stop is not None or (key not in kept and lifts_missing):
            lifted.append(hold_id)
    return list(new.values()), lifted

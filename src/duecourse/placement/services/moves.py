"""Moving placements together: preview, request, decide, apply, undo.

A set of moves remembers the newest step of each placement that its preview saw. Where there is a newer one when the set is applied,
somebody else was there first: the row is reported and left alone. Order of locks: the creditor's publications and moves (an advisory
lock), persons by id ascending, cases by id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pyarrow as pa
from django.db import connection

from duecourse.engine.frames import conform
from duecourse.kit.clock import now
from duecourse.kit.errors import Absent
from duecourse.kit.ids import content_hash
from duecourse.ledger.services import audit_append, statistics_refresh
from duecourse.parties.access import Actor, acting, require
from duecourse.parties.models import Role
from duecourse.parties.services import approval_decide
from duecourse.placement.errors import MoveSetNotOpen, MovesTooMany, MoveUnclear, NothingToUndo, ReasonUnknown
from duecourse.placement.models import PlacementMove, PlacementMoveSet
from duecourse.placement.selectors.moves import access_move_set, open_cases
from duecourse.placement.selectors.reasons import MOVE_KINDS, MoveReason, move_reasons
from duecourse.placement.services.carry import carry, recalls_cancel
from duecourse.placement.services.judging import judged
from duecourse.placement.services.locks import moves_lock

SUBJECT = "placement_move_set"
MOVES_MAX = 20_000
NEEDS_SECOND = ("extend", "swap")
_DECIDERS = (Role.MANAGER, Role.COMPLIANCE)

GROUNDS = pa.schema([pa.field("case_id", pa.int64(), nullable=False), pa.field("ground", pa.string(), nullable=False)])
"""What speaks for an extension, one row per case and ground: promise_open, plan_open, paid_recently."""

_INSERT_ROWS = """
INSERT INTO placement_placementmove (creditor_id, move_set_id, case_id, placement_id, seen_transition_id, ground, verdict, outcome)
SELECT %s, %s, line.*, '' FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::text[], %s::text[]) AS line
"""
_OUTCOMES = """
UPDATE placement_placementmove m SET outcome = n.outcome FROM unnest(%s::bigint[], %s::text[]) AS n (case_id, outcome)
WHERE m.creditor_id = %s AND m.move_set_id = %s AND m.case_id = n.case_id
"""


@dataclass(frozen=True, slots=True)
class MovesResult:
    """What became of a set of moves.

    Attributes:
        move_set_id: its number.
        state: requested, applied, rejected, withdrawn or undone.
        outcomes: how many rows have which outcome, `applied` among them; empty while a second person is awaited.
        batch_ids: the batches a swap made.
    """

    move_set_id: int
    state: str
    outcomes: dict[str, int]
    batch_ids: list[int]

    @property
    def applied_count(self) -> int:
        """How many rows were moved."""
        return self.outcomes.get("applied", 0)


def moves_preview(
    *,
    actor: Actor,
    kind: str,
    reason_code: str,
    as_of: date,
    case_ids: Sequence[int] | None = None,
    batch_id: int | None = None,
    agency_id: int | None = None,
    until_on: date | None = None,
    to_agency_id: int | None = None,
    words: str = "",
    grounds: pa.Table | None = None,
) -> PlacementMoveSet:
    """Judge the move of some placements, row by row, and keep the judgement; nothing moves.

    Args:
        actor: who wants it; each reason names its roles. An agency's lead sees and moves the agency's own placements only.
        kind: extend, return, recall, swap or close.
        reason_code: one of `move_reasons(kind)`.
        as_of: today in the creditor's zone.
        case_ids: the cases; or None for the open placements of
        batch_id: a batch, and/or
        agency_id: an agency.
        until_on: extend: the new last day, before holidays; recall: the final day, the last one the agency works, or None for at once.
        to_agency_id: swap: who gets the cases.
        words: a sentence of one's own; some reasons ask for it.
        grounds: extend: GROUNDS that are there, read by the caller from the rooms above; None for none.

    Returns:
        The set, with a row per case: `allowed` or why not. The same preview by the same person is the same set while it is not applied.

    Raises:
        ReasonUnknown, MoveUnclear, MovesTooMany: what is asked for cannot be judged.
        Forbidden: the reason is not the actor's to use.
        Absent: a case does not exist for this actor.
    """
    reason = _reason(kind, reason_code)
    require(actor, *reason.roles, action="move placements")
    parameters = _parameters(reason, until_on=until_on, to_agency_id=to_agency_id, words=words)
    if case_ids is None and batch_id is None and agency_id is None:
        raise MoveUnclear(reasons="it names neither cases nor a batch nor an agency")
    with acting(actor):
        chosen = _chosen(actor, case_ids, batch_id=batch_id, agency_id=agency_id)
        if len(chosen) > MOVES_MAX:
            raise MovesTooMany(case_count=len(chosen), maximum=MOVES_MAX)
    found = {} if grounds is None else _by_case(conform(grounds, GROUNDS, name="GROUNDS"))
    with acting(desk(actor)):
        verdicts = judged(actor, reason=reason, case_ids=chosen, as_of=as_of, parameters=parameters, grounds=found)
        parameters |= verdicts.shown
        rows = [
            (row.case_id, row.placement_id, row.seen_transition_id, ",".join(sorted(found.get(row.case_id, ()))), verdict)
            for row, verdict in verdicts.rows
        ]
        return _kept(actor, reason, rows, as_of=as_of, words=words.strip(), parameters=parameters)


def moves_apply(*, actor: Actor, move_set_id: int, at: datetime | None = None) -> MovesResult:
    """Move what a set's preview allowed, or, for an extension or a swap, hand the set to a second person.

    Returns:
        What became of it. A repeat returns the same and moves nothing.

    Raises:
        Absent: there is no such set for this actor.
        MoveSetNotOpen: it was rejected, withdrawn or undone.

    Guarantees: all rows are moved in one transaction; a row that was changed since the preview, or that is not allowed any more, is
        reported as such and left alone.
    """
    with acting(actor):
        reason = _allowed_reason(actor, access_move_set(actor, move_set_id=move_set_id))
    with acting(desk(actor)):
        moves_lock(creditor_id=actor.creditor_id)
        move_set = access_move_set(desk(actor), move_set_id=move_set_id)
        if move_set.state in ("requested", "applied"):
            return _result(move_set)
        _refuse_unless(move_set, "previewed")
        if reason.kind in NEEDS_SECOND:
            _go(move_set, "requested")
            _note(move_set, action="moves_requested", details={})
            return _result(move_set)
        return _carried(desk(actor), move_set, reason, at=at or now())


def moves_approve(*, actor: Actor, move_set_id: int, at: datetime | None = None, words: str = "") -> MovesResult:
    """Approve exactly the rows that were previewed, as a second person, and move them; a repeat moves nothing.

    Raises:
        Forbidden: the actor is neither manager nor compliance officer, or is the system.
        SamePersonTwice: the actor asked for it.
        AlreadyDecided: another decided.
        MoveSetNotOpen: it was not asked for, or withdrawn.
    """
    return _decide(actor, move_set_id, is_granted=True, at=at or now(), words=words)


def moves_reject(*, actor: Actor, move_set_id: int, words: str = "") -> MovesResult:
    """Refuse a set of moves as a second person. Raises as `moves_approve`."""
    return _decide(actor, move_set_id, is_granted=False, at=now(), words=words)


def moves_undo(*, actor: Actor, move_set_id: int) -> MovesResult:
    """Take a set of moves back while nothing final has happened: one that waits is withdrawn, recalls that are pending are cancelled.

    Raises:
        MoveSetNotOpen: what it did is final, or it was decided against.
        NothingToUndo: none of its recalls is pending any more.

    Guarantees: a recall that another set has made, or that is final, stays.
    """
    with acting(actor):
        _allowed_reason(actor, access_move_set(actor, move_set_id=move_set_id))
    with acting(desk(actor)):
        moves_lock(creditor_id=actor.creditor_id)
        move_set = access_move_set(desk(actor), move_set_id=move_set_id)
        if move_set.state in ("withdrawn", "undone"):
            return _result(move_set)
        if move_set.state in ("previewed", "requested"):
            _go(move_set, "withdrawn")
            _note(move_set, action="moves_withdrawn", details={})
            return _result(move_set)
        if move_set.kind != "recall" or not move_set.parameters.get("final_on"):
            raise MoveSetNotOpen(move_set_id=move_set.pk, state=move_set.state)
        cancelled = recalls_cancel(desk(actor), move_set=move_set)
        if not cancelled:
            raise NothingToUndo(move_set_id=move_set.pk)
        _outcomes(move_set, dict.fromkeys(cancelled, "undone"))
        _go(move_set, "undone")
        _note(move_set, action="moves_undone", details={"case_count": len(cancelled), "cases_hash": content_hash(cancelled)})
        return _result(move_set)


def desk(actor: Actor) -> Actor:
    """Return who writes for an actor: what an agency's people may cause is written with the creditor's role, under their own name."""
    if not actor.is_agency:
        return actor
    return Actor(user_id=actor.user_id, creditor_id=actor.creditor_id, agency_id=None, roles=frozenset())


def _reason(kind: str, reason_code: str) -> MoveReason:
    if kind not in MOVE_KINDS:
        raise MoveUnclear(reasons=f"{kind} is none of {', '.join(MOVE_KINDS)}")
    found = move_reasons(kind).get(reason_code)
    if found is None:
        raise ReasonUnknown(code=reason_code, kind=kind, known=", ".join(move_reasons(kind)))
    return found


def _allowed_reason(actor: Actor, move_set: PlacementMoveSet) -> MoveReason:
    reason = _reason(move_set.kind, move_set.reason_code)
    require(actor, *reason.roles, action="move placements")
    return reason


def _parameters(reason: MoveReason, *, until_on: date | None, to_agency_id: int | None, words: str) -> dict[str, Any]:
    if reason.needs_words and not words.strip():
        raise MoveUnclear(reasons=f"the reason {reason.code} asks for a sentence of your own")
    if reason.kind == "extend":
        if until_on is None:
            raise MoveUnclear(reasons="an extension names its new last day")
        return {"asked_on": until_on.isoformat()}
    if reason.kind == "swap":
        if to_agency_id is None:
            raise MoveUnclear(reasons="a swap names the agency that gets the cases")
        return {"to_agency_id": to_agency_id}
    if reason.kind == "recall":
        return {"final_on": until_on.isoformat() if until_on else None}
    return {}


def _chosen(actor: Actor, case_ids: Sequence[int] | None, *, batch_id: int | None, agency_id: int | None) -> list[int]:
    """Return the chosen cases in order, read with the actor's own eyes."""
    if case_ids is None:
        return open_cases(creditor_id=actor.creditor_id, batch_id=batch_id, agency_id=agency_id)
    wanted = sorted(set(case_ids))
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM portfolio_case WHERE creditor_id = %s AND id = ANY(%s)", [actor.creditor_id, wanted])
        if cursor.fetchone()[0] != len(wanted):
            raise Absent(entity="case")
    return wanted


def _by_case(grounds: pa.Table) -> dict[int, set[str]]:
    found: dict[int, set[str]] = {}
    for case_id, ground in zip(grounds["case_id"].to_pylist(), grounds["ground"].to_pylist(), strict=True):
        found.setdefault(case_id, set()).add(ground)
    return found


def _kept(
    actor: Actor, reason: MoveReason, rows: Sequence[tuple[Any, ...]], *, as_of: date, words: str, parameters: dict[str, Any]
) -> PlacementMoveSet:
    """Write the set and its rows, or return the one that is the same."""
    content = {"kind": reason.kind, "reason_code": reason.code, "words": words, "as_of": as_of, "parameters": parameters}
    rows_hash = content_hash([content, actor.user_id, actor.agency_id, [list(row) for row in rows]])
    move_set, is_new = PlacementMoveSet.objects.get_or_create(
        creditor_id=actor.creditor_id,
        rows_hash=rows_hash,
        state="previewed",
        defaults=content | {"agency_id": actor.agency_id, "requested_by": actor.user_id, "known_at": now()},
    )
    if is_new and rows:
        columns = [list(column) for column in zip(*rows, strict=True)]
        with connection.cursor() as cursor:
            cursor.execute(_INSERT_ROWS, [actor.creditor_id, move_set.pk, *columns])
        statistics_refresh("placement_placementmove", row_count=len(rows))
    return move_set


def _decide(actor: Actor, move_set_id: int, *, is_granted: bool, at: datetime, words: str) -> MovesResult:
    require(actor, *_DECIDERS, action="decide on moves")
    with acting(actor):
        moves_lock(creditor_id=actor.creditor_id)
        move_set = access_move_set(actor, move_set_id=move_set_id)
        decided = ("requested", "applied", "undone") if is_granted else ("requested", "rejected")
        _refuse_unless(move_set, *decided)
        approval_decide(
            actor=actor,
            subject_kind=SUBJECT,
            subject_id=move_set.pk,
            content_hash=move_set.rows_hash,
            requested_by=move_set.requested_by or None,
            is_granted=is_granted,
            reason=words,
            roles=_DECIDERS,
        )
        if move_set.state != "requested":
            return _result(move_set)
        if is_granted:
            return _carried(actor, move_set, _reason(move_set.kind, move_set.reason_code), at=at)
        _go(move_set, "rejected")
        return _result(move_set)


def _carried(actor: Actor, move_set: PlacementMoveSet, reason: MoveReason, *, at: datetime) -> MovesResult:
    """Move the rows that are as the preview saw them and still allowed; write each row's outcome."""
    outcomes, batch_ids = carry(actor, move_set=move_set, reason=reason, at=at)
    _outcomes(move_set, outcomes)
    _go(move_set, "applied", applied_at=at)
    result = _result(move_set)
    _note(move_set, action="moves_applied", details={"outcomes": result.outcomes, "at": at, "batch_ids": batch_ids})
    return MovesResult(result.move_set_id, result.state, result.outcomes, batch_ids)


def _outcomes(move_set: PlacementMoveSet, outcomes: Mapping[int, str]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_OUTCOMES, [list(outcomes), list(outcomes.values()), move_set.creditor_id, move_set.pk])


def _go(move_set: PlacementMoveSet, state: str, **changes: Any) -> None:
    if not PlacementMoveSet.objects.filter(pk=move_set.pk, state=move_set.state).update(state=state, **changes):
        raise MoveSetNotOpen(move_set_id=move_set.pk, state=move_set.state)
    move_set.state = state


def _refuse_unless(move_set: PlacementMoveSet, *states: str) -> None:
    if move_set.state not in states:
        raise MoveSetNotOpen(move_set_id=move_set.pk, state=move_set.state)


def _result(move_set: PlacementMoveSet) -> MovesResult:
    found: dict[str, int] = {}
    rows = PlacementMove.objects.filter(creditor_id=move_set.creditor_id, move_set_id=move_set.pk).exclude(outcome="")
    for outcome in rows.values_list("outcome", flat=True):
        found[outcome] = found.get(outcome, 0) + 1
    return MovesResult(move_set.pk, move_set.state, dict(sorted(found.items())), [])


def _note(move_set: PlacementMoveSet, *, action: str, details: dict[str, Any]) -> None:
    facts = {"kind": move_set.kind, "reason_code": move_set.reason_code, "rows_hash": move_set.rows_hash, "agency_id": move_set.agency_id}
    audit_append(creditor_id=move_set.creditor_id, action=action, subject_kind=SUBJECT, subject_id=move_set.pk, details=facts | details)

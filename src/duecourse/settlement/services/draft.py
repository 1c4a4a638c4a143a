"""Drawing up the statement of a contract for a month."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from django.db import connection

from duecourse.engine.commission import COMMISSION_LINES
from duecourse.engine.frames import conform, digest
from duecourse.kit.calendar import month_bounds
from duecourse.kit.clock import now
from duecourse.kit.ids import content_hash
from duecourse.ledger.selectors.rows import dicts
from duecourse.ledger.services import audit_append
from duecourse.parties.access import Actor, acting, creditor_of, require
from duecourse.parties.models import Role
from duecourse.parties.selectors import access_contract
from duecourse.settlement.errors import CommissionIncomplete, LaterStatement, LinesRefused, StatementSettled
from duecourse.settlement.models import Statement, StatementLine, StatementTransition
from duecourse.settlement.selectors.commission import commission_inputs, commission_lines
from duecourse.settlement.selectors.statements import OPEN, statement_status

_LOCK_CLASS = 0x57A7
_RECOVERIES = """
SELECT t.payment_id, t.id AS attribution_id, t.amount_minor, t.currency, t.recognised_on, t.placement_id, p.batch_id, p.contract_version_id,
       v.contract_id, l.statement_id
FROM repayment_attribution t
JOIN placement_placement p ON p.creditor_id = t.creditor_id AND p.id = t.placement_id
JOIN parties_contractversion v ON v.creditor_id = p.creditor_id AND v.id = p.contract_version_id
LEFT JOIN settlement_statementline l ON l.creditor_id = t.creditor_id AND l.attribution_id = t.id
WHERE t.creditor_id = %(creditor)s AND t.payment_id = ANY(%(payments)s)
"""
_SAME = (
    "product_class",
    "days_past_due",
    "hand",
    "basis_minor",
    "achieved_bp",
    "tier_mode",
    "rate_bp",
    "rate_numerator",
    "rate_denominator",
    "multiplier_bp",
    "rounding",
)


def statement_compute(*, actor: Actor, contract_id: int, month: str) -> int:
    """Compute the commission of a contract for a month and draw up its statement; returns the statement's number.

    Raises:
        CommissionIncomplete: a recovery has no rate, or the month was not measured.
        As `statement_draft`.
    """
    with acting(actor):
        parts = commission_inputs(creditor_id=actor.creditor_id, contract_id=contract_id, month=month)
        lines, problems = commission_lines(parts)
        if problems:
            reasons = "; ".join(problem.message() for problem in problems[:5])
            raise CommissionIncomplete(month=month, contract_id=contract_id, reasons=reasons)
        frames = [
            [
                digest(part.attributed, keys=["attribution_id"]),
                digest(part.schedule, keys=part.schedule.column_names),
                digest(part.measured, keys=["measure_key"]),
                digest(part.settled, keys=["line_key"]),
                part.tier_mode,
                part.rounding,
            ]
            for part in parts
        ]
        return statement_draft(actor=actor, contract_id=contract_id, month=month, lines=lines, inputs_hash=content_hash(frames))


def statement_draft(*, actor: Actor, contract_id: int, month: str, lines: pa.Table, inputs_hash: str) -> int:
    """Draw up the statement of a contract for a month, replacing a draft, and return its number; the same lines again change nothing.

    Args:
        actor: an accountant or manager of the creditor, or the system.
        contract_id: the contract.
        month: YYYY-MM.
        lines: engine.commission.COMMISSION_LINES.
        inputs_hash: hash of all that they were computed from, 64 hexadecimal digits.

    Raises:
        StatementSettled: the agency agreed to other lines.
        LaterStatement: a later month of the contract is drawn up already.
        LinesRefused: a line has no recovery of this contract until the month's end, or another statement has it.
        Absent: there is no such contract for this actor.
        Forbidden: the actor has another role.

    Guarantees: Σ lines = total; every line traces to one recovery and every recovery stands on one statement at most.
    """
    require(actor, Role.ACCOUNTANT, Role.MANAGER, action="draw up a statement")
    frame = conform(lines, COMMISSION_LINES, name="COMMISSION_LINES")
    lines_hash = digest(frame, keys=["line_key"])
    with acting(actor):
        contract = access_contract(actor=actor, contract_id=contract_id)
        lock_statement(contract_id=contract_id, month=month)
        found = Statement.objects.filter(creditor_id=actor.creditor_id, contract=contract, month=month).first()
        if found is not None and _stays(found, lines_hash, inputs_hash):
            return found.pk
        later = Statement.objects.filter(creditor_id=actor.creditor_id, contract=contract, month__gt=month).order_by("month").first()
        if later is not None:
            raise LaterStatement(later=later.month, contract_id=contract_id, month=month)
        rows = _traced(actor, frame.to_pylist(), contract_id=contract_id, month=month, statement_id=found.pk if found else None)
        content = {
            "agency_id": contract.agency_id,
            "currency": rows[0]["currency"] if rows else creditor_of(actor).currency,
            "total_minor": sum(row["commission_minor"] for row in rows),
            "line_count": len(rows),
            "lines_hash": lines_hash,
            "inputs_hash": inputs_hash,
            "drafted_at": now(),
        }
        statement = _replaced(actor, found, {"contract_id": contract_id, "month": month}, content)
        _insert_lines(statement, rows)
        details = {name: content[name] for name in ("total_minor", "currency", "line_count", "lines_hash", "inputs_hash")}
        note_statement(actor, action="statement_drafted", statement=statement, details=details)
        return statement.pk


def lock_statement(*, contract_id: int, month: str) -> None:
    """Let one at a time work on a statement until the transaction ends; an agency may not lock rows, so the lock is an advisory one."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [_LOCK_CLASS, f"{contract_id}|{month}"])


def note_statement(actor: Actor, *, action: str, statement: Statement, details: dict[str, Any]) -> None:
    """Append what happened to a statement to the trail."""
    own = {"contract_id": statement.contract_id, "month": statement.month}
    audit_append(creditor_id=actor.creditor_id, action=action, subject_kind="statement", subject_id=statement.pk, details=own | details)


def _stays(found: Statement, lines_hash: str, inputs_hash: str) -> bool:
    """Tell whether the statement is this one already."""
    status = statement_status(found)
    if status not in OPEN:
        if found.lines_hash != lines_hash:
            raise StatementSettled(month=found.month, contract_id=found.contract_id, status=status)
        return True
    return (found.lines_hash, found.inputs_hash) == (lines_hash, inputs_hash)


def _traced(actor: Actor, rows: list[dict[str, Any]], *, contract_id: int, month: str, statement_id: int | None) -> list[dict[str, Any]]:
    """Return the lines joined to the recoveries they stand for."""
    wanted = {"creditor": actor.creditor_id, "payments": [row["payment_id"] for row in rows]}
    recoveries = {row["payment_id"]: row for row in dicts(_RECOVERIES, **wanted)}
    last_on = month_bounds(month)[1]
    reasons = ["the lines are in several currencies"] if len({row["currency"] for row in rows}) > 1 else []
    for row in rows:
        recovery = recoveries.get(row["payment_id"])
        if recovery is None or recovery["contract_id"] != contract_id or recovery["recognised_on"] > last_on:
            reasons.append(f"payment {row['payment_id']} is no recovery of this contract until the month's end")
        elif recovery["statement_id"] not in (None, statement_id):
            reasons.append(f"payment {row['payment_id']} stands on statement {recovery['statement_id']}")
        elif (recovery["amount_minor"], recovery["currency"]) != (row["basis_minor"], row["currency"]):
            reasons.append(f"payment {row['payment_id']} was recognised with another amount")
        else:
            row |= {name: recovery[name] for name in ("attribution_id", "batch_id", "contract_version_id", "placement_id")}
    if reasons:
        raise LinesRefused(month=month, contract_id=contract_id, reasons="; ".join(reasons[:5]))
    return rows


def _replaced(actor: Actor, found: Statement | None, key: dict[str, Any], content: dict[str, Any]) -> Statement:
    if found is None:
        statement = Statement.objects.create(creditor_id=actor.creditor_id, **key, **content)
        StatementTransition.objects.create(
            creditor_id=actor.creditor_id, statement=statement, status="draft", actor_id=actor.user_id, at=now()
        )
        return statement
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM settlement_statementline WHERE creditor_id = %s AND statement_id = %s", [actor.creditor_id, found.pk])
    Statement.objects.filter(creditor_id=actor.creditor_id, pk=found.pk).update(**content)
    found.refresh_from_db()
    return found


def _insert_lines(statement: Statement, rows: list[dict[str, Any]]) -> None:
    """Insert payments first, then what takes them back, which names them."""
    earned = [row for row in rows if row["original_line_key"] is None]
    taken_back = [row for row in rows if row["original_line_key"] is not None]
    inserted = StatementLine.objects.bulk_create(_line(statement, row, None) for row in earned)
    own = {line.line_key: line.pk for line in inserted}
    absent = {row["original_line_key"] for row in taken_back} - own.keys()
    earlier = StatementLine.objects.filter(creditor_id=statement.creditor_id, line_key__in=absent).values_list("line_key", "pk")
    originals = own | dict(earlier)
    StatementLine.objects.bulk_create(_line(statement, row, originals[row["original_line_key"]]) for row in taken_back)


def _line(statement: Statement, row: dict[str, Any], original_line_id: int | None) -> StatementLine:
    return StatementLine(
        creditor_id=statement.creditor_id,
        statement=statement,
        line_key=row["line_key"],
        kind=row["kind"],
        payment_id=row["payment_id"],
        attribution_id=row["attribution_id"],
        placement_id=row["placement_id"],
        batch_id=row["batch_id"],
        contract_version_id=row["contract_version_id"],
        amount_minor=row["commission_minor"],
        original_line_id=original_line_id,
        **{name: row[name] for name in _SAME},
    )

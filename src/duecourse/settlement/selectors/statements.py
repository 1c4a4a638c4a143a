"""Statements: one, a month's, and what they sum to."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Sum

from duecourse.kit.calendar import month_bounds
from duecourse.kit.errors import Absent
from duecourse.ledger.selectors import book_totals
from duecourse.ledger.selectors.rows import dicts
from duecourse.parties.access import Actor
from duecourse.settlement.models import Statement, StatementLine, StatementTransition

OPEN = ("draft", "disputed")
"""The states in which a statement may be drawn up anew."""

_LIST = """
SELECT s.id, s.month, s.contract_id, c.code AS contract_code, s.agency_id, a.code AS agency_code, a.name AS agency_name, s.currency,
       s.total_minor, s.line_count, s.lines_hash, s.inputs_hash, s.entry_id, s.drafted_at,
       (SELECT t.status FROM settlement_statementtransition t WHERE t.creditor_id = s.creditor_id AND t.statement_id = s.id
        ORDER BY t.id DESC LIMIT 1) AS status
FROM settlement_statement s
JOIN parties_contract c ON c.creditor_id = s.creditor_id AND c.id = s.contract_id
JOIN parties_agency a ON a.creditor_id = s.creditor_id AND a.id = s.agency_id
WHERE s.creditor_id = %(creditor)s AND (%(month)s::text IS NULL OR s.month = %(month)s) AND (%(statement)s::bigint IS NULL OR s.id = %(statement)s)
ORDER BY s.month, a.code, c.code
"""
_LINES = """
SELECT l.id, l.line_key, l.kind, l.payment_id, l.attribution_id, t.recognised_on, l.placement_id, p.case_id, n.number AS account_number,
       l.batch_id, b.code AS batch_code, l.contract_version_id, l.product_class, l.days_past_due, l.hand, l.basis_minor, l.achieved_bp,
       l.tier_mode, l.rate_bp, l.rate_numerator, l.rate_denominator, l.multiplier_bp, l.rounding, l.amount_minor, l.original_line_id
FROM settlement_statementline l
JOIN repayment_attribution t ON t.creditor_id = l.creditor_id AND t.id = l.attribution_id
JOIN placement_placement p ON p.creditor_id = l.creditor_id AND p.id = l.placement_id
JOIN placement_batch b ON b.creditor_id = l.creditor_id AND b.id = l.batch_id
LEFT JOIN portfolio_account n ON n.creditor_id = t.creditor_id AND n.id = t.account_id
WHERE l.creditor_id = %(creditor)s AND l.statement_id = %(statement)s ORDER BY l.payment_id, l.line_key
"""


def access_statement(actor: Actor, *, statement_id: int) -> Statement:
    """Return a statement.

    Raises:
        Absent: it does not exist, or is not the actor's to see.
    """
    statement = Statement.objects.filter(creditor_id=actor.creditor_id, pk=statement_id).first()
    if statement is None:
        raise Absent(entity="statement")
    return statement


def statement_status(statement: Statement) -> str:
    """Return the status of a statement, its newest transition."""
    found = StatementTransition.objects.filter(creditor_id=statement.creditor_id, statement=statement)
    return found.order_by("pk").values_list("status", flat=True).last() or ""


def statements(*, creditor_id: int, month: str | None = None) -> list[dict[str, Any]]:
    """Return the statements of a month, or of all months, as dicts with their status, contract and agency, by month and agency.

    An agency gets its own.
    """
    return dicts(_LIST, creditor=creditor_id, month=month, statement=None)


def statement_page(*, creditor_id: int, statement_id: int) -> dict[str, Any]:
    """Return one statement as `statements` does, with `lines` and `transitions` (status, actor_id, at), each a list of dicts.

    An agency sees the number of an account while its case is with it, and of payments the number only.

    Raises:
        Absent: it does not exist, or is not to be seen.
    """
    found = dicts(_LIST, creditor=creditor_id, month=None, statement=statement_id)
    if not found:
        raise Absent(entity="statement")
    lines = dicts(_LINES, creditor=creditor_id, statement=statement_id)
    steps = StatementTransition.objects.filter(creditor_id=creditor_id, statement_id=statement_id).order_by("pk")
    return found[0] | {"lines": lines, "transitions": list(steps.values("status", "actor_id", "at"))}


def lines_total(*, creditor_id: int, month: str) -> int:
    """Return the sum of all lines of a month's statements, minor units."""
    lines = StatementLine.objects.filter(creditor_id=creditor_id, statement__month=month)
    return int(lines.aggregate(total=Sum("amount_minor"))["total"] or 0)


def clawback_totals(*, creditor_id: int, month: str) -> dict[int, int]:
    """Return what was clawed back on each of a month's statements, minor units below zero; statements without any are not named."""
    lines = StatementLine.objects.filter(creditor_id=creditor_id, statement__month=month, kind="clawback")
    return dict(lines.values_list("statement_id").annotate(total=Sum("amount_minor")))


def unfrozen(*, creditor_id: int, month: str) -> list[dict[str, Any]]:
    """Return a month's statements that are not frozen yet, as `statements` does."""
    return [row for row in statements(creditor_id=creditor_id, month=month) if row["status"] != "frozen"]


def booked_total(*, creditor_id: int, month: str) -> int:
    """Return what the ledger booked as commission in a month, minor units: the movement of the expense, read from the books alone."""
    first_on, last_on = month_bounds(month)
    totals = book_totals(creditor_id=creditor_id, from_on=first_on, until_on=last_on + timedelta(days=1), kinds=["commission"])
    return sum(amount_minor for book, _, amount_minor in totals if book == "commission_expense")

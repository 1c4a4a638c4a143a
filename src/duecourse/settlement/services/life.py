"""The life of a statement after it was drawn up: agreed by the agency, approved and frozen by two people of the creditor."""

from __future__ import annotations

from django.db.models import Sum

from duecourse.kit.calendar import month_bounds
from duecourse.kit.clock import now
from duecourse.kit.errors import Forbidden
from duecourse.ledger.services import PostingLine, entry_post
from duecourse.parties.access import Actor, acting, require
from duecourse.parties.models import Role
from duecourse.parties.services import approval_decide
from duecourse.settlement.errors import StatementBroken, StatementChanged, StatementOutOfOrder
from duecourse.settlement.models import Statement, StatementLine, StatementTransition
from duecourse.settlement.selectors.statements import OPEN, access_statement, statement_status
from duecourse.settlement.services.draft import lock_statement, note_statement


def statement_agree(*, actor: Actor, statement_id: int, lines_hash: str = "") -> None:
    """Agree to a statement on the agency's behalf; from now on the database refuses any change of it.

    Args:
        actor: a lead of the agency.
        statement_id: a statement in draft, or one that was objected to.
        lines_hash: the hash of the lines that were looked at; '' not to compare.

    Raises:
        Forbidden: the actor does not lead an agency.
        Absent: there is no such statement for this agency.
        StatementChanged: it was drawn up anew since it was looked at.
        StatementOutOfOrder: it is settled already.
    """
    require(actor, Role.LEAD, action="agree to a statement")
    with acting(actor):
        statement = _in_status(actor, statement_id, *OPEN, wanted="agreed")
        if lines_hash and lines_hash != statement.lines_hash:
            raise StatementChanged(statement_id=statement_id)
        _move(actor, statement, "agreed")


def statement_approve(*, actor: Actor, statement_id: int) -> None:
    """Approve an agreed statement for the creditor.

    Raises:
        Forbidden: the actor is not an accountant, or not a person.
        Absent: there is no such statement for this actor.
        StatementOutOfOrder: it is not agreed.
    """
    require(actor, Role.ACCOUNTANT, action="approve a statement")
    _require_person(actor, action="approve a statement", role=Role.ACCOUNTANT.value)
    with acting(actor):
        _move(actor, _in_status(actor, statement_id, "agreed", wanted="approved"), "approved")


def statement_freeze(*, actor: Actor, statement_id: int) -> int | None:
    """Freeze an approved statement and book it; returns the number of its ledger entry, or None when its total is zero.

    Debit commission_expense, credit commission_payable under the agency, on the month's last day; a total below zero the other way round. A
    total of zero moves nothing, so nothing is booked.

    Raises:
        Forbidden: the actor is not a manager, or not a person.
        SamePersonTwice: the actor approved it.
        Absent: there is no such statement for this actor.
        StatementOutOfOrder: it is not approved.
        StatementBroken: its lines do not sum to its total; nothing is booked.

    Guarantees: Σ lines = total = movement in the ledger.
    """
    require(actor, Role.MANAGER, action="freeze a statement")
    _require_person(actor, action="freeze a statement", role=Role.MANAGER.value)
    with acting(actor):
        statement = _in_status(actor, statement_id, "approved", wanted="frozen")
        approver = StatementTransition.objects.get(creditor_id=actor.creditor_id, statement=statement, status="approved").actor_id
        approval_decide(
            actor=actor,
            subject_kind="statement",
            subject_id=statement.pk,
            content_hash=statement.lines_hash,
            requested_by=approver,
            is_granted=True,
        )
        _check(statement)
        entry_id = _book(statement)
        _move(actor, statement, "frozen")
        return entry_id


def _require_person(actor: Actor, *, action: str, role: str) -> None:
    if actor.user_id <= 0:
        raise Forbidden(action=f"{action} without a person", role=role)


def _in_status(actor: Actor, statement_id: int, *statuses: str, wanted: str) -> Statement:
    """Return the statement, locked, if it is in one of the statuses."""
    statement = access_statement(actor, statement_id=statement_id)
    lock_statement(contract_id=statement.contract_id, month=statement.month)
    statement.refresh_from_db()
    found = statement_status(statement)
    if found not in statuses:
        raise StatementOutOfOrder(statement_id=statement_id, status=found, wanted=wanted)
    return statement


def _move(actor: Actor, statement: Statement, status: str) -> None:
    StatementTransition.objects.create(creditor_id=actor.creditor_id, statement=statement, status=status, actor_id=actor.user_id, at=now())
    details = {"total_minor": statement.total_minor, "currency": statement.currency, "lines_hash": statement.lines_hash}
    note_statement(actor, action=f"statement_{status}", statement=statement, details=details)


def _check(statement: Statement) -> None:
    lines = StatementLine.objects.filter(creditor_id=statement.creditor_id, statement=statement)
    lines_minor = int(lines.aggregate(total=Sum("amount_minor"))["total"] or 0)
    if (lines_minor, lines.count()) != (statement.total_minor, statement.line_count):
        raise StatementBroken(statement_id=statement.pk, total_minor=statement.total_minor, lines_minor=lines_minor)


def _book(statement: Statement) -> int | None:
    if not statement.total_minor:
        return None
    last_on = month_bounds(statement.month)[1]
    entry_id = entry_post(
        creditor_id=statement.creditor_id,
        kind="commission",
        source_kind="statement",
        source_id=statement.pk,
        value_on=last_on,
        booked_on=last_on,
        postings=[
            PostingLine("commission_expense", statement.total_minor, statement.currency, agency_id=statement.agency_id),
            PostingLine("commission_payable", -statement.total_minor, statement.currency, agency_id=statement.agency_id),
        ],
    )
    Statement.objects.filter(creditor_id=statement.creditor_id, pk=statement.pk).update(entry_id=entry_id)
    return entry_id

"""Payments come in, statements are read and agreed to."""

from __future__ import annotations

import hashlib
from typing import Any

import pyarrow as pa
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from ninja import Query, Router

from duecourse.doors.api.bearer import Token, performed
from duecourse.doors.api.contacts import KEY
from duecourse.doors.api.paging import Changes, Number, Paging, page_of
from duecourse.doors.api.problems import row_problems
from duecourse.doors.api.schemas import AgreeIn, PaymentsIn, PaymentsOut, StatementOut, StatementPageOut, StatementsPage
from duecourse.kit.errors import Absent
from duecourse.ledger.services import idempotency_once
from duecourse.parties.access import Actor, Bearer, acting
from duecourse.repayment.services import PAYMENTS, PaymentsRecorded, payments_record
from duecourse.settlement.models import Statement, StatementLine, StatementTransition
from duecourse.settlement.services import statement_agree

router = Router(tags=["money"])

AGREED = frozenset({"agreed", "approved", "frozen"})
_COUNTS = ("payment_count", "reversal_count", "duplicate_count", "suspense_count", "attributed_count", "received_minor")
_STATEMENT = (
    *("id", "month", "contract_id", "agency_id", "currency", "total_minor", "line_count"),
    *("lines_hash", "drafted_at", "status"),
)
_LINE = (
    *("id", "kind", "payment_id", "placement_id", "batch_id", "product_class", "days_past_due", "hand", "basis_minor"),
    *("rate_bp", "rate_numerator", "rate_denominator", "amount_minor", "original_line_id"),
)


class StatementsWanted(Changes):
    """Which statements."""


@router.post("/payments", response=PaymentsOut, auth=Token("payments:write"), operation_id="payments_record")
def record_payments(request: HttpRequest, body: PaymentsIn, idempotency_key: str | None = KEY) -> dict[str, Any]:
    """Record payments and reversals: each (bank_account, external_ref) once, good rows whatever the others are.

    Sent again, the rows count as duplicates and nothing changes; an Idempotency-Key with another body is a conflict.
    """
    columns = {field.name: field for field in PAYMENTS if field.name in type(body.rows[0]).model_fields}
    frame = pa.Table.from_pylist([row.dict() for row in body.rows], schema=pa.schema(list(columns.values())))

    def record(bearer: Bearer) -> PaymentsRecorded:
        if idempotency_key:
            digest = hashlib.sha256(request.body).hexdigest()
            idempotency_once(
                creditor_id=bearer.actor.creditor_id,
                scope="api_payments",
                key=idempotency_key,
                request_hash=digest,
                effect=lambda: ("payments", 0),
            )
        return payments_record(actor=bearer.actor, frame=frame)

    result = performed(request, record)
    counts = {name: getattr(result, name) for name in _COUNTS}
    return counts | {"problems": row_problems(request, result.problems), "is_test": request.auth.is_test}


@router.get("/statements", response=StatementsPage, auth=Token("statements:read"), operation_id="statements_list")
def statements_list(request: HttpRequest, wanted: Query[StatementsWanted]) -> dict[str, Any]:
    """List statements; an agency gets its own."""
    with acting(request.auth.actor) as actor:
        found = _statements(actor)
        if wanted.updated_since is not None:
            steps = StatementTransition.objects.filter(creditor_id=actor.creditor_id, at__gte=wanted.updated_since)
            found = found.filter(pk__in=steps.values("statement_id"))
        return page_of(found, paging=wanted, shape=_statement)


@router.get("/statements/{statement_id}", response=StatementPageOut, auth=Token("statements:read"), operation_id="statement_get")
def statement_get(request: HttpRequest, statement_id: Number, wanted: Query[Paging]) -> dict[str, Any]:
    """Return one statement with its history and a page of its lines; `cursor`, `limit` and `ids` are of the lines."""
    with acting(request.auth.actor) as actor:
        statement = _found(actor, statement_id)
        own = {"creditor_id": actor.creditor_id, "statement_id": statement_id}
        lines = page_of(StatementLine.objects.filter(**own), paging=wanted, shape=lambda row: {n: getattr(row, n) for n in _LINE})
        steps = list(StatementTransition.objects.filter(**own).order_by("pk").values("status", "at"))
    return _statement(statement) | {"transitions": steps, "lines": lines}


@router.post("/statements/{statement_id}/agree", response=StatementOut, auth=Token("statements:agree"), operation_id="statement_agree")
def agree(request: HttpRequest, statement_id: Number, body: AgreeIn) -> dict[str, Any]:
    """Agree to a statement on the agency's behalf; agreeing to the same lines again changes nothing."""

    def effect(bearer: Bearer) -> Statement:
        statement = _found(bearer.actor, statement_id)
        if statement.status in AGREED and statement.lines_hash == body.lines_hash:
            return statement
        statement_agree(actor=bearer.actor, statement_id=statement_id, lines_hash=body.lines_hash)
        return _found(bearer.actor, statement_id)

    return _statement(performed(request, effect))


def _statements(actor: Actor) -> QuerySet[Statement]:
    steps = StatementTransition.objects.filter(creditor_id=OuterRef("creditor_id"), statement_id=OuterRef("pk")).order_by("-pk")
    return Statement.objects.filter(creditor_id=actor.creditor_id).annotate(status=Subquery(steps.values("status")[:1]))


def _found(actor: Actor, statement_id: int) -> Statement:
    statement = _statements(actor).filter(pk=statement_id).first()
    if statement is None:
        raise Absent(entity="statement")
    return statement


def _statement(row: Statement) -> dict[str, Any]:
    return {name: getattr(row, name) for name in _STATEMENT}

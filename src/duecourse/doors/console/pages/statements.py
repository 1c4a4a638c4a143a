"""Statements: what an agency earned in a month, line by line, against the ledger; agreed, approved and frozen by role."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from duecourse.doors.console.pages.refusals import performers
from duecourse.doors.console.shell import creditor_only
from duecourse.doors.console.tables import Column, Filter, Listing, Text, listing_page
from duecourse.doors.words import is_chinese, word
from duecourse.kit.errors import Absent
from duecourse.kit.records import Field, RecordSpec, write_csv, write_xlsx
from duecourse.ledger.selectors.pages import page_stream
from duecourse.ledger.services import audit_append
from duecourse.parties.access import Actor, require
from duecourse.parties.models import Role
from duecourse.settlement.selectors.pages import LINES_PAGE, STATEMENTS_PAGE, statement_explained
from duecourse.settlement.services import statement_approve, statement_freeze

STATES = ("draft", "disputed", "agreed", "approved", "frozen")
LINE_KINDS = ("commission", "reversal", "clawback")


def _states(_actor: Actor) -> list[tuple[str, Text]]:
    return [(state, word(state)) for state in STATES]


def _kinds(_actor: Actor) -> list[tuple[str, Text]]:
    return [(kind, word(kind)) for kind in LINE_KINDS]


STATEMENTS = Listing(
    name="statements",
    title=gettext_lazy("Statements"),
    query=STATEMENTS_PAGE,
    order="-month",
    columns=(
        Column("month", gettext_lazy("Month"), order="month", link=lambda row: reverse("statement", args=[row["id"]])),
        Column("agency_name", gettext_lazy("Agency"), order="agency"),
        Column("contract_code", gettext_lazy("Contract")),
        Column("status", gettext_lazy("Status"), kind="badge"),
        Column("line_count", gettext_lazy("Lines"), kind="count"),
        Column("total_minor", gettext_lazy("Commission"), kind="money", order="total"),
        Column("is_booked", gettext_lazy("Booked"), kind="bool"),
        Column("drafted_at", gettext_lazy("Drawn up"), kind="instant", is_shown=False),
    ),
    filters=(
        Filter("month", gettext_lazy("Month"), hint="2026-09"),
        Filter("agency", gettext_lazy("Agency"), choices=performers),
        Filter("status", gettext_lazy("Status"), choices=_states),
    ),
)
LINES = Listing(
    name="statement-lines",
    title=gettext_lazy("Lines"),
    query=LINES_PAGE,
    order="line",
    columns=(
        Column("recognised_on", gettext_lazy("Recognised"), kind="day", order="day"),
        Column("kind", gettext_lazy("Kind"), kind="badge"),
        Column("account_number", gettext_lazy("Account"), kind="code", link=lambda row: reverse("case", args=[row["case_id"]])),
        Column("external_ref", gettext_lazy("Payment"), kind="code", link=lambda row: reverse("payment", args=[row["payment_id"]])),
        Column("batch_code", gettext_lazy("Batch"), is_shown=False),
        Column("product_class", gettext_lazy("Product"), kind="word", is_shown=False),
        Column("days_past_due", gettext_lazy("Days past due"), kind="count"),
        Column("hand", gettext_lazy("Hand"), kind="count", is_shown=False),
        Column("basis_minor", gettext_lazy("Basis"), kind="money", order="basis"),
        Column("rate", gettext_lazy("Rate"), can_export=False),
        Column("multiplier", gettext_lazy("Multiplier"), is_shown=False, can_export=False),
        Column("amount_minor", gettext_lazy("Commission"), kind="money", order="amount"),
        Column("original", gettext_lazy("Takes back"), can_export=False),
        Column("line_key", gettext_lazy("Line"), kind="code", is_shown=False),
    ),
    filters=(
        Filter("kind", gettext_lazy("Kind"), choices=_kinds),
        Filter("batch", gettext_lazy("Batch")),
        Filter("account", gettext_lazy("Account")),
    ),
    parameters=lambda _actor: {"statement": 0},
    roles=(Role.ACCOUNTANT, Role.MANAGER),
)
"""The lines of one statement, which its page names; outside of it there is no statement, and so no line."""

_COLUMNS: tuple[tuple[str, str, str, str], ...] = (
    ("line_key", "text", "Line", "明细号"),
    ("kind", "text", "Kind", "类型"),
    ("recognised_on", "date", "Recognised", "认定日"),
    ("account_number", "text", "Account", "账户编号"),
    ("external_ref", "text", "Payment", "还款流水号"),
    ("batch_code", "text", "Batch", "批次"),
    ("product_class", "text", "Product", "产品类别"),
    ("days_past_due", "integer", "Days past due", "逾期天数"),
    ("hand", "integer", "Hand", "手别"),
    ("currency", "text", "Currency", "币种"),
    ("basis_minor", "amount", "Basis", "计佣基数"),
    ("achieved_bp", "integer", "Recovery (bp)", "回款率（基点）"),
    ("rate_bp", "integer", "Rate (bp)", "费率（基点）"),
    ("rate_numerator", "integer", "Exact rate, numerator", "精确费率分子"),
    ("rate_denominator", "integer", "Exact rate, denominator", "精确费率分母"),
    ("multiplier_bp", "integer", "Multiplier (bp)", "合规系数（基点）"),
    ("amount_minor", "amount", "Commission", "佣金"),
    ("original_key", "text", "Takes back line", "扣回明细号"),
)
SPEC = RecordSpec("statement", tuple(Field(name=name, type=kind, en=en, zh=zh) for name, kind, en, zh in _COLUMNS))
MEDIA_TYPES = {"csv": "text/csv; charset=utf-8", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}


@require_safe
@creditor_only
def statements(request: HttpRequest) -> HttpResponse:
    """List the statements."""
    return listing_page(request, STATEMENTS)


@require_safe
@creditor_only
def statement(request: HttpRequest, statement_id: int) -> HttpResponse:
    """Show a statement: what its total rests on, then its lines."""
    listing = replace(LINES, parameters=lambda _actor: {"statement": statement_id})
    is_part = bool(request.htmx) and not request.htmx.boosted
    explained = statement_explained(actor=request.actor, statement_id=statement_id)
    extra = {"statement": explained} | ({} if is_part else _shown(request.actor, explained))
    response = listing_page(request, listing, template="console/statements/statement.html", extra=extra)
    for row in response.context_data["rows"]:
        row["rate"] = _rate(row)
        row["multiplier"] = rate_text(row["multiplier_bp"])
        row["original"] = f"{row['original_month']} · {row['original_key']}" if row["original_key"] else ""
    return response


@creditor_only
@require_POST
def approve(request: HttpRequest, statement_id: int) -> HttpResponse:
    """Approve an agreed statement for the creditor."""
    statement_approve(actor=request.actor, statement_id=statement_id)
    messages.success(request, _("The statement is approved. A manager freezes and books it."))
    return redirect("statement", statement_id)


@creditor_only
@require_POST
def freeze(request: HttpRequest, statement_id: int) -> HttpResponse:
    """Freeze an approved statement and book it; whoever approved it cannot."""
    entry_id = statement_freeze(actor=request.actor, statement_id=statement_id)
    told = (
        _("The statement is frozen and booked as entry {entry}.")
        if entry_id
        else _("The statement is frozen; its total is zero, so nothing is booked.")
    )
    messages.success(request, told.format(entry=entry_id))
    return redirect("statement", statement_id)


@require_safe
@creditor_only
def download(request: HttpRequest, statement_id: int, form: str) -> HttpResponse:
    """Give a statement's lines as a file; who took it, and which lines they were, stands in the trail."""
    require(request.actor, Role.ACCOUNTANT, Role.MANAGER, Role.COMPLIANCE, action="download a statement")
    if form not in MEDIA_TYPES:
        raise Absent(entity="file")
    head = statement_explained(actor=request.actor, statement_id=statement_id)
    name = f"{head['month']}-{head['agency_code']}-{head['contract_code']}-{head['lines_hash'][:8]}.{form}"
    lang = "zh" if is_chinese() else "en"
    with tempfile.TemporaryDirectory(prefix="duecourse-statement-") as folder:
        target = Path(folder, f"statement.{form}")
        write = write_csv if form == "csv" else write_xlsx
        line_count = write(target, _tables(request.actor, statement_id), spec=SPEC, lang=lang, currency=head["currency"])
        content = target.read_bytes()
    details = {"form": form, "line_count": line_count, "lines_hash": head["lines_hash"], "status": head["status"]}
    audit_append(
        creditor_id=request.actor.creditor_id,
        action="statement_downloaded",
        subject_kind="statement",
        subject_id=statement_id,
        details=details,
    )
    headers = {"Content-Disposition": content_disposition_header(as_attachment=True, filename=name) or "attachment"}
    return HttpResponse(content, content_type=MEDIA_TYPES[form], headers=headers)


def rate_text(rate_bp: int) -> str:
    """Return a rate of basis points as a percentage with two decimals."""
    return f"{'-' if rate_bp < 0 else ''}{abs(rate_bp) // 100}.{abs(rate_bp) % 100:02d}%"


def _rate(row: dict[str, Any]) -> str:
    """Return a line's rate, with the exact fraction where basis points do not tell it."""
    is_exact = row["rate_bp"] * row["rate_denominator"] * row["multiplier_bp"] == row["rate_numerator"] * 10_000 * 10_000
    return rate_text(row["rate_bp"]) if is_exact else f"{rate_text(row['rate_bp'])} ({row['rate_numerator']}/{row['rate_denominator']})"


def _tables(actor: Actor, statement_id: int) -> Iterator[pa.Table]:
    schema = pa.schema([pa.field(field.name, field.arrow_type) for field in SPEC.kept])
    rows = page_stream(LINES_PAGE, creditor_id=actor.creditor_id, order="line", parameters={"statement": statement_id})
    for part in rows:
        yield pa.Table.from_pylist([{name: row[name] for name in schema.names} for row in part], schema=schema)


def _shown(actor: Actor, explained: dict[str, Any]) -> dict[str, Any]:
    """Return what the page needs beside the facts: whose turn it is, and whether the sums agree."""
    approver = next((step["actor_id"] for step in explained["steps"] if step["status"] == "approved"), None)
    status = explained["status"]
    return {
        "kinds": [(kind, explained["kinds"][kind]) for kind in LINE_KINDS if kind in explained["kinds"]],
        "lines_minor": sum(sums["amount_minor"] for sums in explained["kinds"].values()),
        "may_approve": status == "agreed" and Role.ACCOUNTANT in actor.roles,
        "may_freeze": status == "approved" and Role.MANAGER in actor.roles and approver != actor.user_id,
        "is_own_approval": status == "approved" and approver == actor.user_id,
        "may_download": not actor.roles.isdisjoint({Role.ACCOUNTANT, Role.MANAGER, Role.COMPLIANCE}),
    }


urlpatterns = [
    path("statements/", statements, name="statements"),
    path("statements/<int:statement_id>/", statement, name="statement"),
    path("statements/<int:statement_id>/approve/", approve, name="statement-approve"),
    path("statements/<int:statement_id>/freeze/", freeze, name="statement-freeze"),
    path("statements/<int:statement_id>/lines.<str:form>", download, name="statement-download"),
]

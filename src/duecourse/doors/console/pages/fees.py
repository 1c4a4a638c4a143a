"""The fee-schedule editor: a grid, checked as one types, with a worked example by the engine that settles."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from duecourse.doors.console import fee_grid
from duecourse.doors.console.shell import creditor_only, today
from duecourse.engine.ageing import STANDARD_BUCKETS
from duecourse.kit.errors import Absent, Conflict, DuecourseError, InvalidInput, fill
from duecourse.kit.money import parse_amount, plain_amount
from duecourse.parties import selectors, services
from duecourse.parties.access import Actor, require
from duecourse.parties.errors import TermsMoved
from duecourse.parties.models import ContractVersion, FeeSchedule, Role

_NEW_ROW = dict.fromkeys(fee_grid.CELLS, "")
_EXAMPLE = {"amount": 100_000, "days": "61", "hand": "1", "achieved": "12", "product": ""}


@require_http_methods(["GET", "HEAD", "POST"])
@creditor_only
def fees(request: HttpRequest, contract_id: int, version_id: int) -> HttpResponse:
    """Show the grid, prefilled from the newest schedule, and save it as a schedule from a day on."""
    require(request.actor, Role.MANAGER, action="set fees")
    version, last = _version(request.actor, contract_id, version_id), _newest(request.actor, contract_id, version_id)
    if request.method != "POST":
        rows = [fee_grid.row_of(line) for line in _lines(request.actor, last)] or [_NEW_ROW]
        effective_on = version.effective_on if last is None or last.contract_version_id != version.pk else today(request)
        return _page(request, version, last, rows=rows, effective_on=effective_on.isoformat())
    rows, typed_day = _rows(request.POST), request.POST.get("effective_on", "")
    grid = fee_grid.read(rows, products=version.products or ())
    own_id = last.pk if last and last.contract_version_id == version.pk else 0
    try:
        effective_on = date.fromisoformat(typed_day)
    except ValueError:
        return _page(request, version, last, rows=rows, effective_on=typed_day, refusal=_("Write a day as 2026-09-30."), status=422)
    if not grid.is_whole:
        return _page(request, version, last, rows=rows, effective_on=typed_day, status=422)
    if not version.effective_on <= effective_on < version.expires_on:
        refusal = _("The fees begin within the version: from %(from)s, before %(until)s.")
        refusal %= {"from": version.effective_on.isoformat(), "until": version.expires_on.isoformat()}
        return _page(request, version, last, rows=rows, effective_on=typed_day, refusal=refusal, status=422)
    seen = request.POST.get("seen", "")
    try:
        services.fee_schedule_set(
            actor=request.actor,
            contract_version_id=version.pk,
            effective_on=effective_on,
            lines=list(grid.lines),
            seen_schedule_id=int(seen) if seen.isascii() and seen.isdecimal() else own_id + 1,
        )
    except TermsMoved:
        return _moved(request, version, last, grid=grid, effective_on=typed_day, seen=seen)
    except (InvalidInput, Conflict) as error:
        return _page(request, version, last, rows=rows, effective_on=typed_day, refusal=_words(error), status=error.http_status)
    messages.success(request, _("The fees hold from %(day)s.") % {"day": effective_on.isoformat()})
    return redirect("contract", contract_id=contract_id)


@creditor_only
@require_POST
def grid(request: HttpRequest, contract_id: int, version_id: int) -> HttpResponse:
    """Give the grid after a row was added, copied or removed, or rows were pasted; or only what is wrong with it, as one types."""
    require(request.actor, Role.MANAGER, action="set fees")
    version = _version(request.actor, contract_id, version_id)
    rows, done = _rows(request.POST), request.POST.get("do", "")
    if not done:
        context = _checked(request, version, rows)
        return TemplateResponse(request, "console/contracts/check.html", context)
    action, _sign, number = done.partition("-")
    at = int(number) - 1 if number.isascii() and number.isdecimal() else -1
    if action == "add" and len(rows) < fee_grid.ROWS_MAX:
        rows.append(dict(_NEW_ROW))
    elif action == "copy" and 0 <= at < len(rows) < fee_grid.ROWS_MAX:
        rows.insert(at + 1, dict(rows[at]))
    elif action == "remove" and 0 <= at < len(rows):
        rows.pop(at)
    elif action == "paste":
        found = fee_grid.pasted(request.POST.get("pasted", "")[:40_000])
        kept = [row for row in rows if any(row.values())] if "keep" in request.POST else []
        rows = (kept + found)[: fee_grid.ROWS_MAX]
    return TemplateResponse(request, "console/contracts/grid.html", _checked(request, version, rows or [dict(_NEW_ROW)]))


def _checked(request: HttpRequest, version: ContractVersion, rows: list[dict[str, str]]) -> dict[str, Any]:
    """Return the grid, what is wrong with it, and the worked example."""
    found = fee_grid.read(rows, products=version.products or ())
    given = request.POST if request.method == "POST" else QueryDict()
    return {
        "version": version,
        "contract_id": version.contract_id,
        "grid": found,
        "example": _example(given, found, version),
        "has_many": len(found.rows) > 1,
    }


def _page(
    request: HttpRequest,
    version: ContractVersion,
    last: FeeSchedule | None,
    *,
    rows: list[dict[str, str]],
    effective_on: str,
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    is_own = last is not None and last.contract_version_id == version.pk
    context = _checked(request, version, rows) | {
        "contract": selectors.access_contract(actor=request.actor, contract_id=version.contract_id),
        "last": last,
        "is_own": is_own,
        "seen": request.POST.get("seen") or (last.pk if is_own and last else 0),
        "effective_on": effective_on,
        "refusal": refusal,
        "buckets": _bucket_names(),
    }
    return TemplateResponse(request, "console/contracts/fees.html", context, status=status)


def _moved(
    request: HttpRequest, version: ContractVersion, last: FeeSchedule | None, *, grid: fee_grid.Grid, effective_on: str, seen: str
) -> HttpResponse:
    """Show what somebody else saved meanwhile beside what was typed; nothing of either is lost."""
    before = _of_number(request.actor, version, seen)
    sides = [[fee_grid.row_of(line) for line in _lines(request.actor, row)] for row in (before, last)]
    typed = [fee_grid.row_of(line) for line in grid.lines]
    rows = [
        {"row": row, "is_seen": row in sides[0], "is_now": row in sides[1], "is_typed": row in typed}
        for row in _each_once([*sides[1], *typed, *sides[0]])
    ]
    context = {
        "version": version,
        "contract_id": version.contract_id,
        "contract": selectors.access_contract(actor=request.actor, contract_id=version.contract_id),
        "last": last,
        "rows": rows,
        "typed": typed,
        "effective_on": effective_on,
        "is_same_day": last is not None and last.effective_on.isoformat() == effective_on,
    }
    return TemplateResponse(request, "console/contracts/fees_changed.html", context, status=409)


def _each_once(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    return list({tuple(row.items()): row for row in rows}.values())


def _version(actor: Actor, contract_id: int, version_id: int) -> ContractVersion:
    version = selectors.access_contract_version(actor=actor, contract_version_id=version_id)
    if version.contract_id != contract_id:
        raise Absent(entity="contract version")
    return version


def _newest(actor: Actor, contract_id: int, version_id: int) -> FeeSchedule | None:
    """Return the schedule of the version that was saved last, or of the version before it that has one, to begin from."""
    versions = [row.pk for row in selectors.contract_versions(actor=actor, contract_id=contract_id)]
    found = selectors.fee_schedules(actor=actor, contract_version_ids=versions[versions.index(version_id) :])
    own = [row for row in found if row.contract_version_id == version_id]
    return max(own, key=lambda row: row.pk) if own else max(found, key=lambda row: row.pk, default=None)


def _of_number(actor: Actor, version: ContractVersion, number: str) -> FeeSchedule | None:
    found = selectors.fee_schedules(actor=actor, contract_version_ids=[version.pk])
    return next((row for row in found if str(row.pk) == number), None)


def _lines(actor: Actor, schedule: FeeSchedule | None) -> list[dict[str, Any]]:
    return selectors.schedule_lines(fee_schedule_id=schedule.pk, creditor_id=actor.creditor_id) if schedule else []


def _rows(given: QueryDict) -> list[dict[str, str]]:
    columns = [given.getlist(cell) for cell in fee_grid.CELLS]
    rows = [dict(zip(fee_grid.CELLS, cells, strict=True)) for cells in zip(*columns, strict=False)]
    return rows[: fee_grid.ROWS_MAX]


def _example(given: Mapping[str, str], found: fee_grid.Grid, version: ContractVersion) -> dict[str, Any]:
    """Return what one payment would earn, with the inputs as they were typed."""
    typed = {name: given.get(f"example_{name}", "") or str(default) for name, default in _EXAMPLE.items()}
    if "example_amount" not in given:
        typed["amount"] = plain_amount(_EXAMPLE["amount"], version.currency)
    typed["product"] = given.get("example_product", "") or (version.products or ["*"])[0]
    answer: dict[str, Any] = {"typed": typed, "currency": version.currency}
    if not found.lines or len(found.lines) != len(found.rows):
        return answer | {"problem": _("The example appears once every line can be read.")}
    try:
        amount_minor = parse_amount(typed["amount"], currency=version.currency)
    except DuecourseError as error:
        return answer | {"problem": _words(error)}
    achieved_bp = fee_grid.basis_points_of(typed["achieved"])
    if achieved_bp is None or not (_is_count(typed["days"]) and _is_count(typed["hand"])) or amount_minor <= 0:
        return answer | {"problem": _("Write whole days and hands, a recovery in percent, and an amount above zero.")}
    payment = {
        "amount_minor": amount_minor,
        "currency": version.currency,
        "product_class": typed["product"][:40],
        "days_past_due": int(typed["days"]),
        "hand": int(typed["hand"]),
    }
    result = fee_grid.example(found.lines, payment=payment, achieved_bp=achieved_bp, rounding=version.rounding, tier_mode=version.tier_mode)
    if result.commission_minor is None:
        return answer | {"problem": result.problem}
    return answer | {
        "amount_minor": amount_minor,
        "commission_minor": result.commission_minor,
        "rate": fee_grid.percent_text(result.rate_bp),
        "bucket": STANDARD_BUCKETS.label(int(typed["days"])),
        "problem": "",
    }


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdecimal() and 0 < len(text) < 6 and int(text) > 0


def _bucket_names() -> str:
    firsts = STANDARD_BUCKETS.first_days
    ends = [f"{after - 1}" for after in firsts[1:]]
    return ", ".join(f"M{number} = {first}–{end}" for number, (first, end) in enumerate(zip(firsts, ends, strict=False), start=1))


def _words(error: DuecourseError) -> str:
    return " ".join(fill(_(template), error.parameters) for template in (error.what, error.why, error.todo) if template)


urlpatterns = [
    path("contracts/<int:contract_id>/versions/<int:version_id>/fees/", fees, name="fees"),
    path("contracts/<int:contract_id>/versions/<int:version_id>/fees/grid/", grid, name="fees-grid"),
]

"""Batches: what each agency was given, how its rate stands against goal and term, its package, and what is owed or idle in it."""

from __future__ import annotations

import json
from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from duecourse.doors import desk, evidence
from duecourse.doors.console.pages.desk.move_words import LIFE, case_address, life_text
from duecourse.doors.console.shell import creditor_only, today
from duecourse.doors.console.tables import Column, Filter, Listing, listing_page
from duecourse.kit.money import BASIS_POINTS
from duecourse.ledger.selectors import page, page_count
from duecourse.parties.access import Actor
from duecourse.parties.models import Agency
from duecourse.placement import selectors
from duecourse.placement.models import BatchReceipt, Handover

CASES_SHOWN = 25


def _agencies(actor: Actor) -> list[tuple[str, str]]:
    found = Agency.objects.filter(creditor_id=actor.creditor_id).order_by("code")
    return [(str(number), name) for number, name in found.values_list("pk", "name")]


BATCHES = Listing(
    name="batches",
    title=_("Batches"),
    query=selectors.BATCHES,
    order="-placed_on",
    columns=(
        Column("code", _("Batch"), kind="code", link=lambda row: reverse("batch", args=[row["batch_id"]])),
        Column("agency_code", _("Agency")),
        Column("agency_name", _("Agency's name"), is_shown=False),
        Column("placed_on", _("Placed on"), kind="day", order="placed_on"),
        Column("term_until_on", _("Term until"), kind="day", order="term"),
        Column("case_count", _("Cases"), kind="count", order="cases"),
        Column("open_count", _("Open"), kind="count", can_export=False),
        Column("placed_minor", _("Placed"), kind="money", order="placed"),
        Column("rate_share", _("Live rate"), kind="percent", can_export=False),
        Column("pace_share", _("Pace"), kind="percent", can_export=False),
        Column("elapsed_share", _("Term gone by"), kind="percent", can_export=False),
        Column("package", _("Package"), kind="code", is_shown=False, can_export=False),
        Column("accepted_at", _("Accepted by the agency"), kind="instant"),
        Column("contract_code", _("Contract"), kind="code", is_shown=False),
        Column("handed_over_at", _("Handed over"), kind="instant", is_shown=False),
    ),
    filters=(
        Filter("agency", _("Agency"), choices=_agencies),
        Filter("month", _("Month"), hint="2026-09"),
        Filter("open", _("Open"), choices=lambda _actor: [("yes", _("has open cases")), ("no", _("all ended"))]),
        Filter("ends_by", _("Term ends by"), kind="date"),
        Filter("package", _("Package"), choices=lambda _actor: [("yes", _("made")), ("no", _("not made yet"))]),
        Filter("accepted", _("Accepted by the agency"), choices=lambda _actor: [("yes", _("by the agency")), ("no", _("not yet"))]),
        Filter("allocation", _("Allocation"), kind="number"),
    ),
)

CASES = Listing(
    name="batch-cases",
    title=_("Cases of batches"),
    query=selectors.PLACEMENTS,
    order="-placed",
    columns=(
        Column("number", _("Account"), kind="code", link=case_address),
        Column("batch_code", _("Batch"), kind="code"),
        Column("agency_code", _("Agency")),
        Column("placed_minor", _("Placed"), kind="money", order="placed"),
        Column("days_past_due", _("Days past due"), kind="count", order="days"),
        Column("hand", _("Hand"), kind="count"),
        Column("status", _("State")),
        Column("term_until_on", _("Term until"), kind="day", order="term"),
        Column("last_on", _("Final day"), kind="day"),
        Column("is_random_slice", _("At random"), kind="bool"),
        Column("ended_at", _("Ended"), kind="instant", is_shown=False),
        Column("case_id", _("Case"), kind="code", order="case", is_shown=False),
    ),
    filters=(
        Filter("batch", _("Batch's number"), kind="number"),
        Filter("open", _("Open"), choices=lambda _actor: [("yes", _("with the agency")), ("no", _("ended"))]),
        Filter("q", _("Account number begins with")),
        Filter("agency", _("Agency"), choices=_agencies),
        Filter("status", _("State"), choices=lambda _actor: [(code, life_text(code)) for code in LIFE]),
        Filter("ends_by", _("Term ends by"), kind="date"),
    ),
)


@require_safe
@creditor_only
def listed(request: HttpRequest) -> HttpResponse:
    """List the batches with their live rates, which are read for the page's batches together."""
    response = listing_page(request, BATCHES, template="console/batches/list.html")
    rows = response.context_data["rows"]
    batch_ids = [row["batch_id"] for row in rows]
    rates = _rates(request, batch_ids) if rows else {}
    for row in rows:
        rate = rates[row["batch_id"]]
        shares = _shares(rate)
        row |= {f"{name}_share": shares[of] for name, of in (("rate", "rate"), ("pace", "pace_rate"), ("elapsed", "elapsed"))}
        row["open_count"] = rate.open_count
        row["package"] = row["sha256"][:12] if row["sha256"] else gettext("not made yet")
    return response


def _rates(request: HttpRequest, batch_ids: Sequence[int]) -> dict[int, selectors.BatchRate]:
    recovered = evidence.recovered_of_batches(actor=request.actor, on=today(request), batch_ids=batch_ids)
    return selectors.batch_rates(creditor_id=request.actor.creditor_id, batch_ids=batch_ids, on=today(request), recovered=recovered)


def _shares(rate: selectors.BatchRate) -> dict[str, float | None]:
    """Return the rates of a batch as proportions; what there is no rate of is None."""
    rates = {
        "rate": rate.rate_bp,
        "contract_rate": rate.contract_rate_bp,
        "goal_rate": rate.goal_rate_bp,
        "elapsed": rate.elapsed_bp,
        "pace_rate": rate.pace_rate_bp,
    }
    return {name: None if value is None else value / BASIS_POINTS for name, value in rates.items()}


@require_safe
@creditor_only
def shown(request: HttpRequest, batch_id: int) -> HttpResponse:
    """Show one batch: its rate against goal and term, its package, its acceptance, what is owed and idle, and its cases."""
    actor = request.actor
    batch = selectors.access_batch(actor, batch_id=batch_id)
    rate = _rates(request, [batch.pk])[batch.pk]
    handover = Handover.objects.filter(creditor_id=actor.creditor_id, batch=batch).first()
    wanted = {"creditor_id": actor.creditor_id, "parameters": desk.desk_parameters(actor)}
    dues = {
        due: page_count(desk.DESK, filters={"due": due, "batch": batch.code}, **wanted) for due in ("owed", "idle", "rotation", "pending")
    }
    cases = page(selectors.PLACEMENTS, creditor_id=actor.creditor_id, order="-placed", filters={"batch": str(batch.pk)}, limit=CASES_SHOWN)
    receipts = BatchReceipt.objects.filter(creditor_id=actor.creditor_id, batch=batch).order_by("pk")
    context = {
        "batch": batch,
        "rate": rate,
        "shares": _shares(rate),
        "is_behind": rate.pace_rate_bp is not None and rate.rate_bp is not None and rate.rate_bp < rate.pace_rate_bp,
        "bars": _bars(rate),
        "handover": handover,
        "manifest_text": json.dumps(handover.manifest, ensure_ascii=False, indent=1, sort_keys=True) if handover else "",
        "receipts": list(receipts),
        "dues": [(code, text, dues[code]) for code, text in _dues().items()],
        "cases": [row | {"address": case_address(row), "status": life_text(row["status"])} for row in cases.rows],
        "is_more": cases.after is not None,
    }
    return TemplateResponse(request, "console/batches/batch.html", context)


def _dues() -> dict[str, str]:
    return {
        "owed": gettext("First contact owed"),
        "idle": gettext("Idle"),
        "rotation": gettext("Days with this hand are over"),
        "pending": gettext("Recall pending"),
    }


def _bars(rate: selectors.BatchRate) -> dict[str, int]:
    """Return the places of rate, pace and goal on a bar of 100, which ends a fifth above the largest of them."""
    top = max(rate.rate_bp or 0, rate.goal_rate_bp or 0, rate.pace_rate_bp or 0, 1) * 6 // 5 or 1
    return {name: min(100, (getattr(rate, f"{name}_bp") or 0) * 100 // top) for name in ("rate", "goal_rate", "pace_rate")}


@require_safe
@creditor_only
def cases(request: HttpRequest) -> HttpResponse:
    """List the placements of batches."""
    response = listing_page(request, CASES, template="console/batches/cases.html")
    for row in response.context_data["rows"]:
        row["status"] = life_text(row["status"])
    return response


urlpatterns = [
    path("batches/", listed, name="batches"),
    path("batches/cases/", cases, name="batch-cases"),
    path("batches/<int:batch_id>/", shown, name="batch"),
]

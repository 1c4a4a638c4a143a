"""The first page of an agency's people: what a lead has to see to today, and a collector's list, the next best case first."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path
from django.views.decorators.http import require_safe

from duecourse.contact.selectors import attempted_frame, calls_made, calls_today, outcomes_owed, worklist
from duecourse.doors import evidence
from duecourse.doors.console.shell import agency_only, today
from duecourse.doors.workbench.shell import WHYS
from duecourse.kit.clock import now
from duecourse.parties.models import Agency
from duecourse.placement.selectors import agency_batches, batch_rates, collectors, first_contact_owed, idle_placements
from duecourse.settlement.selectors import statements

RATES_MAX = 6
SHOWN = 30


@agency_only
@require_safe
def workbench(request: HttpRequest) -> HttpResponse:
    """Show a lead the day's work of the agency, a collector their own list."""
    actor = request.actor
    made = calls_made(actor=actor, since=_midnight(request))
    owed = outcomes_owed(actor=actor)
    context: dict[str, Any] = {"agency": Agency.objects.get(creditor_id=actor.creditor_id, pk=actor.agency_id), "made": made, "owed": owed}
    if actor.is_collector:
        return TemplateResponse(request, "workbench/mine.html", context | _mine(request))
    return TemplateResponse(request, "workbench/lead.html", context | _lead(request))


def _mine(request: HttpRequest) -> dict[str, Any]:
    on = today(request)
    rows = worklist(actor=request.actor, on=on)
    calls = calls_today(actor=request.actor, zones={row["case_id"]: row["zone"] for row in rows[:SHOWN]}, at=now())
    for row in rows:
        row["calls"] = calls.get(row["case_id"])
        row["why_text"] = WHYS[row["why"]]
        row["late_days"] = (on - row["first_until_on"]).days if row["first_until_on"] else 0
    counts = {why: sum(row["why"] == why for row in rows) for why in WHYS}
    return {"rows": rows[:SHOWN], "counts": counts, "row_count": len(rows), "on": on, "user_owed": request.actor.user_id}


def _lead(request: HttpRequest) -> dict[str, Any]:
    actor, on = request.actor, today(request)
    batches = agency_batches(actor=actor)
    open_ones = [row for row in batches if row["open_count"]]
    attempted = attempted_frame(actor=actor, on=on)
    late = first_contact_owed(creditor_id=actor.creditor_id, on=on, attempted=attempted)
    idle = idle_placements(creditor_id=actor.creditor_id, on=on, attempted=attempted)
    people = collectors(actor=actor, on=on)
    shown_ids = [row["batch_id"] for row in open_ones[:RATES_MAX]]
    recovered = evidence.recovered_of_batches(actor=actor, on=on, batch_ids=shown_ids)
    rates = batch_rates(creditor_id=actor.creditor_id, batch_ids=shown_ids, on=on, recovered=recovered)
    shown = [row | {"rate": rates[row["batch_id"]], "left_days": (row["term_until_on"] - on).days} for row in open_ones[:RATES_MAX]]
    assigned_count = sum(row["assigned_count"] for row in open_ones)
    open_count = sum(row["open_count"] for row in open_ones)
    return {
        "on": on,
        "waiting": [row for row in open_ones if row["sha256"] and not row["accepted_at"]],
        "shown": shown,
        "more_count": max(0, len(open_ones) - RATES_MAX),
        "open_count": open_count,
        "unassigned_count": open_count - assigned_count,
        "to_assign_count": sum(row["open_count"] - row["assigned_count"] for row in open_ones if row["accepted_at"]),
        "late_count": len(late),
        "idle_count": len(idle),
        "late": late[:5],
        "idle": idle[:5],
        "left": [row for row in people if not row["is_active"]],
        "drafts": [row for row in statements(creditor_id=actor.creditor_id) if row["status"] == "draft"],
    }


def _midnight(request: HttpRequest) -> datetime:
    return datetime.combine(today(request), time(), tzinfo=ZoneInfo(request.creditor.zone))


urlpatterns = [path("", workbench, name="workbench")]

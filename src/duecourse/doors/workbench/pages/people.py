"""An agency's people with what they have, and its quotas."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path
from django.views.decorators.http import require_safe

from duecourse.contact.selectors import outcomes_owed
from duecourse.doors.console.shell import today
from duecourse.doors.workbench.pages.assign import assign_address
from duecourse.doors.workbench.shell import lead_only
from duecourse.parties.models import Qualification
from duecourse.parties.selectors import contract_versions_in_force
from duecourse.placement.selectors import agency_batches, collectors


@lead_only
@require_safe
def people(request: HttpRequest) -> HttpResponse:
    """Show who works at the agency, who left and still has cases, and how much of its quotas is used."""
    actor, on = request.actor, today(request)
    owed = outcomes_owed(actor=actor)
    rows = collectors(actor=actor, on=on)
    for row in rows:
        row["owed"] = [permit for permit in owed if permit["user_id"] == row["user_id"]]
        row["address"] = assign_address(collector=row["user_id"]) if row["case_count"] else ""
    papers = Qualification.objects.filter(creditor_id=actor.creditor_id, agency_id=actor.agency_id, valid_until_on__gt=on)
    context = {"rows": rows, "quotas": _quotas(request), "papers": list(papers.order_by("valid_until_on")), "on": on}
    return TemplateResponse(request, "workbench/people.html", context)


def _quotas(request: HttpRequest) -> list[dict[str, Any]]:
    """Return, per contract in force, its caps and what of them is used by open placements."""
    actor, on = request.actor, today(request)
    used: dict[int, list[dict[str, Any]]] = {}
    for row in agency_batches(actor=actor):
        used.setdefault(row["contract_id"], []).append(row)
    found = []
    for terms in contract_versions_in_force(actor=actor, on=on):
        rows = used.get(terms.contract_id, [])
        count, minor = sum(row["open_count"] for row in rows), sum(row["open_minor"] for row in rows)
        found.append({"contract": terms.contract, "terms": terms, "open_count": count, "open_minor": minor})
    return found


urlpatterns = [path("people/", people, name="work-people")]

"""The report of a month, as a page and as JSON. For the creditor's people; an agency's people find nothing here."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.response import TemplateResponse
from django.urls import path
from django.views.decorators.http import require_safe

from duecourse.doors.reporting import month_facts, month_shown
from duecourse.kit.errors import Absent
from duecourse.parties.access import Actor


@require_safe
def report(request: HttpRequest, month: str) -> HttpResponse:
    """Show the report of a month."""
    return TemplateResponse(request, "console/month.html", month_shown(_facts(request.actor, month)))


@require_safe
def report_json(request: HttpRequest, month: str) -> HttpResponse:
    """Give the same report as JSON."""
    response = JsonResponse(_facts(request.actor, month), json_dumps_params={"ensure_ascii": False, "indent": 1})
    response["Content-Disposition"] = f'attachment; filename="duecourse-{month}.json"'
    return response


def _facts(actor: Actor, month: str) -> dict[str, Any]:
    if actor.is_agency:
        raise Absent(entity="month")
    return month_facts(creditor_id=actor.creditor_id, month=month)


urlpatterns = [
    path("months/<month:month>/", report, name="month"),
    path("months/<month:month>/report.json", report_json, name="month-json"),
]

"""Finding a case by the number somebody reads out: an account's number or the case's own. Names and identities are not searched."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.views.decorators.http import require_safe

from duecourse.doors.console.shell import creditor_only
from duecourse.portfolio.selectors import cases_by_number

QUERY_MAX = 60


@require_safe
@creditor_only
def search(request: HttpRequest) -> HttpResponse:
    """Lead to the only case that bears the number, show those that do, or say that none does."""
    wanted = request.GET.get("q", "").strip()[:QUERY_MAX].replace("\x00", "")
    found = cases_by_number(creditor_id=request.actor.creditor_id, number=wanted) if wanted else []
    if len(found) == 1:
        return redirect("case", found[0]["case_id"])
    return TemplateResponse(request, "console/search.html", {"wanted": wanted, "found": found})


urlpatterns = [path("search/", search, name="search")]

"""An agency's people with what they have, and its quotas."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.translation import gettext
from django.views.decorators.http import require_POST, require_safe

from duecourse.contact.selectors import outcomes_owed
from duecourse.doors.console.collector_evidence import EvidenceForm, collector_evidence
from duecourse.doors.console.shell import today
from duecourse.doors.workbench.pages.assign import assign_address
from duecourse.doors.workbench.shell import lead_only
from duecourse.kit.errors import InvalidInput
from duecourse.parties.models import Qualification
from duecourse.parties.selectors import contract_versions_in_force, members
from duecourse.parties.services import collector_qualification_add, collector_qualification_withdraw
from duecourse.placement.selectors import agency_batches, collectors


@lead_only
@require_safe
def people(request: HttpRequest) -> HttpResponse:
    """Show who works at the agency, who left and still has cases, what shows that they may collect, and how much of its quotas is used."""
    return _people(request)


@lead_only
@require_POST
def evidence_add(request: HttpRequest) -> HttpResponse:
    """Record evidence of one of the agency's people; it counts once the creditor has confirmed it."""
    people = members(actor=request.actor, on=today(request), agency_id=request.actor.agency_id)
    form = EvidenceForm(request.POST, people=people)
    if form.is_valid():
        try:
            collector_qualification_add(actor=request.actor, **form.cleaned_data)
        except InvalidInput as error:
            form.add_refusal(error)
        else:
            messages.success(request, gettext("Recorded. It counts once the creditor has confirmed it."))
            return redirect("work-people")
    return _people(request, evidence_form=form)


@lead_only
@require_POST
def evidence_withdraw(request: HttpRequest, qualification_id: int) -> HttpResponse:
    """Withdraw evidence of one of the agency's people."""
    collector_qualification_withdraw(actor=request.actor, qualification_id=qualification_id)
    messages.success(request, gettext("The evidence is withdrawn."))
    return redirect("work-people")


def _people(request: HttpRequest, **bound: EvidenceForm) -> HttpResponse:
    actor, on = request.actor, today(request)
    owed = outcomes_owed(actor=actor)
    rows = collectors(actor=actor, on=on)
    for row in rows:
        row["owed"] = [permit for permit in owed if permit["user_id"] == row["user_id"]]
        row["address"] = assign_address(collector=row["user_id"]) if row["case_count"] else ""
    papers = Qualification.objects.filter(creditor_id=actor.creditor_id, agency_id=actor.agency_id, valid_until_on__gt=on)
    agency_id = actor.agency_id or 0
    working = members(actor=actor, on=on, agency_id=agency_id)
    context = {
        "rows": rows,
        "quotas": _quotas(request),
        "papers": list(papers.order_by("valid_until_on")),
        "on": on,
        "may_record": True,
        "is_own_agency": True,
        **collector_evidence(actor=actor, agency_id=agency_id, people=working, on=on),
        **bound,
    }
    return TemplateResponse(request, "workbench/people.html", context, status=422 if bound else 200)


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


urlpatterns = [
    path("people/", people, name="work-people"),
    path("people/evidence/", evidence_add, name="work-evidence-add"),
    path("people/evidence/<int:qualification_id>/withdraw/", evidence_withdraw, name="work-evidence-withdraw"),
]

"""The open cases of an agency, or of one collector, and the one screen of a case."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from duecourse.contact.models import Refusal
from duecourse.contact.selectors import calls_today, outcomes_owed, work_case
from duecourse.contact.services import ground_text
from duecourse.doors import words
from duecourse.doors.console.rule_words import cited
from duecourse.doors.console.shell import agency_only, today
from duecourse.doors.console.stories import source_said
from duecourse.doors.console.tables import Column, Filter, Listing, listing_page
from duecourse.doors.workbench.shell import HISTORY, NOTES, OUTCOMES, numbers_of
from duecourse.kit.calendar import local_day
from duecourse.kit.clock import now
from duecourse.parties.access import Actor, creditor_of
from duecourse.placement.models import Batch
from duecourse.placement.selectors import WORK_CASES, collectors


def _today(actor: Actor) -> Any:
    return local_day(now(), creditor_of(actor).zone)


def work_parameters(actor: Actor) -> Mapping[str, Any]:
    """Return what the query of the agency's cases needs beside its filters."""
    return {"today": _today(actor), "agency": actor.agency_id}


def _batches(actor: Actor) -> list[tuple[str, str]]:
    found = Batch.objects.filter(creditor_id=actor.creditor_id, agency_id=actor.agency_id).order_by("-placed_on", "-pk")
    return [(str(number), code) for number, code in found.values_list("pk", "code")[:100]]


def _collectors(actor: Actor) -> list[tuple[str, str]]:
    people = collectors(actor=actor, on=_today(actor))
    return [("0", gettext("nobody yet")), *((str(row["user_id"]), row["name"]) for row in people)]


def _link(row: Mapping[str, Any]) -> str:
    return reverse("work-case", args=[row["case_id"]])


_COLUMNS = (
    Column("case_id", _("Case"), kind="code", order="case", link=_link),
    Column("account_number", _("Account"), kind="code", link=_link),
    Column("placed_minor", _("Placed"), kind="money", order="balance"),
    Column("days_past_due", _("Days past due"), kind="count", order="dpd"),
    Column("term_until_on", _("Term until"), kind="day", order="term"),
    Column("batch_code", _("Batch"), kind="code"),
    Column("hand", _("Hand"), kind="count", is_shown=False),
)
_FILTERS = (
    Filter("q", _("Case or account"), hint=_("whole number")),
    Filter("batch", _("Batch"), choices=_batches),
    Filter("dpd_min", _("Days past due from"), kind="number"),
    Filter("dpd_max", _("Days past due until"), kind="number"),
    Filter("placed_min", _("Placed from"), kind="money"),
    Filter("term_until", _("Term ends until"), kind="date"),
)
LEAD_CASES = Listing(
    name="work-cases",
    title=_("Cases"),
    query=WORK_CASES,
    order="-balance",
    parameters=work_parameters,
    columns=(*_COLUMNS[:5], Column("collector", _("Collector"), order="collector"), *_COLUMNS[5:]),
    filters=(
        *_FILTERS[:2],
        Filter("collector", _("Collector"), choices=_collectors),
        *_FILTERS[2:],
        Filter("accepted", _("Batch accepted"), choices=lambda _actor: [("yes", _("yes")), ("no", _("no"))]),
    ),
    for_agency=True,
)
OWN_CASES = Listing(
    name="work-own-cases",
    title=_("Your cases"),
    query=WORK_CASES,
    order="-balance",
    parameters=work_parameters,
    columns=_COLUMNS,
    filters=(_FILTERS[0], *_FILTERS[2:]),
    for_agency=True,
)


@agency_only
@require_safe
def cases(request: HttpRequest) -> HttpResponse:
    """List the agency's open cases for a lead, with boxes to choose them; for a collector those that are theirs."""
    if request.actor.is_collector:
        return listing_page(request, OWN_CASES, template="workbench/own_cases.html")
    return listing_page(request, LEAD_CASES, template="workbench/cases.html", select=True, extra={"query": request.GET.urlencode()})


@agency_only
@require_safe
def case(request: HttpRequest, case_id: int) -> HttpResponse:
    """Show one case: the debt in short, what may be done now, and the agency's own history."""
    actor = request.actor
    shown = work_case(actor=actor, case_id=case_id)
    person = shown["person"]
    calls = calls_today(actor=actor, zones={case_id: person["zone"]}, at=now())[case_id]
    owed = [row for row in outcomes_owed(actor=actor) if row["user_id"] == actor.user_id]
    on = today(request)
    stops = [
        row for row in shown["holds"] if row["stops_contact"] and row["from_on"] <= on and (row["until_on"] is None or row["until_on"] > on)
    ]
    context = {
        "case": shown,
        "calls": calls,
        "reasons": [reason.explanation._asdict() for reason in calls.verdict.reasons] if calls.verdict else [],
        "next_at": calls.verdict.next_allowed_at if calls.verdict else None,
        "owed": owed,
        "stops": [words.in_language(dict(zip(("en", "zh"), ground_text(f"hold_{row['kind']}"), strict=True))) for row in stops],
        "phones": [point for point in person["contact_points"] if point["kind"] == "phone"],
        "request_id": f"work-{uuid4().hex}",
        "history": [_told(row) for row in shown["history"]],
        "refusal": _refusal(request, case_id),
        "at_work": any("no_calls_at_work" in (row["note_codes"] or ()) for row in shown["history"]),
    }
    return TemplateResponse(request, "workbench/case.html", context)


def _told(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row of the history with words for its codes."""
    codes = [words.in_language(dict(zip(("en", "zh"), ground_text(code), strict=True))) for code in row["codes"] or ()]
    told = words.word(row["code"]) if row["kind"] == "promise" else OUTCOMES.get(row["code"], "")
    return row | {
        "kind_text": HISTORY[row["kind"]],
        "told": told,
        "reasons": codes,
        "notes": [NOTES[code] for code in row["note_codes"] or ()],
    }


def _refusal(request: HttpRequest, case_id: int) -> dict[str, Any] | None:
    """Return the refusal that the page was opened with, when it is of this case: its reasons in words, each with its source."""
    wanted = numbers_of([request.GET.get("refusal", "")])
    found = Refusal.objects.filter(creditor_id=request.actor.creditor_id, case_id=case_id, pk__in=wanted).first()
    if found is None:
        return None
    reasons = [
        {"text": words.in_language(row), "sources": [cited(one) for one in row["citations"]]} for row in found.explanation["reasons"]
    ]
    reasons += [{"text": words.in_language(row), "sources": [source_said(row["source"])]} for row in found.explanation["grounds"]]
    return {"number": found.pk, "at": found.contact_at, "reasons": reasons, "next_at": found.next_allowed_at}


urlpatterns = [path("cases/", cases, name="work-cases"), path("cases/<int:case_id>/", case, name="work-case")]

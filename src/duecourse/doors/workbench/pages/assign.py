"""Assigning cases to collectors: choose people and a way, look at the preview, confirm."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from duecourse.doors.console.forms import Form
from duecourse.doors.console.shell import today
from duecourse.doors.console.tables import asked_of
from duecourse.doors.workbench.pages.cases import LEAD_CASES, work_parameters
from duecourse.doors.workbench.shell import lead_only, numbers_of
from duecourse.kit.errors import Absent, DuecourseError
from duecourse.ledger.selectors import page_stream
from duecourse.placement.errors import AssignmentChanged
from duecourse.placement.selectors import WORK_CASES, collectors
from duecourse.placement.services import AssignmentPlan, assignment_preview, assignments_make
from duecourse.placement.services.assignments import CASES_MAX

QUERY_MAX = 1_000


class AssignForm(Form):
    """Who gets the chosen cases, and how they are dealt."""

    user_ids = forms.TypedMultipleChoiceField(label=_("Collectors"), coerce=int, required=False, widget=forms.CheckboxSelectMultiple)
    way = forms.ChoiceField(
        label=_("How"),
        choices=[
            ("count", _("Even by number of cases")),
            ("balance", _("Even by balance")),
            ("back", _("Take them back: nobody works them")),
        ],
        widget=forms.RadioSelect,
        initial="count",
    )

    def __init__(self, *args: Any, people: list[dict[str, Any]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named = [(row["user_id"], f"{row['name']} · {_cases(row['case_count'])}") for row in people if row["is_active"]]
        self.fields["user_ids"].choices = named

    def clean(self) -> dict[str, Any]:
        """Ask for somebody, unless the cases are taken back."""
        given = super().clean() or {}
        if given.get("way") == "back":
            given["user_ids"] = []
        elif not given.get("user_ids") and "user_ids" not in self.errors:
            self.add_error("user_ids", gettext("Choose at least one collector."))
        return given


def _cases(number: int) -> str:
    return gettext("cases: %(number)s") % {"number": number}


@lead_only
@require_http_methods(["GET", "HEAD", "POST"])
def assign(request: HttpRequest) -> HttpResponse:
    """Show who could get the chosen cases; preview; assign exactly what was previewed."""
    given = request.POST if request.method == "POST" else request.GET
    case_ids, query = _chosen(request, given)
    people = collectors(actor=request.actor, on=today(request))
    is_asked = "preview" in request.POST or "confirm" in request.POST
    form = AssignForm(request.POST if is_asked else None, people=people)
    plan, status = None, 200
    if is_asked and case_ids and form.is_valid():
        wanted = _wanted(form, case_ids)
        try:
            if "confirm" in request.POST:
                done = assignments_make(actor=request.actor, plan_hash=request.POST.get("plan_hash", "-") or "-", **wanted)
                messages.success(request, gettext("Assigned; changed hands: %(cases)s.") % {"cases": _cases(done.changed_count)})
                return redirect("work-people" if query else "work-cases")
            plan = assignment_preview(actor=request.actor, **wanted)
        except AssignmentChanged as error:
            form.add_refusal(error)
            plan, status = assignment_preview(actor=request.actor, **wanted), 409
        except DuecourseError as error:
            if isinstance(error, Absent):
                raise
            form.add_refusal(error)
            status = error.http_status
    elif is_asked:
        status = 422
    context = {"form": form, "people": people, "plan": plan, "case_ids": case_ids, "query": query, "case_count": len(case_ids)}
    return TemplateResponse(request, "workbench/assign.html", context | _shown(plan), status=status)


def _wanted(form: AssignForm, case_ids: list[int]) -> dict[str, Any]:
    way = form.cleaned_data["way"]
    return {"case_ids": case_ids, "user_ids": form.cleaned_data["user_ids"], "way": "count" if way == "back" else way}


def _shown(plan: AssignmentPlan | None) -> dict[str, Any]:
    if plan is None:
        return {}
    return {
        "taken_back_count": sum(had is not None and gets is None for *_, had, gets in plan.rows),
        "kept_count": len(plan.rows) - plan.changed_count,
    }


def _chosen(request: HttpRequest, given: QueryDict) -> tuple[list[int], str]:
    """Return the chosen cases: the boxes that were ticked, or all that fit filters; and the filters, '' for boxes."""
    if given.getlist("ids"):
        return numbers_of(given.getlist("ids"))[:CASES_MAX], ""
    query = given.get("query", "")[:QUERY_MAX] if request.method == "POST" else given.urlencode()[:QUERY_MAX]
    if not query:
        return [], ""
    asked = asked_of(LEAD_CASES, QueryDict(query).dict(), currency=request.creditor.currency)
    if asked.problems:
        return [], query
    found: list[int] = []
    for rows in page_stream(
        WORK_CASES, creditor_id=request.actor.creditor_id, order="case", filters=asked.filters, parameters=work_parameters(request.actor)
    ):
        found += [row["case_id"] for row in rows]
        if len(found) > CASES_MAX:
            break
    return found[:CASES_MAX], query


def assign_address(**filters: Any) -> str:
    """Return the address where the cases that fit filters are assigned."""
    query = QueryDict(mutable=True)
    query.update({name: str(value) for name, value in filters.items()})
    return f"{reverse('work-assign')}?{query.urlencode()}"


urlpatterns = [path("assign/", assign, name="work-assign")]

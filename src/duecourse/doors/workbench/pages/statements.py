"""An agency's statements: every line, then agree or object."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from duecourse.doors.console.forms import Form
from duecourse.doors.workbench.shell import OBJECTIONS, lead_only
from duecourse.kit.errors import Absent, DuecourseError
from duecourse.parties.selectors import names_of
from duecourse.settlement.models import StatementTransition
from duecourse.settlement.selectors import statement_page
from duecourse.settlement.selectors import statements as statements_of
from duecourse.settlement.services import statement_agree, statement_object
from duecourse.settlement.services.objections import WORDS_MAX

LINES_SHOWN = 500
OPEN = ("draft", "disputed")


class ObjectionForm(Form):
    """What is wrong with a statement."""

    reason_code = forms.ChoiceField(label=_("What is wrong"), choices=[("", _("choose")), *OBJECTIONS.items()])
    words = forms.CharField(
        label=_("In a sentence"), required=False, max_length=WORDS_MAX, help_text=_("Name the line or the payment, not the person.")
    )


@lead_only
@require_safe
def statements(request: HttpRequest) -> HttpResponse:
    """List the agency's statements, the newest month first."""
    rows = sorted(statements_of(creditor_id=request.actor.creditor_id), key=lambda row: (row["month"], row["id"]), reverse=True)
    return TemplateResponse(request, "workbench/statements.html", {"rows": rows})


@lead_only
@require_safe
def statement(request: HttpRequest, statement_id: int) -> HttpResponse:
    """Show one statement with its lines and its history."""
    return _page(request, statement_id, ObjectionForm())


@lead_only
@require_POST
def agree(request: HttpRequest, statement_id: int) -> HttpResponse:
    """Agree to the lines that were on the page."""
    statement_agree(actor=request.actor, statement_id=statement_id, lines_hash=request.POST.get("lines_hash", "") or "-")
    messages.success(request, gettext("You agreed to the statement."))
    return redirect("work-statement", statement_id=statement_id)


@lead_only
@require_POST
def objection(request: HttpRequest, statement_id: int) -> HttpResponse:
    """Object to the lines that were on the page."""
    form = ObjectionForm(request.POST)
    if form.is_valid():
        seen = request.POST.get("lines_hash", "") or "-"
        try:
            statement_object(actor=request.actor, statement_id=statement_id, lines_hash=seen, **form.cleaned_data)
        except DuecourseError as error:
            if isinstance(error, Absent):
                raise
            form.add_refusal(error)
        else:
            messages.success(request, gettext("Your objection is with the creditor."))
            return redirect("work-statement", statement_id=statement_id)
    return _page(request, statement_id, form, status=422)


def _page(request: HttpRequest, statement_id: int, form: ObjectionForm, *, status: int = 200) -> HttpResponse:
    creditor_id = request.actor.creditor_id
    found = statement_page(creditor_id=creditor_id, statement_id=statement_id)
    steps = list(StatementTransition.objects.filter(creditor_id=creditor_id, statement_id=statement_id).order_by("pk"))
    names = names_of(user_ids={step.actor_id for step in steps if step.actor_id > 0})
    context: dict[str, Any] = {
        "statement": found,
        "lines": found["lines"][:LINES_SHOWN],
        "more_count": max(0, len(found["lines"]) - LINES_SHOWN),
        "steps": [(step, OBJECTIONS.get(step.reason_code, ""), names.get(step.actor_id, "")) for step in steps],
        "is_open": found["status"] in OPEN,
        "may_object": found["status"] == "draft",
        "form": form,
    }
    return TemplateResponse(request, "workbench/statement.html", context, status=status)


urlpatterns = [
    path("statements/", statements, name="work-statements"),
    path("statements/<int:statement_id>/", statement, name="work-statement"),
    path("statements/<int:statement_id>/agree/", agree, name="work-agree"),
    path("statements/<int:statement_id>/object/", objection, name="work-object"),
]

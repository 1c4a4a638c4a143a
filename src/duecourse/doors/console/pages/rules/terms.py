"""The creditor's own terms of its gate: when a debt counts as paid already, what an agency must show, and which lists are kept here."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from duecourse.contact.selectors.terms import gate_terms_on
from duecourse.contact.services import gate_terms_set
from duecourse.doors.console.forms import DayField, Form, MoneyField
from duecourse.doors.console.shell import creditor_only, today
from duecourse.doors.console.waiting import gate_terms_facts, gate_terms_waiting, named
from duecourse.kit.errors import DuecourseError
from duecourse.parties.models import Role


class TermsForm(Form):
    """What the gate asks for from a day on."""

    effective_on = DayField(label=gettext_lazy("From"))
    paid_share_percent = forms.IntegerField(
        label=gettext_lazy("Paid already from so many percent of the balance"),
        min_value=1,
        max_value=100,
        help_text=gettext_lazy("What came in since the last import; the debtor is then left alone until the next one."),
    )
    qualification_kinds = forms.CharField(
        label=gettext_lazy("What every agency must have valid evidence of"),
        required=False,
        max_length=400,
        help_text=gettext_lazy("Kinds of qualification, with commas between them; empty for none."),
    )
    person_qualification_kinds = forms.CharField(
        label=gettext_lazy("What everybody who calls or visits must have valid evidence of"),
        required=False,
        max_length=400,
        help_text=gettext_lazy("Kinds of qualification, with commas between them; empty for none. Programs then name who makes a contact."),
    )
    is_agency_list_kept = forms.BooleanField(label=gettext_lazy("The published list of agencies is kept here"), required=False)
    are_notices_kept = forms.BooleanField(label=gettext_lazy("Notices of outsourcing are kept here"), required=False)

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        """Add the amount in the creditor's currency."""
        super().__init__(*args, **kwargs)
        amount = MoneyField(currency=currency, label=_("And at least this amount"))
        amount.widget.attrs["class"] = "form-control"
        self.fields["paid_minor_min"] = amount
        self.order_fields(["effective_on", "paid_share_percent", "paid_minor_min"])


@require_http_methods(["GET", "HEAD", "POST"])
@creditor_only
def terms(request: HttpRequest) -> HttpResponse:
    """Show the terms in force and those that wait for a second person, and let a compliance officer set new ones from a day on."""
    current = gate_terms_on(actor=request.actor, on=today(request))
    initial: dict[str, Any] = {"effective_on": today(request), "paid_share_percent": 90, "paid_minor_min": 0}
    if current is not None:
        initial |= {"paid_share_percent": current.paid_share_bp // 100, "paid_minor_min": current.paid_minor_min}
        initial |= {"qualification_kinds": ", ".join(current.qualification_kinds), "is_agency_list_kept": current.is_agency_list_kept}
        initial |= {"are_notices_kept": current.are_notices_kept}
        initial |= {"person_qualification_kinds": ", ".join(current.person_qualification_kinds)}
    form = TermsForm(request.POST if request.method == "POST" else None, initial=initial, currency=request.creditor.currency)
    if request.method == "POST" and form.is_valid():
        given = dict(form.cleaned_data)
        kinds = {name: given.pop(name).replace("，", ",").split(",") for name in ("qualification_kinds", "person_qualification_kinds")}
        try:
            made = gate_terms_set(actor=request.actor, paid_share_bp=given.pop("paid_share_percent") * 100, **kinds, **given)
        except DuecourseError as refused:
            form.add_refusal(refused)
        else:
            waits = _("Written. It may loosen something, so the gate goes by it from its day on once a second person has approved it.")
            messages.success(request, waits if made.needs_approval else _("The gate goes by that from its day on."))
            return redirect("gate-terms")
    context = {"form": form, "current": current, "may_set": str(Role.COMPLIANCE) in request.actor.roles}
    context["facts"] = gate_terms_facts(current, currency=request.creditor.currency) if current else ()
    context["waiting"] = [(item, item.barrier(request.actor)) for item in named(gate_terms_waiting(request.actor))]
    return TemplateResponse(request, "console/rules/terms.html", context, status=422 if form.errors else 200)


urlpatterns = [path("gate-terms/", terms, name="gate-terms")]

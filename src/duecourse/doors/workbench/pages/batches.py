"""A lead's batches: compare and accept, report what is wrong, take the package home."""

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

from duecourse.doors import evidence, words
from duecourse.doors.console.forms import Form
from duecourse.doors.console.shell import today
from duecourse.doors.workbench.shell import DISCREPANCIES, lead_only
from duecourse.kit.errors import DuecourseError, Forbidden
from duecourse.parties.models import ContractVersion
from duecourse.parties.selectors import names_of
from duecourse.placement.selectors import agency_batch, agency_batches, batch_rates, batch_receipts
from duecourse.placement.selectors.fields import HANDOVER
from duecourse.placement.services import batch_accept, batch_discrepancy, package_open
from duecourse.placement.services.receipts import WORDS_MAX


class DiscrepancyForm(Form):
    """What is wrong with a batch."""

    reason_code = forms.ChoiceField(label=_("What is wrong"), choices=[("", _("choose")), *DISCREPANCIES.items()])
    case_count = forms.IntegerField(
        label=_("How many cases"), min_value=0, max_value=999_999_999, initial=0, help_text=_("0 for the batch as a whole.")
    )
    words = forms.CharField(
        label=_("In a sentence"),
        required=False,
        max_length=WORDS_MAX,
        help_text=_("The creditor reads this. No names, no numbers of people."),
    )


@lead_only
@require_safe
def batches(request: HttpRequest) -> HttpResponse:
    """List the agency's batches, those to accept first."""
    rows = agency_batches(actor=request.actor)
    return TemplateResponse(request, "workbench/batches.html", {"rows": rows, "on": today(request)})


@lead_only
@require_safe
def batch(request: HttpRequest, batch_id: int) -> HttpResponse:
    """Show one batch with its package, its rate and what was said of it."""
    return _page(request, batch_id, DiscrepancyForm())


@lead_only
@require_POST
def accept(request: HttpRequest, batch_id: int) -> HttpResponse:
    """Accept a batch: hash and count as the page showed them are compared with the package."""
    typed = request.POST.get("row_count", "")
    row_count = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else -1
    batch_accept(actor=request.actor, batch_id=batch_id, sha256=request.POST.get("sha256", ""), row_count=row_count)
    messages.success(request, gettext("The batch is accepted. You can assign its cases now."))
    return redirect("work-batch", batch_id=batch_id)


@lead_only
@require_POST
def discrepancy(request: HttpRequest, batch_id: int) -> HttpResponse:
    """Report what is wrong with a batch."""
    form = DiscrepancyForm(request.POST)
    if form.is_valid():
        try:
            batch_discrepancy(actor=request.actor, batch_id=batch_id, **form.cleaned_data)
        except DuecourseError as error:
            if error.http_status in {Forbidden.http_status, 404}:
                raise
            form.add_refusal(error)
        else:
            messages.success(request, gettext("Reported. The creditor sees it with the batch."))
            return redirect("work-batch", batch_id=batch_id)
    return _page(request, batch_id, form, status=422)


@lead_only
@require_POST
def package(request: HttpRequest, batch_id: int) -> HttpResponse:
    """Give the package of an accepted batch; each download is in the trail."""
    found = package_open(actor=request.actor, batch_id=batch_id)
    response = HttpResponse(found.content, content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="{found.name}"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _page(request: HttpRequest, batch_id: int, form: DiscrepancyForm, *, status: int = 200) -> HttpResponse:
    actor, on = request.actor, today(request)
    row = agency_batch(actor=actor, batch_id=batch_id)
    receipts = batch_receipts(creditor_id=actor.creditor_id, batch_id=batch_id)
    names = names_of(user_ids={receipt.user_id for receipt in receipts})
    recovered = evidence.recovered_of_batches(actor=actor, on=on, batch_ids=[batch_id])
    terms = ContractVersion.objects.filter(creditor_id=actor.creditor_id, contract_id=row["contract_id"], effective_on__lte=on)
    context: dict[str, Any] = {
        "batch": row,
        "rate": batch_rates(creditor_id=actor.creditor_id, batch_ids=[batch_id], on=on, recovered=recovered)[batch_id],
        "fields": [_field(field) for field in (row["manifest"] or {}).get("fields", [])],
        "balances": list((row["manifest"] or {}).get("balance_minor", {}).items()),
        "terms": terms.order_by("-effective_on", "-pk").first(),
        "left_days": (row["term_until_on"] - on).days,
        "receipts": [(receipt, DISCREPANCIES.get(receipt.reason_code, ""), names.get(receipt.user_id, "")) for receipt in receipts],
        "form": form,
    }
    return TemplateResponse(request, "workbench/batch.html", context, status=status)


def _field(field: dict[str, str]) -> tuple[str, bool]:
    """Return what a field of the package is called, and whether it is personal."""
    known = HANDOVER.field(field["name"]) if field["name"] in HANDOVER.names else None
    text = (known.zh if words.is_chinese() else known.en) if known else field["column"]
    return text, field["privacy"] in {"personal", "sensitive"}


urlpatterns = [
    path("batches/", batches, name="work-batches"),
    path("batches/<int:batch_id>/", batch, name="work-batch"),
    path("batches/<int:batch_id>/accept/", accept, name="work-accept"),
    path("batches/<int:batch_id>/discrepancy/", discrepancy, name="work-discrepancy"),
    path("batches/<int:batch_id>/package/", package, name="work-package"),
]

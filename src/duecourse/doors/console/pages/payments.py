"""Money from borrowers: every payment with where it belongs, the money that waits in suspense, matching by hand, and files from the bank."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from duecourse.doors.console.forms import Form
from duecourse.doors.console.pages.feeds import refusal_of
from duecourse.doors.console.receiving import received_file, receives_files, size_limits
from duecourse.doors.console.shell import creditor_only
from duecourse.doors.console.tables import Column, Filter, Listing, Text, listing_page
from duecourse.doors.jobs import job_start
from duecourse.doors.words import word
from duecourse.kit.errors import Absent, Conflict, InvalidInput
from duecourse.kit.money import format_amount
from duecourse.ledger.selectors import file_open, file_ref
from duecourse.ledger.services import audit_append
from duecourse.parties.access import Actor, require, system
from duecourse.parties.models import Role
from duecourse.portfolio.services import upload_put
from duecourse.repayment.models import PaymentFile
from duecourse.repayment.selectors.pages import PAYMENTS_PAGE, SUSPENSE_PAGE, match_candidates, payment_explained
from duecourse.repayment.services import suspense_match

_KEEPERS = (Role.ACCOUNTANT, Role.MANAGER)
HOW = ("reference", "blind_index", "manual", "reversal", "suspense")


def _hows(_actor: Actor) -> list[tuple[str, Text]]:
    return [(how, word(how)) for how in HOW]


def _whats(_actor: Actor) -> list[tuple[str, Text]]:
    return [("unmatched", _("belongs to no account yet")), ("left_over", _("more than was owed"))]


def _case(row: Mapping[str, Any]) -> str | None:
    return reverse("case", args=[row["case_id"]]) if row["case_id"] else None


_REFERENCE = Column("external_ref", gettext_lazy("Bank reference"), kind="code", link=lambda row: reverse("payment", args=[row["id"]]))
_AMOUNT = Column("amount_minor", gettext_lazy("Amount"), kind="money", order="amount")
_DAYS = (
    Column("paid_on", gettext_lazy("Paid on"), kind="day", order="paid"),
    Column("booked_on", gettext_lazy("Booked on"), kind="day", order="booked"),
)
_REST = (
    Column("account_number", gettext_lazy("Account"), kind="code", link=_case),
    Column("account_reference", gettext_lazy("Account as the bank wrote it"), kind="code", is_shown=False),
    Column("bank_account", gettext_lazy("Bank account"), kind="code", is_shown=False),
    Column("channel", gettext_lazy("Channel"), is_shown=False),
)
_FILTERS = (
    Filter("reference", gettext_lazy("Reference or account")),
    Filter("from_on", gettext_lazy("Booked from"), kind="date"),
    Filter("until_on", gettext_lazy("Booked until"), kind="date"),
    Filter("amount_min", gettext_lazy("At least"), kind="money"),
    Filter("amount_max", gettext_lazy("At most"), kind="money"),
)
PAYMENTS = Listing(
    name="payments",
    title=gettext_lazy("Payments"),
    query=PAYMENTS_PAGE,
    order="-booked",
    columns=(_REFERENCE, *_DAYS, _AMOUNT, Column("how", gettext_lazy("Found by"), kind="badge"), *_REST),
    filters=(_FILTERS[0], Filter("how", gettext_lazy("Found by"), choices=_hows), *_FILTERS[1:]),
    roles=_KEEPERS,
)
SUSPENSE = Listing(
    name="suspense",
    title=gettext_lazy("Suspense"),
    query=SUSPENSE_PAGE,
    order="booked",
    columns=(
        _REFERENCE,
        Column("booked_on", gettext_lazy("Booked on"), kind="day", order="booked"),
        Column("amount_minor", gettext_lazy("Amount"), kind="money"),
        Column("suspense_minor", gettext_lazy("Waits"), kind="money", order="waiting"),
        Column("account_reference", gettext_lazy("Account as the bank wrote it"), kind="code"),
        _REST[0],
        *_REST[2:],
    ),
    filters=(_FILTERS[0], Filter("what", gettext_lazy("Why it waits"), choices=_whats), *_FILTERS[1:]),
    roles=_KEEPERS,
)


class MatchForm(Form):
    """The account a payment belongs to."""

    account_number = forms.CharField(label=gettext_lazy("Account number"), max_length=64)


@require_safe
@creditor_only
def payments(request: HttpRequest) -> HttpResponse:
    """List payments and reversals."""
    return listing_page(request, PAYMENTS, template="console/payments/list.html", extra={"tab": "payments"})


@require_safe
@creditor_only
def suspense(request: HttpRequest) -> HttpResponse:
    """List the payments whose money waits."""
    hint = _("Every payment belongs to an account, and nothing was paid beyond what was owed.")
    return listing_page(request, SUSPENSE, template="console/payments/list.html", extra={"tab": "suspense", "empty_hint": hint})


@require_safe
@creditor_only
def payment(request: HttpRequest, payment_id: int) -> HttpResponse:
    """Show what a payment met and for which placement it counts; where it waits, the way to match it."""
    return _shown(request, payment_id, MatchForm(initial={"account_number": request.GET.get("account", "")[:64]}))


@creditor_only
@require_POST
def match(request: HttpRequest, payment_id: int) -> HttpResponse:
    """Match a payment to an account: first it is shown whose number that is, then it is done."""
    require(request.actor, *_KEEPERS, action="match a payment to an account")
    form = MatchForm(request.POST)
    if not form.is_valid():
        return _shown(request, payment_id, form, status=422)
    number = form.cleaned_data["account_number"].strip()
    found = match_candidates(creditor_id=request.actor.creditor_id, numbers=[number])
    if not found:
        form.add_error("account_number", _("No account has this number."))
        return _shown(request, payment_id, form, status=422)
    if request.POST.get("sure") != number:
        return _shown(request, payment_id, form, candidate=found[0])
    try:
        met_minor = suspense_match(actor=request.actor, payment_id=payment_id, account_id=found[0]["account_id"])
    except (Conflict, InvalidInput) as error:
        form.add_refusal(error)
        return _shown(request, payment_id, form, status=422)
    amount = format_amount(met_minor, found[0]["currency"], lang=request.LANGUAGE_CODE[:2])
    messages.success(request, _("Matched to account {number}; {amount} of the debt is met.").format(number=number, amount=amount))
    return redirect("payment", payment_id)


@creditor_only
@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: HttpRequest) -> HttpResponse:
    """Ask for a file from the bank and load it behind the page."""
    require(request.actor, *_KEEPERS, action="load payments")
    refusal = None
    if request.method == "POST":
        try:
            source, name = received_file(request)
            file_id = upload_put(actor=system(request.actor.creditor_id), path=source, name=name)
        except InvalidInput as error:
            refusal = refusal_of(error)
        else:
            return redirect("job", job_id=job_start(actor=request.actor, kind="payments_load", parameters={"file_id": file_id}))
    context = {"refusal": refusal, **size_limits()}
    return TemplateResponse(request, "console/payments/upload.html", context, status=422 if refusal else 200)


@require_safe
@creditor_only
def payment_file(request: HttpRequest, file_id: int) -> HttpResponse:
    """Show what came of a bank file, every row accounted for."""
    row = _file(request.actor, file_id)
    counts = row.counts
    law = [(name, counts.get(name, 0)) for name in ("payment_count", "reversal_count", "duplicate_count", "rejected_count")]
    context = {
        "file": row,
        "law": law,
        "holds": counts.get("row_count", 0) == sum(number for _name, number in law),
        "received": sorted(counts.get("received_minor", {}).items()),
        "original": file_ref(creditor_id=request.actor.creditor_id, file_id=row.file_id) if row.file_id else None,
        "again": "again" in request.GET,
    }
    return TemplateResponse(request, "console/payments/file.html", context)


@creditor_only
@require_POST
def rejects(request: HttpRequest, file_id: int) -> HttpResponse:
    """Hand out the rejected rows of a bank file; who takes them is written down first."""
    actor = request.actor
    require(actor, *_KEEPERS, action="take rejected payments")
    row = _file(actor, file_id)
    if row.rejects_file_id is None:
        raise Absent(entity="file")
    name = file_ref(creditor_id=actor.creditor_id, file_id=row.rejects_file_id).name
    audit_append(creditor_id=actor.creditor_id, action="payment_rejects_taken", subject_kind="payment_file", subject_id=row.pk)
    stream = file_open(creditor_id=actor.creditor_id, file_id=row.rejects_file_id)
    return FileResponse(stream, as_attachment=True, filename=name, content_type="text/csv; charset=utf-8")


def _file(actor: Actor, file_id: int) -> PaymentFile:
    found = PaymentFile.objects.filter(creditor_id=actor.creditor_id, pk=file_id).first()
    if found is None:
        raise Absent(entity="file")
    return found


def _shown(
    request: HttpRequest, payment_id: int, form: MatchForm, *, candidate: dict[str, Any] | None = None, status: int = 200
) -> HttpResponse:
    explained = payment_explained(actor=request.actor, payment_id=payment_id)
    newest = explained["matches"][-1] if explained["matches"] else None
    is_open = newest is not None and newest["account_id"] is None and not explained["reversed_by"] and not explained["payment"].reverses_id
    suggested = match_candidates(creditor_id=request.actor.creditor_id, numbers=[explained["payment"].account_reference]) if is_open else []
    context = explained | {"newest": newest, "is_open": is_open, "form": form, "candidate": candidate, "suggested": suggested}
    return TemplateResponse(request, "console/payments/payment.html", context, status=status)


urlpatterns = [
    path("payments/", payments, name="payments"),
    path("payments/suspense/", suspense, name="suspense"),
    path("payments/upload/", receives_files(upload), name="payment-upload"),
    path("payments/files/<int:file_id>/", payment_file, name="payment-file"),
    path("payments/files/<int:file_id>/rejects/", rejects, name="payment-file-rejects"),
    path("payments/<int:payment_id>/", payment, name="payment"),
    path("payments/<int:payment_id>/match/", match, name="payment-match"),
]

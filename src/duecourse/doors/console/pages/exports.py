"""Exports: asking for rows of a listing as a file, seeing what became of it, and downloading it."""

from __future__ import annotations

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
from duecourse.doors.console.shell import creditor_only, today
from duecourse.doors.console.tables import LISTINGS, Column, Filter, Listing, listing_page
from duecourse.doors.exporting import MEDIA_TYPES, SHEET_ROWS_MAX, Wanted, filters_said, make, rows_wanted, wanted
from duecourse.doors.jobs import job_start
from duecourse.doors.words import word
from duecourse.kit.clock import now
from duecourse.kit.errors import Absent, InvalidInput
from duecourse.ledger.selectors import file_open, file_ref
from duecourse.parties import services
from duecourse.parties.access import Actor
from duecourse.parties.models import Export
from duecourse.parties.selectors import EXPORTS_PAGE, access_export, approval_of, exported_today
from duecourse.parties.selectors.exports import DAY_EXPORTS_MAX, DAY_ROWS_MAX
from duecourse.parties.services.exports import DECIDERS, KEPT, PURPOSE_LENGTHS, ROWS_AT_ONCE_MAX, SUBJECT, much_with, refuse_leaving

STATES = ("asked", "approved", "ready", "rejected", "expired")


def listing_title(name: str) -> str:
    """Return what a listing is called, or its name where this version knows it no more."""
    return str(LISTINGS[name].title) if name in LISTINGS else name


def _listings(_actor: Actor) -> list[tuple[str, Any]]:
    return [(listing.name, listing.title) for listing in LISTINGS.values() if not listing.for_agency]


EXPORTS = Listing(
    name="exports",
    title=gettext_lazy("Exports"),
    query=EXPORTS_PAGE,
    order="-asked_at",
    parameters=lambda _actor: {"at": now()},
    columns=(
        Column("export_id", gettext_lazy("Number"), kind="code", link=lambda row: reverse("export", args=[row["export_id"]])),
        Column("listing", gettext_lazy("Listing")),
        Column("row_count", gettext_lazy("Rows"), kind="count", order="row_count"),
        Column("purpose", gettext_lazy("Purpose")),
        Column("asked_by_name", gettext_lazy("Asked for by")),
        Column("asked_at", gettext_lazy("When"), kind="instant", order="asked_at"),
        Column("state", gettext_lazy("State"), kind="badge"),
        Column("file_format", gettext_lazy("Format"), kind="code", is_shown=False),
        Column("expires_at", gettext_lazy("Kept until"), kind="instant", is_shown=False),
    ),
    filters=(
        Filter("state", gettext_lazy("State"), choices=lambda _actor: [(state, word(state)) for state in STATES]),
        Filter("listing", gettext_lazy("Listing"), choices=_listings),
        Filter("q", gettext_lazy("Purpose")),
    ),
)


class AskForm(Form):
    """Which columns, in which form, and for what."""

    columns = forms.MultipleChoiceField(label=gettext_lazy("Columns"), widget=forms.CheckboxSelectMultiple)
    file_format = forms.ChoiceField(
        label=gettext_lazy("Format"),
        choices=[("csv", gettext_lazy("CSV (any program, any length)")), ("xlsx", gettext_lazy("XLSX (Excel, up to a million rows)"))],
        initial="csv",
    )
    purpose = forms.CharField(
        label=gettext_lazy("What is the file for?"),
        min_length=PURPOSE_LENGTHS[0],
        max_length=PURPOSE_LENGTHS[1],
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("One sentence. Whoever decides reads it, and it stays with the export."),
    )

    def __init__(self, *args: Any, what: Wanted, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["columns"].choices = [(column.key, column.label) for column in what.listing.columns if column.can_export]
        self.fields["columns"].initial = [column.key for column in what.columns]


@require_safe
@creditor_only
def exports(request: HttpRequest) -> HttpResponse:
    """List what was taken out, and what waits."""
    response = listing_page(request, EXPORTS, template="console/exports/list.html")
    for row in response.context_data["rows"]:
        row["listing"] = listing_title(row["listing"])
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@creditor_only
def ask(request: HttpRequest) -> HttpResponse:
    """Show what would be taken out and what that needs, and ask for it."""
    is_post = request.method == "POST"
    query = request.POST.get("query", "")[:2000] if is_post else _query_of(request)
    name = (request.POST if is_post else request.GET).get("listing", "")
    what = wanted(actor=request.actor, listing=name, query=query, currency=request.creditor.currency)
    row_count = rows_wanted(actor=request.actor, what=what)
    refuse_leaving(request.actor, on=today(request))
    form = AskForm(request.POST or None, what=what)
    if is_post and form.is_valid():
        try:
            return _asked(request, form, what=what, query=query, row_count=row_count)
        except InvalidInput as error:
            form.add_refusal(error)
    taken = exported_today(actor=request.actor, at=now())
    is_much = much_with(taken, row_count=row_count)
    context = {
        "form": form,
        "what": what,
        "query": query,
        "row_count": row_count,
        "filters": filters_said(what, request.actor),
        "taken": taken,
        "is_much": is_much,
        "needs_second": what.listing.holds_personal or row_count > ROWS_AT_ONCE_MAX or is_much,
        "limits": {"rows_at_once": ROWS_AT_ONCE_MAX, "day_exports": DAY_EXPORTS_MAX, "day_rows": DAY_ROWS_MAX, "hours": _hours()},
    }
    return TemplateResponse(request, "console/exports/ask.html", context, status=422 if form.errors else 200)


def _query_of(request: HttpRequest) -> str:
    given = request.GET.copy()
    given.pop("listing", None)
    given.pop("after", None)
    return given.urlencode()


def _asked(request: HttpRequest, form: AskForm, *, what: Wanted, query: str, row_count: int) -> HttpResponse:
    chosen = form.cleaned_data
    if chosen["file_format"] == "xlsx" and row_count > SHEET_ROWS_MAX:
        form.add_error("file_format", _("A sheet holds no more than a million rows; take CSV."))
        raise InvalidInput
    export = services.export_ask(
        actor=request.actor,
        on=today(request),
        listing=what.listing.name,
        query=query,
        columns=[column.key for column in what.listing.columns if column.key in chosen["columns"]],
        row_count=row_count,
        is_personal=what.listing.holds_personal,
        purpose=chosen["purpose"],
        file_format=chosen["file_format"],
    )
    if export.needs_second:
        messages.success(request, _("Asked for. A manager or compliance officer other than you decides; this page shows when."))
    else:
        make(actor=request.actor, export_id=export.pk)
    return redirect("export", export_id=export.pk)


@require_safe
@creditor_only
def export(request: HttpRequest, export_id: int) -> HttpResponse:
    """Show an export: what it takes out, who decided, and the file while it is kept."""
    found = access_export(actor=request.actor, export_id=export_id)
    is_own = found.asked_by_id == request.actor.user_id
    decision = approval_of(actor=request.actor, subject_kind=SUBJECT, subject_id=found.pk)
    context = {
        "export": found,
        "state": _state(found),
        "listing_title": listing_title(found.listing),
        "shown": shown_of(request, found),
        "is_own": is_own,
        "may_decide": not is_own and not request.actor.roles.isdisjoint(map(str, DECIDERS)),
        "decision": decision,
        "hours": _hours(),
    }
    return TemplateResponse(request, "console/exports/export.html", context)


def shown_of(request: HttpRequest, found: Export) -> dict[str, Any]:
    """Return filters and columns of an export in words; empty where its listing is known no more or not the reader's."""
    try:
        what = wanted(
            actor=request.actor, listing=found.listing, query=found.query, columns=found.columns, currency=request.creditor.currency
        )
    except Absent:
        return {"filters": [], "columns": found.columns}
    return {"filters": filters_said(what, request.actor), "columns": [str(column.label) for column in what.columns]}


@creditor_only
@require_POST
def begin(request: HttpRequest, export_id: int) -> HttpResponse:
    """Have the approved file made: work that leaves the page."""
    found = access_export(actor=request.actor, export_id=export_id)
    services.export_begin(actor=request.actor, export_id=found.pk, on=today(request), now_count=0)
    return redirect("job", job_id=job_start(actor=request.actor, kind="export_make", parameters={"export_id": found.pk}))


@creditor_only
@require_POST
def download(request: HttpRequest, export_id: int) -> HttpResponse:
    """Give the file to who asked for it; each download is an event of the trail."""
    found = services.export_download(actor=request.actor, export_id=export_id, on=today(request))
    stored = file_ref(creditor_id=request.actor.creditor_id, file_id=found.file_id)
    stream = file_open(creditor_id=request.actor.creditor_id, file_id=found.file_id)
    return FileResponse(stream, as_attachment=True, filename=stored.name, content_type=MEDIA_TYPES[found.file_format])


def _state(found: Export) -> str:
    return "expired" if found.state == "ready" and found.expires_at <= now() else found.state


def _hours() -> int:
    return int(KEPT.total_seconds()) // 3600


urlpatterns = [
    path("exports/", exports, name="exports"),
    path("exports/new/", ask, name="export-ask"),
    path("exports/<int:export_id>/", export, name="export"),
    path("exports/<int:export_id>/make/", begin, name="export-make"),
    path("exports/<int:export_id>/file/", download, name="export-download"),
]

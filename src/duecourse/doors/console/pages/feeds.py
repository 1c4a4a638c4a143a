"""Files from the creditor's core: which came, what became of them, and taking one in."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from duecourse.doors.console.forms import DayField, Form, MoneyField
from duecourse.doors.console.receiving import received_file, receives_files, size_limits
from duecourse.doors.console.shell import creditor_only, today
from duecourse.doors.console.tables import Column, Filter, Listing, listing_page
from duecourse.doors.feed_jobs import NATIVE, OVERDUE, chosen_mapping
from duecourse.doors.jobs import job_start
from duecourse.doors.words import told, word
from duecourse.kit.errors import DuecourseError, InvalidInput
from duecourse.kit.records import read
from duecourse.kit.records.saved import saved_names
from duecourse.parties.access import require
from duecourse.parties.models import Creditor, Role
from duecourse.portfolio import selectors, services
from duecourse.portfolio.selectors import TAPES_PAGE
from duecourse.portfolio.services import OVERDUE_TAPE

GUESS = "guess"
LOOKED_AT_BYTES_MAX = 4 << 20
"""Smaller files are opened while their sender waits, so that a refusal comes at once and at the form."""
KINDS = (
    (OVERDUE, _("Overdue tape: the whole picture of a day")),
    ("new", _("Daily feed: newly overdue accounts")),
    ("update", _("Daily feed: balances and days past due")),
    ("paid", _("Daily feed: accounts that were paid off")),
    ("cured", _("Daily feed: accounts that were cured")),
    ("stopped", _("Daily feed: accounts to stop, or not to stop any more")),
    ("recalled", _("Daily feed: accounts to recall")),
)

MADE = ("account_new_count", "account_known_count", "person_new_count", "contact_point_new_count", "case_opened_count")

FEEDS = Listing(
    name="feeds",
    title=_("Feeds"),
    query=TAPES_PAGE,
    order="-known_at",
    columns=(
        Column("file_name", _("File"), link=lambda row: reverse("feed", args=[row["tape_id"]])),
        Column("feed_kind", _("Kind"), kind="word"),
        Column("as_of", _("Of the day"), kind="day", order="as_of"),
        Column("outcome", _("State"), kind="badge"),
        Column("row_count", _("Rows"), kind="count", order="row_count"),
        Column("accepted_count", _("Accepted"), kind="count"),
        Column("rejected_count", _("Rejected"), kind="count", order="rejected"),
        Column("quarantined_count", _("Columns not read"), kind="count"),
        Column("mapping_name", _("Mapping"), kind="code"),
        Column("mapping_version", _("Version"), kind="code", is_shown=False),
        Column("known_at", _("Taken in"), kind="instant", order="known_at"),
    ),
    filters=(
        Filter("kind", _("Kind"), choices=lambda _actor: [(f"feed_{code}", word(f"feed_{code}")) for code, _label in KINDS]),
        Filter("day", _("Of the day"), kind="date"),
        Filter("state", _("State"), choices=lambda _actor: [(code, word(code)) for code in ("all_taken", "with_rejects")]),
        Filter("file", _("Name of the file")),
        Filter("mapping", _("Mapping")),
    ),
)


class UploadForm(Form):
    """What is said of a file that is sent."""

    kind = forms.ChoiceField(label=_("Kind of file"), choices=KINDS)
    as_of = DayField(label=_("The day whose state it shows"))
    feed_at = forms.DateTimeField(
        label=_("Time of the core, for daily feeds"),
        required=False,
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"],
        widget=forms.DateTimeInput(format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local"}),
        help_text=_("It stands for rows that give no time of their own. Later facts win, in whatever order files come."),
    )
    mapping = forms.ChoiceField(
        label=_("How its columns are read"),
        help_text=_("Not sure? Let the columns be guessed: you see each one with samples before anything is taken in."),
    )
    control_rows = forms.IntegerField(label=_("Rows the sender declares"), required=False, min_value=0, max_value=2_000_000_000)

    def __init__(self, *args: Any, creditor: Creditor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["mapping"].choices = mapping_choices(creditor.pk)
        amount = MoneyField(currency=creditor.currency, required=False, label=_("Sum of balances the sender declares"))
        amount.widget.attrs["class"] = "form-control"
        self.fields["control_minor"] = amount

    def clean(self) -> dict[str, Any]:
        """See that the kind has what it needs: a time, and a mapping that can read it."""
        given = super().clean() or {}
        kind = given.get("kind")
        if kind == "new" and not given.get("feed_at"):
            self.add_error("feed_at", gettext("Newly overdue accounts need the time of the core."))
        if kind not in (OVERDUE, "new", None) and given.get("mapping") == GUESS:
            self.add_error("mapping", gettext("Daily feeds come in our own form: choose native, or a mapping of your own."))
        return given


def mapping_choices(creditor_id: int) -> list[tuple[str, Any]]:
    """Return the mappings a person can choose: guessing first, then saved ones, then shipped ones."""
    saved = [(name, name) for name in saved_names(services.saved_folder(creditor_id))]
    shipped = [(mapping.name, SHIPPED_WORDS.get(mapping.name, mapping.name)) for mapping in services.shipped_mappings()]
    shipped.sort(key=lambda pair: list(SHIPPED_WORDS).index(pair[0]) if pair[0] in SHIPPED_WORDS else len(SHIPPED_WORDS))
    groups: list[tuple[str, Any]] = [(GUESS, _("Guess the columns and show me"))]
    groups += [(_("Saved here"), saved)] if saved else []
    return [*groups, (_("Shipped"), shipped)]


SHIPPED_WORDS = {
    "weian": _("weian: the hand-over workbook of Chinese lenders"),
    NATIVE: _("native: our own column names"),
    "lendingclub": _("lendingclub: accepted loans"),
    "lendingclub_at_charge_off": _("lendingclub_at_charge_off: accepted loans on the day they were charged off"),
}


@creditor_only
@require_safe
def listed(request: HttpRequest) -> HttpResponse:
    """List the files that were taken in."""
    return listing_page(request, FEEDS, template="console/feeds/list.html")


@creditor_only
@require_safe
def shown(request: HttpRequest, tape_id: int) -> HttpResponse:
    """Show one file: its counts, the conservation law, what was not read and why, and the first rejected rows."""
    tape = selectors.tape_page(request.actor, tape_id)
    sums = [
        {
            "currency": code,
            "declared": tape["control_totals"].get("balance_minor", {}).get(code),
            "found": tape["counts"].get("balance_in_file_minor", {}).get(code),
            "accepted": tape["counts"].get("balance_minor", {}).get(code),
        }
        for code in sorted({*tape["control_totals"].get("balance_minor", {}), *tape["counts"].get("balance_in_file_minor", {})})
    ]
    context = {
        "tape": tape,
        "kind": word(f"feed_{tape['feed_kind']}"),
        "name": tape["file_name"] or str(tape_id),
        "sums": sums,
        "made": [(code, tape["counts"][code]) for code in MADE if code in tape["counts"]],
        "quarantined": [column | {"reason": gettext(column["reason"])} for column in tape["quarantined"]],
        "problems": said(tape["problems"]),
        "notices": said(tape["notices"]),
        "again": "again" in request.GET,
    }
    return TemplateResponse(request, "console/feeds/feed.html", context)


@creditor_only
@require_POST
def rejects(request: HttpRequest, tape_id: int) -> HttpResponse:
    """Hand out the rejected rows, to be mended and sent again; who takes them is written down first."""
    return _handed_out(services.tape_file_open(actor=request.actor, tape_id=tape_id, part="rejects"))


@creditor_only
@require_POST
def original(request: HttpRequest, tape_id: int) -> HttpResponse:
    """Hand out the file as it came; who takes it is written down first."""
    return _handed_out(services.tape_file_open(actor=request.actor, tape_id=tape_id, part="original"))


@creditor_only
@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: HttpRequest) -> HttpResponse:
    """Ask for a file and take it in behind the page, or lead to the assistant that guesses its columns."""
    if request.method != "POST":
        initial = {"as_of": today(request), "mapping": request.GET.get("mapping", GUESS)}
        return _asked(request, UploadForm(initial=initial, creditor=request.creditor))
    require(request.actor, Role.MANAGER, action="take in a file")
    form = UploadForm(request.POST, creditor=request.creditor)
    try:
        source, name = received_file(request)
        if not form.is_valid():
            return _asked(request, form, status=422)
        given = form.cleaned_data
        file_id = services.upload_put(actor=request.actor, path=source, name=name)
        if given["kind"] == OVERDUE and given["mapping"] != GUESS and source.stat().st_size <= LOOKED_AT_BYTES_MAX:
            _look(request, file_id, given)
    except InvalidInput as error:
        return _asked(request, form, refusal=refusal_of(error), status=error.http_status)
    if given["mapping"] == GUESS:
        messages.info(request, gettext("Nothing was taken in yet: look at the columns first."))
        carried = {"as_of": given["as_of"].isoformat(), "kind": given["kind"]}
        carried |= {"feed_at": given["feed_at"].isoformat()} if given.get("feed_at") else {}
        carried |= {name: given[name] for name in ("control_rows", "control_minor") if given.get(name) is not None}
        return redirect(reverse("mapping-draft", args=[file_id]) + "?" + urlencode(carried))
    return redirect("job", job_id=receive(request, file_id, given))


def receive(request: HttpRequest, file_id: int, given: dict[str, Any]) -> int:
    """Ask for an upload to be taken in and return the job."""
    wanted = {"file_id": file_id, "kind": given.get("kind", OVERDUE), "mapping": given["mapping"], "as_of": given["as_of"].isoformat()}
    wanted |= {"feed_at": given["feed_at"].isoformat() if given.get("feed_at") else None}
    wanted |= {
        "currency": request.creditor.currency,
        "control_rows": given.get("control_rows"),
        "control_minor": given.get("control_minor"),
    }
    return job_start(actor=request.actor, kind="feed_receive", parameters=wanted)


def refusal_of(error: DuecourseError) -> dict[str, str]:
    """Return what, why and what to do of an error in the reader's language."""
    return {part: told(getattr(error, part), error.parameters) for part in ("what", "why", "todo")}


def said(problems: list[Any]) -> list[dict[str, Any]]:
    """Return problems with their sentences in the reader's language."""
    return [
        {
            "row": problem.row,
            "column": problem.column,
            "code": problem.code,
            "what": told(problem.what, problem.parameters),
            "todo": told(problem.todo, problem.parameters),
        }
        for problem in problems
    ]


def _look(request: HttpRequest, file_id: int, given: dict[str, Any]) -> None:
    """Open a file and read its header, so that what refuses it whole is said at once.

    Raises:
        FileRefused, MappingInvalid: it is refused.
    """
    with services.upload_opened(actor=request.actor, file_id=file_id) as source:
        read(
            source,
            spec=OVERDUE_TAPE,
            mapping=chosen_mapping(given["mapping"], creditor_id=request.actor.creditor_id),
            parameters={"as_of": given["as_of"]},
        )


def _asked(request: HttpRequest, form: UploadForm, *, refusal: dict[str, str] | None = None, status: int = 200) -> HttpResponse:
    context = {"form": form, "refusal": refusal, **size_limits()}
    return TemplateResponse(request, "console/feeds/upload.html", context, status=status)


def _handed_out(opened: services.OpenedFile) -> HttpResponse:
    response = FileResponse(opened.stream, as_attachment=True, filename=opened.name, content_type=opened.media_type)
    response["X-Content-Type-Options"] = "nosniff"
    return response


urlpatterns = [
    path("feeds/", listed, name="feeds"),
    path("feeds/upload/", receives_files(upload), name="feed-upload"),
    path("feeds/<int:tape_id>/", shown, name="feed"),
    path("feeds/<int:tape_id>/rejects/", rejects, name="feed-rejects"),
    path("feeds/<int:tape_id>/file/", original, name="feed-file"),
]

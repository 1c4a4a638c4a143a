"""The desk of moves: choose cases by filters or by a pasted list, say what shall become of them, and preview it. See docs/placement.md."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import HttpResponseClientRedirect

from duecourse.doors import desk
from duecourse.doors.console.pages.desk.move_forms import MoveForm, kinds_of, proposed_for
from duecourse.doors.console.pages.desk.move_words import case_address, in_words, kind_text, life_text, own, state_text
from duecourse.doors.console.shell import creditor_only, today
from duecourse.doors.console.tables import Column, Filter, Listing, asked_of, listing_page
from duecourse.doors.desk_jobs import previewed
from duecourse.doors.jobs import job_start
from duecourse.ledger.selectors.pages import COUNT_MAX
from duecourse.parties.access import Actor
from duecourse.parties.models import Agency
from duecourse.placement import selectors
from duecourse.placement.errors import MoveUnclear

ROWS_HERE_MAX = 2_000
"""More rows than this leave the page and become a job."""
UNKNOWN_SHOWN = 100


def _agencies(actor: Actor) -> list[tuple[str, str]]:
    return [
        (str(number), name)
        for number, name in Agency.objects.filter(creditor_id=actor.creditor_id).order_by("code").values_list("pk", "name")
    ]


MOVES = Listing(
    name="moves",
    title=_("Desk of moves"),
    query=selectors.MOVE_SETS,
    order="-number",
    columns=(
        Column("move_set_id", _("Set"), kind="code", order="number", link=lambda row: reverse("move", args=[row["move_set_id"]])),
        Column("kind", _("Move")),
        Column("reason_code", _("Reason")),
        Column("state", _("State")),
        Column("case_count", _("Cases"), kind="count", can_export=False),
        Column("applied_count", _("Moved"), kind="count", can_export=False),
        Column("as_of", _("Day"), kind="day", order="day"),
        Column("asker", _("Asked by")),
        Column("decider", _("Decided by")),
        Column("words", _("Words"), is_shown=False, can_export=False),
    ),
    filters=(
        Filter("kind", _("Move"), choices=lambda _actor: [(kind, kind_text(kind)) for kind in selectors.MOVE_KINDS]),
        Filter("state", _("State"), choices=lambda _actor: [(state, state_text(state)) for state in STATES]),
        Filter("from", _("From"), kind="date"),
        Filter("until", _("Until"), kind="date"),
    ),
)
STATES = ("previewed", "requested", "applied", "rejected", "withdrawn", "undone")

DESK = Listing(
    name="desk",
    title=_("Choose cases to move"),
    query=desk.DESK,
    order="case",
    parameters=desk.desk_parameters,
    columns=(
        Column("number", _("Account"), kind="code", link=case_address),
        Column("agency_code", _("Agency")),
        Column("batch_code", _("Batch"), kind="code"),
        Column("placed_minor", _("Placed"), kind="money", order="placed"),
        Column("days_past_due", _("Days past due"), kind="count", order="days"),
        Column("term_until_on", _("Term until"), kind="day", order="term"),
        Column("worked_on", _("Last attempt"), kind="day"),
        Column("idle_days", _("Days idle"), kind="count", order="idle"),
        Column("hand", _("Hand"), kind="count"),
        Column("status", _("State")),
        Column("last_on", _("Final day"), kind="day", is_shown=False),
        Column("case_id", _("Case"), kind="code", order="case", is_shown=False),
    ),
    filters=(
        Filter("due", _("What is due"), choices=lambda _actor: list(DUE_TEXTS.items())),
        Filter("agency", _("Agency"), choices=_agencies),
        Filter("batch", _("Batch"), hint="2026-09-AOKI-1"),
        Filter("ends_by", _("Term ends by"), kind="date"),
        Filter("idle_since", _("No attempt since"), kind="date"),
        Filter("placed_by", _("Placed by"), kind="date"),
        Filter("hand", _("Hand"), kind="number"),
        Filter("days_min", _("Days past due from"), kind="number"),
        Filter("balance_min", _("Balance from"), kind="money"),
        Filter("q", _("Account number begins with")),
    ),
)
DUE_TEXTS = {
    "owed": _("First contact owed"),
    "idle": _("Idle"),
    "rotation": _("Days with this hand are over"),
    "ending": _("Term over, or over within 7 days"),
    "pending": _("Recall pending"),
}
_DUE_ICONS = {"owed": "phone-off", "idle": "zzz", "rotation": "rotate-clockwise", "ending": "calendar-due", "pending": "arrow-back-up"}

ROWS = Listing(
    name="move-rows",
    title=_("Rows of sets of moves"),
    query=selectors.MOVE_ROWS,
    order="said",
    columns=(
        Column("number", _("Account"), kind="code", link=case_address),
        Column("said", _("Verdict"), order="said"),
        Column("agency_code", _("Agency")),
        Column("batch_code", _("Batch"), kind="code"),
        Column("placed_minor", _("Placed"), kind="money", order="placed"),
        Column("term_until_on", _("Term until"), kind="day"),
        Column("ground", _("Grounds")),
        Column("taken_by", _("Taken by")),
        Column("taken_status", _("What they did")),
        Column("taken_at", _("When"), kind="instant", is_shown=False),
        Column("case_id", _("Case"), kind="code", order="case", is_shown=False),
    ),
    filters=(
        Filter("set", _("Set"), kind="number"),
        Filter("stays", _("Moves"), choices=lambda _actor: [("no", _("may move or moved")), ("yes", _("stays where it is"))]),
        Filter("q", _("Account number begins with")),
    ),
)


@require_safe
@creditor_only
def sets(request: HttpRequest) -> HttpResponse:
    """List the sets of moves, with what is due above them."""
    response = listing_page(request, MOVES, template="console/moves/list.html", extra={"kinds": kinds_of(request.actor)})
    rows = response.context_data["rows"]
    counts = selectors.move_set_counts(creditor_id=request.actor.creditor_id, move_set_ids=[row["move_set_id"] for row in rows])
    for row in rows:
        row.update(counts.get(row["move_set_id"], {"case_count": 0, "applied_count": 0}))
        reason = selectors.move_reasons(row["kind"]).get(row["reason_code"])
        row["reason_code"] = own(reason.en, reason.zh) if reason else row["reason_code"]
        row["kind"], row["state"] = kind_text(row["kind"]), state_text(row["state"])
    return response


@require_safe
@creditor_only
def due(request: HttpRequest) -> HttpResponse:
    """Count what is due; the page asks for it once it stands, so that nobody waits for the counting."""
    counts = desk.due_counts(actor=request.actor)
    cards = [
        {
            "code": code,
            "text": text,
            "icon": _DUE_ICONS[code],
            "count": min(counts[code], COUNT_MAX),
            "is_more": counts[code] > COUNT_MAX,
        }
        for code, text in DUE_TEXTS.items()
    ]
    return TemplateResponse(request, "console/moves/due.html", {"cards": cards})


@require_http_methods(["GET", "HEAD", "POST"])
@creditor_only
def new(request: HttpRequest) -> HttpResponse:
    """Choose cases by filters and preview their move."""
    if request.method == "POST":
        return _from_filters(request)
    if "case" in request.GET:
        return redirect(f"{reverse('move-list')}?{request.GET.urlencode()}")
    kind, reason_code = proposed_for(request.GET.get("due", ""), actor=request.actor)
    form = MoveForm(request=request, kind=kind, initial={"reason_code": reason_code}) if kind else None
    extra = {"form": form, "kind": kind, "kinds": kinds_of(request.actor)}
    response = listing_page(request, DESK, template="console/moves/new.html", extra=extra, select=True)
    for row in response.context_data["rows"]:
        row["status"] = life_text(row["status"])
    return response


@require_safe
@creditor_only
def fields(request: HttpRequest) -> HttpResponse:
    """Give the fields that a kind of move asks for."""
    kind = request.GET.get("kind", "")
    if kind not in dict(kinds_of(request.actor)):
        raise MoveUnclear(reasons=gettext("this kind of move is not yours to make"))
    return TemplateResponse(request, "console/moves/fields.html", {"form": MoveForm(request=request, kind=kind), "kind": kind})


@require_http_methods(["GET", "HEAD", "POST"])
@creditor_only
def from_list(request: HttpRequest) -> HttpResponse:
    """Choose cases by a pasted list of account numbers, or by their numbers in the address, and preview their move."""
    given = request.POST if request.method == "POST" else request.GET
    case_ids = _ids(given.getlist("case"))
    numbers = given.get("numbers", "")
    found = desk.pasted(numbers, actor=request.actor)
    chosen = sorted({*case_ids, *found.case_ids})
    kind = given.get("kind", "") if given.get("kind", "") in dict(kinds_of(request.actor)) else proposed_for("", actor=request.actor)[0]
    form = MoveForm(request.POST or None, request=request, kind=kind) if kind else None
    context: dict[str, Any] = {"form": form, "kind": kind, "kinds": kinds_of(request.actor), "numbers": numbers, "case_ids": case_ids}
    context |= {"found": found, "chosen_count": len(chosen), "unknown": found.unknown[:UNKNOWN_SHOWN], "sums": []}
    if request.method != "POST":
        context["sums"] = desk.chosen_sums(actor=request.actor, case_ids=chosen) if chosen else []
        return TemplateResponse(request, "console/moves/by_list.html", context)
    is_whole = not found.unknown or "skip_unknown" in request.POST
    if form is not None and form.is_valid() and chosen and is_whole:
        return _preview(request, form, chosen)
    context |= {"asks_skip": bool(found.unknown) and bool(chosen), "has_none": not chosen}
    return TemplateResponse(request, "console/moves/by_list.html", context, status=422)


def _from_filters(request: HttpRequest) -> HttpResponse:
    kind = request.POST.get("kind", "")
    kinds = kinds_of(request.actor)
    form = MoveForm(request.POST, request=request, kind=kind if kind in dict(kinds) else kinds[0][0]) if kinds else None
    if form is None or kind not in dict(kinds):
        raise MoveUnclear(reasons=gettext("this kind of move is not yours to make"))
    asked = asked_of(DESK, request.POST.dict(), currency=request.creditor.currency)
    chosen: Sequence[int] = []
    if asked.problems:
        form.add_error(None, gettext("A filter cannot be read, so it is not clear which cases are meant."))
    elif "everything" in request.POST:
        chosen = desk.desk_cases(actor=request.actor, filters=asked.filters)
    else:
        chosen = _ids(request.POST.getlist("ids"))
    if not chosen and not asked.problems:
        none = "everything" in request.POST
        form.add_error(
            None, gettext("No case fits the filters.") if none else gettext("No case is chosen: tick rows, or all that fit the filters.")
        )
    if form.is_valid():
        return _preview(request, form, chosen)
    context = {"form": form, "kind": kind, "kinds": kinds, "is_everything": "everything" in request.POST}
    return TemplateResponse(request, "console/moves/move_form.html", context, status=422)


def _preview(request: HttpRequest, form: MoveForm, case_ids: Sequence[int]) -> HttpResponse:
    wanted = form.wanted() | {"case_ids": list(case_ids), "as_of": today(request).isoformat()}
    if len(case_ids) > ROWS_HERE_MAX:
        address = reverse("job", args=[job_start(actor=request.actor, kind="moves_preview", parameters=wanted)])
    else:
        address = reverse("move", args=[previewed(request.actor, wanted).pk])
    return HttpResponseClientRedirect(address) if request.htmx else redirect(address)


@require_safe
@creditor_only
def rows(request: HttpRequest) -> HttpResponse:
    """List the rows of sets of moves."""
    response = listing_page(request, ROWS, template="console/moves/rows.html", extra={"set_id": request.GET.get("set", "")})
    for row in response.context_data["rows"]:
        row.update(in_words(row))
    return response


def _ids(texts: Sequence[str]) -> list[int]:
    """Return case numbers given one by one or with commas; what is no number is left out."""
    parts = [part.strip() for text in texts for part in text.split(",")]
    return sorted({int(part) for part in parts if part.isascii() and part.isdecimal() and len(part) < 19})


urlpatterns = [
    path("moves/", sets, name="moves"),
    path("moves/due/", due, name="move-due"),
    path("moves/new/", new, name="move-new"),
    path("moves/fields/", fields, name="move-fields"),
    path("moves/list/", from_list, name="move-list"),
    path("moves/rows/", rows, name="move-rows"),
]

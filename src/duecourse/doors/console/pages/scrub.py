"""Scrub and stop: who is left alone and why, stop lists, what the last allocation left out, and classes by product."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from duecourse.doors.console.forms import DayField, Form
from duecourse.doors.console.pages.feeds import refusal_of, said
from duecourse.doors.console.receiving import received_file, receives_files, size_limits
from duecourse.doors.console.shell import creditor_only, today
from duecourse.doors.console.tables import Column, Filter, Listing, listing_page
from duecourse.doors.jobs import job_start
from duecourse.doors.words import in_language, word
from duecourse.engine.classification import charge_off_tables, class_tables, class_text
from duecourse.kit.calendar import local_day
from duecourse.kit.clock import now
from duecourse.kit.errors import InvalidInput
from duecourse.parties.access import Actor, creditor_of, require
from duecourse.parties.models import Role
from duecourse.placement.selectors.left_out import LEFT_OUT_PAGE, left_out_by_reason, newest_allocation
from duecourse.portfolio import selectors, services
from duecourse.portfolio.selectors import STOP_LISTS_PAGE, STOPS_PAGE, stop_reasons, stops_parameters
from duecourse.portfolio.services.lifts import LiftUnclear

CACHED_SECONDS = 3600
SEVERITY = ("normal", "special_mention", "substandard", "doubtful", "loss")


def case_address(row: Mapping[str, Any]) -> str | None:
    """Return where a row's case is shown, or None when it has none."""
    try:
        return reverse("case", args=[row["case_id"]]) if row.get("case_id") else None
    except NoReverseMatch:
        return None


def _reasons(_actor: Actor) -> list[tuple[str, Any]]:
    return [(f"hold_{code}", word(f"hold_{code}")) for code in stop_reasons()]


def _words_of(*codes: str) -> Any:
    return lambda _actor: [(code, word(code)) for code in codes]


HOLDS = Listing(
    name="holds",
    title=_("Stops and left out"),
    query=STOPS_PAGE,
    order="-from_on",
    parameters=lambda actor: stops_parameters(today=local_day(now(), creditor_of(actor).zone)),
    columns=(
        Column("number", _("Case"), kind="code", link=case_address),
        Column("kind", _("Reason"), kind="word"),
        Column("scope", _("Stops"), kind="word"),
        Column("state", _("State"), kind="badge"),
        Column("from_on", _("First day"), kind="day", order="from_on"),
        Column("last_on", _("Last day"), kind="day", order="last_on"),
        Column("source_kind", _("Source"), kind="word"),
        Column("list_name", _("List")),
        Column("agency_code", _("With agency"), kind="code"),
        Column("pauses_term", _("Pauses the term"), kind="bool"),
        Column("counts_in_rate", _("Counts in the rate"), kind="bool"),
        Column("region", _("Region"), kind="code", is_shown=False),
    ),
    filters=(
        Filter("state", _("State"), choices=_words_of("in_force", "coming", "ended")),
        Filter("reason", _("Reason"), choices=_reasons),
        Filter("number", _("Account number")),
        Filter("scope", _("Stops"), choices=_words_of("stops_contact", "stops_placement", "stops_both")),
        Filter(
            "source",
            _("Source"),
            choices=_words_of(
                "source_stop_list", "source_audit_event", "source_dispute", "source_complaint", "source_plan", "source_feed_fact"
            ),
        ),
        Filter(
            "list", _("List"), choices=lambda actor: [(name, name) for name in selectors.stop_list_names(creditor_id=actor.creditor_id)]
        ),
        Filter("on", _("In force on"), kind="date"),
        Filter("placed", _("With an agency"), choices=lambda _actor: [("yes", _("yes")), ("no", _("no"))]),
        Filter("loaded", _("Number of the load"), kind="number"),
    ),
)

STOP_LISTS = Listing(
    name="stop-lists",
    title=_("Stop lists"),
    query=STOP_LISTS_PAGE,
    order="-known_at",
    columns=(
        Column("name", _("List"), link=lambda row: reverse("stop-list", args=[row["stop_list_id"]])),
        Column("as_of", _("Of the day"), kind="day", order="as_of"),
        Column("is_whole", _("Whole list"), kind="bool"),
        Column("row_count", _("Rows"), kind="count"),
        Column("placed_count", _("Stops placed"), kind="count"),
        Column("unchanged_count", _("In force already"), kind="count"),
        Column("lifted_count", _("Lifted"), kind="count"),
        Column("rejected_count", _("Rejected"), kind="count"),
        Column("known_at", _("Loaded"), kind="instant", order="known_at"),
    ),
    filters=(
        Filter(
            "list", _("List"), choices=lambda actor: [(name, name) for name in selectors.stop_list_names(creditor_id=actor.creditor_id)]
        ),
        Filter("day", _("Of the day"), kind="date"),
    ),
)


def _left_out_parameters(actor: Actor) -> dict[str, Any]:
    texts = dict(_left_out_reasons(actor))
    return {"run": _newest_run(actor), "reasons": list(texts), "texts": list(texts.values())}


def _left_out_reasons(actor: Actor) -> list[tuple[str, str]]:
    return list({row["reason"]: in_language(row) for row in _left_out_rows(actor, _newest_run(actor))}.items())


def _left_out_rows(actor: Actor, run: int) -> list[dict[str, Any]]:
    """Return what an allocation left out by reason; its rows never change, so they are counted once."""
    key = f"left-out-{actor.creditor_id}-{run}"
    found: list[dict[str, Any]] | None = cache.get(key)
    if found is None:
        found = left_out_by_reason(creditor_id=actor.creditor_id, allocation_run_id=run) if run else []
        cache.set(key, found, CACHED_SECONDS)
    return found


def _newest_run(actor: Actor) -> int:
    found = newest_allocation(creditor_id=actor.creditor_id)
    return found["allocation_run_id"] if found else 0


LEFT_OUT = Listing(
    name="left-out",
    title=_("Left out of the last allocation"),
    query=LEFT_OUT_PAGE,
    order="-balance",
    parameters=_left_out_parameters,
    columns=(
        Column("number", _("Case"), kind="code", link=case_address),
        Column("reason_text", _("Reason")),
        Column("balance_minor", _("Balance"), kind="money", order="balance"),
        Column("days_past_due", _("Days past due"), kind="count", order="days"),
        Column("segment_key", _("Segment"), kind="code"),
        Column("hand", _("Hand"), kind="count"),
        Column("expected_recovered_minor", _("Expected recovery"), kind="money", order="expected"),
    ),
    filters=(
        Filter("reason", _("Reason"), choices=_left_out_reasons),
        Filter("number", _("Account number")),
        Filter("balance_min", _("Balance from"), kind="money"),
        Filter("segment", _("Segment")),
    ),
)


class StopListForm(Form):
    """What is said of a stop list that is sent."""

    name = forms.RegexField(
        r"[\w-]{1,64}",
        label=_("Which list it is"),
        initial="stop_list",
        max_length=64,
        help_text=_("Lists of several names stand beside each other."),
    )
    as_of = DayField(label=_("The day of the list"))
    is_whole = forms.BooleanField(
        label=_("The file shows everybody on this list: who is missing is lifted"),
        required=False,
        help_text=_("Nobody is lifted while a row of the file cannot be taken."),
    )


@creditor_only
@require_http_methods(["GET", "HEAD", "POST"])
def held(request: HttpRequest) -> HttpResponse:
    """List who is stopped and why; by POST the chosen stops are lifted, with a reason."""
    if request.method == "POST":
        return _lifted(request)
    if not request.GET:
        return redirect(reverse("holds") + "?state=in_force")
    day = today(request)
    reasons = selectors.stops_by_reason(creditor_id=request.actor.creditor_id, on=day)
    context = {
        "reasons": [row | {"word": word("hold_" + row["kind"])} for row in reasons],
        "day": day,
        "lift_reasons": [(code, in_language({"en": en, "zh": zh})) for code, (en, zh) in services.LIFT_REASONS.items()],
    }
    can_lift = not request.actor.roles.isdisjoint({str(Role.MANAGER), str(Role.COMPLIANCE)})
    return listing_page(request, HOLDS, template="console/scrub/holds.html", extra=context, select=can_lift)


def _lifted(request: HttpRequest) -> HttpResponse:
    ids = [int(text) for text in request.POST.getlist("ids")[: services.HOLDS_MAX + 1] if text.isdecimal() and len(text) < 19]
    try:
        day = date.fromisoformat(request.POST.get("on") or today(request).isoformat())
    except ValueError as error:
        raise LiftUnclear(maximum=services.HOLDS_MAX) from error
    result = services.holds_lift(actor=request.actor, hold_ids=ids, on=day, why=request.POST.get("why", ""))
    messages.success(request, gettext("%(count)s stops were lifted.") % {"count": result.lifted_count})
    if result.kept_count:
        kept = gettext("%(count)s stay: they have ended already, or the room that placed them keeps their cause.")
        messages.warning(request, kept % {"count": result.kept_count})
    return redirect(request.get_full_path())


@creditor_only
@require_safe
def lists(request: HttpRequest) -> HttpResponse:
    """List the stop lists that were loaded."""
    return listing_page(request, STOP_LISTS, template="console/scrub/lists.html")


@creditor_only
@require_safe
def stop_list(request: HttpRequest, stop_list_id: int) -> HttpResponse:
    """Show what came of one stop list, with the first rejected rows."""
    listed = selectors.stop_list_page(creditor_id=request.actor.creditor_id, stop_list_id=stop_list_id)
    context = {"listed": listed, "counts": listed["counts"], "problems": said(listed["problems"]), "again": "again" in request.GET}
    return TemplateResponse(request, "console/scrub/list.html", context)


@creditor_only
@require_http_methods(["GET", "HEAD", "POST"])
def load(request: HttpRequest) -> HttpResponse:
    """Ask for a stop list and load it behind the page."""
    if request.method != "POST":
        return _asked(request, StopListForm(initial={"as_of": today(request), "name": "stop_list"}))
    require(request.actor, Role.MANAGER, Role.COMPLIANCE, action="load a stop list")
    form = StopListForm(request.POST)
    try:
        source, name = received_file(request)
        if not form.is_valid():
            return _asked(request, form, status=422)
        file_id = services.upload_put(actor=request.actor, path=source, name=name)
    except InvalidInput as error:
        return _asked(request, form, refusal=refusal_of(error), status=error.http_status)
    given = form.cleaned_data
    wanted = {"file_id": file_id, "name": given["name"], "as_of": given["as_of"].isoformat(), "is_whole": given["is_whole"]}
    return redirect("job", job_id=job_start(actor=request.actor, kind="stops_load", parameters=wanted))


def _asked(request: HttpRequest, form: StopListForm, *, refusal: dict[str, str] | None = None, status: int = 200) -> HttpResponse:
    reasons = [
        {
            "code": reason.code,
            "text": in_language({"en": reason.en, "zh": reason.zh}),
            "stops": [word(f"stops_{part}") for part in reason.stops],
        }
        for reason in stop_reasons().values()
    ]
    context = {"form": form, "refusal": refusal, **size_limits(), "reasons": reasons}
    return TemplateResponse(request, "console/scrub/load.html", context, status=status)


@creditor_only
@require_safe
def left_out(request: HttpRequest) -> HttpResponse:
    """List the cases that the last allocation gave to nobody, and why."""
    run = newest_allocation(creditor_id=request.actor.creditor_id)
    rows = _left_out_rows(request.actor, run["allocation_run_id"] if run else 0)
    context = {"run": run, "reasons": [row | {"text": in_language(row)} for row in rows]}
    return listing_page(request, LEFT_OUT, template="console/scrub/left_out.html", extra=context)


@creditor_only
@require_safe
def classification(request: HttpRequest) -> HttpResponse:
    """Show what is owed by product, regulatory class and state of charge-off, and the tables they rest on."""
    actor, day = request.actor, today(request)
    newest = selectors.newest_ageing(creditor_id=actor.creditor_id)
    rows = selectors.classified(creditor_id=actor.creditor_id, step_run_id=newest[0], on=newest[1]) if newest else []
    context = {
        "day": newest[1] if newest else day,
        "is_empty": not rows,
        "products": _by_product(rows),
        "tables": [
            (_("Classes"), [_table(table) for table in class_tables()]),
            (_("Charge-off"), [_table(table) for table in charge_off_tables()]),
        ],
    }
    return TemplateResponse(request, "console/scrub/classification.html", context)


def _by_product(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return products with the sums of their classes and states, and each share of the product's balance."""
    grouped: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        grouped[row["product_class"], row["currency"]].append(row)
    found = []
    for (product, currency), group in grouped.items():
        whole = sum(row["balance_minor"] for row in group)
        group.sort(key=lambda row: (SEVERITY.index(row["class"]) if row["class"] in SEVERITY else len(SEVERITY), row["state"]))
        shown = [row | {"class_text": _text(row["class"]), "state_text": _text(row["state"])} for row in group]
        shown = [row | {"share": row["balance_minor"] / whole if whole else None} for row in shown]
        count = sum(row["account_count"] for row in group)
        found.append({"product": product, "currency": currency, "rows": shown, "balance_minor": whole, "account_count": count})
    return found


def _text(code: str) -> str:
    try:
        return in_language(dict(zip(("en", "zh"), class_text(code), strict=True)))
    except KeyError:
        return word(code)


def _table(table: Any) -> dict[str, Any]:
    firsts = [(_text(code), first) for code, first in table.first_days]
    return {
        "confidence": word(f"read_{table.confidence}"),
        "table": table,
        "firsts": firsts,
        "products": ", ".join(word(product) if product != "*" else gettext("all others") for product in table.products),
    }


urlpatterns = [
    path("holds/", held, name="holds"),
    path("holds/lists/", lists, name="stop-lists"),
    path("holds/lists/load/", receives_files(load), name="stop-list-load"),
    path("holds/lists/<int:stop_list_id>/", stop_list, name="stop-list"),
    path("holds/left-out/", left_out, name="left-out"),
    path("classification/", classification, name="classification"),
]

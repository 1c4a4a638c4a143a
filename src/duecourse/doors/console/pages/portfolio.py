"""The portfolio: age by month, roll rates between two months, curves of cohorts, and the long list of cases behind every figure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, path, reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from duecourse.doors import charts, figures, words
from duecourse.doors.console.shell import creditor_only, today
from duecourse.doors.console.tables import Column, Filter, Listing, listing_page
from duecourse.kit.calendar import local_day
from duecourse.kit.clock import now
from duecourse.parties.access import Actor, creditor_of
from duecourse.parties.models import Agency
from duecourse.placement.selectors import CASES_PAGE
from duecourse.portfolio.selectors import NEW, Counted, bucket_sums, case_rolls, counted_months, newest_names, portfolio_splits
from duecourse.settlement.selectors import Vintage, vintages

MONTHS_SHOWN = 12
ROLLS_SECONDS = 24 * 3600
"""A pair of executions never changes, so its matrix may be kept."""
HANDS = 6


@require_safe
@creditor_only
def buckets(request: HttpRequest) -> HttpResponse:
    """Show how many cases stand in which bucket, now and month by month."""
    months = counted_months(creditor_id=request.actor.creditor_id)
    if not months:
        return _empty(request, "portfolio")
    chosen, split = _split(request, months)
    shown = months[:MONTHS_SHOWN]
    sums = bucket_sums(creditor_id=request.actor.creditor_id, step_run_ids=[month.step_run_id for month in shown], **split)
    now_rows = [row for row in sums if row["step_run_id"] == months[0].step_run_id]
    lengths = figures.bar_lengths([row["balance_minor"] for row in now_rows])
    names = {row["bucket"]: row["bucket_number"] for row in sums}
    order = sorted(names, key=lambda name: names[name])
    columns = charts.columns_of([(month.month, _parts(sums, month)) for month in reversed(shown)])
    context = {
        **chosen,
        "newest": months[0],
        "rows": [
            {**row, "length": length, "address": _cases(chosen, bucket=row["bucket"])}
            for row, length in zip(now_rows, lengths, strict=True)
        ],
        "case_count": sum(row["case_count"] for row in now_rows),
        "balance_minor": sum(row["balance_minor"] for row in now_rows),
        "columns": columns,
        "legend": [(name, min(names[name], charts.SHADES)) for name in order],
        "buckets": order,
        "history": [_history(month, sums, order, chosen) for month in shown],
    }
    return TemplateResponse(request, "console/portfolio/buckets.html", context)


@require_safe
@creditor_only
def rolls(request: HttpRequest) -> HttpResponse:
    """Show where the cases of one month were in another."""
    months = counted_months(creditor_id=request.actor.creditor_id)
    if not months:
        return _empty(request, "portfolio-rolls")
    chosen, split = _split(request, months)
    known = {month.month: month for month in months}
    after = known.get(request.GET.get("to", ""), months[0])
    earlier = [month for month in months if month.as_of < after.as_of]
    before = known.get(request.GET.get("from", "")) or (earlier[0] if earlier else None)
    before = before if before and before.as_of < after.as_of else (earlier[0] if earlier else None)
    by = "balance" if request.GET.get("by") == "balance" else "case"
    context = {**chosen, "months": months, "before": before, "after": after, "by": by}
    if before:
        found = _kept_rolls(request.actor.creditor_id, before, after, split)
        context |= _matrix(found, before, after, by, chosen)
    return TemplateResponse(request, "console/portfolio/rolls.html", context)


@require_safe
@creditor_only
def curves(request: HttpRequest) -> HttpResponse:
    """Show what became of cohorts, by months since they began."""
    months = counted_months(creditor_id=request.actor.creditor_id)
    chosen, split = _split(request, months)
    kind = "opened" if request.GET.get("kind") == "opened" else "placed"
    measure = "gone" if request.GET.get("measure") == "gone" else "recovered"
    found = vintages(creditor_id=request.actor.creditor_id, kind=kind, **split)[-MONTHS_SHOWN:]
    series = [(one.cohort, [(point.age, getattr(point, f"{measure}_share")) for point in one.points]) for one in found]
    ages = range(max((one.points[-1].age for one in found), default=0) + 1)
    days = {month.month: month.as_of for month in months}
    context = {
        **chosen,
        "kind": kind,
        "measure": measure,
        "chart": charts.curves_of(series) if series else None,
        "ages": ages,
        "rows": [_cohort(one, ages, measure, kind, days, chosen) for one in reversed(found)],
    }
    return TemplateResponse(request, "console/portfolio/curves.html", context)


def _empty(request: HttpRequest, name: str) -> HttpResponse:
    return TemplateResponse(request, "console/portfolio/empty.html", {"here": name, "query": ""})


def _split(request: HttpRequest, months: Sequence[Counted]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return what the pages show of the chosen product and region, and the same as arguments of a selector."""
    runs = [month.step_run_id for month in months[:MONTHS_SHOWN]]
    splits = portfolio_splits(creditor_id=request.actor.creditor_id, step_run_ids=runs)
    product, region = request.GET.get("product", ""), request.GET.get("region", "")
    product, region = product if product in splits["product_class"] else "", region if region in splits["region"] else ""
    currency = request.creditor.currency
    asked = {"product": product, "region": region}
    context = {
        **asked,
        "currency": currency,
        "products": splits["product_class"],
        "regions": [name for name in splits["region"] if name],
        "others": [name for name in splits["currency"] if name != currency],
        "query": urlencode({name: value for name, value in asked.items() if value}),
    }
    return context, {"currency": currency, "product_class": product, "region": region}


def _cases(chosen: Mapping[str, Any], **filters: str) -> str:
    """Return the address of the cases behind a figure, under the product and region chosen."""
    asked = {"product": chosen["product"], "region": chosen["region"], **filters}
    return reverse("cases") + "?" + urlencode({name: value for name, value in asked.items() if value})


def _parts(sums: Sequence[Mapping[str, Any]], month: Counted) -> list[tuple[str, int, int]]:
    return [(row["bucket"], row["bucket_number"], row["balance_minor"]) for row in sums if row["step_run_id"] == month.step_run_id]


def _history(month: Counted, sums: Sequence[Mapping[str, Any]], order: Sequence[str], chosen: Mapping[str, Any]) -> dict[str, Any]:
    found = {row["bucket"]: row for row in sums if row["step_run_id"] == month.step_run_id}
    cells = [
        {"row": found.get(name), "bucket": name, "address": _cases(chosen, as_of=month.as_of.isoformat(), bucket=name)} for name in order
    ]
    count, minor = (sum(row[name] for row in found.values()) for name in ("case_count", "balance_minor"))
    return {"month": month, "cells": cells, "case_count": count, "balance_minor": minor}


def _kept_rolls(creditor_id: int, before: Counted, after: Counted, split: Mapping[str, str]) -> list[dict[str, Any]]:
    key = ":".join(["rolls", str(creditor_id), str(before.step_run_id), str(after.step_run_id)])
    if split["product_class"] or split["region"]:
        return case_rolls(creditor_id=creditor_id, before_id=before.step_run_id, after_id=after.step_run_id, **split)
    found = cache.get(key)
    if found is None:
        found = case_rolls(creditor_id=creditor_id, before_id=before.step_run_id, after_id=after.step_run_id, **split)
        cache.set(key, found, ROLLS_SECONDS)
    return found


def _matrix(found: Sequence[Mapping[str, Any]], before: Counted, after: Counted, by: str, chosen: Mapping[str, Any]) -> dict[str, Any]:
    """Return columns and rows of the matrix, each cell with its share, amount, shade and the address of its cases."""
    numbers = {row["to_bucket"]: row["to_number"] for row in found}
    columns = sorted(numbers, key=lambda name: numbers[name])
    rows: dict[str, dict[str, Any]] = {}
    for row in found:
        line = rows.setdefault(row["from_bucket"], {"bucket": row["from_bucket"], "case_count": 0, "balance_minor": 0, "cells": {}})
        line["case_count"] += row["case_count"]
        line["balance_minor"] += row["balance_minor"]
        share = row[f"{by}_share"]
        shade = min(figures.HEAT_STEPS, max(1, round(share * figures.HEAT_STEPS + 0.499))) if share else 0
        address = _roll_cases(row, before, after, chosen)
        line["cells"][row["to_bucket"]] = {**row, "share": share, "shade": shade, "address": address}
    shown = [{**line, "cells": [line["cells"].get(name) for name in columns]} for line in rows.values()]
    return {"columns": columns, "rows": shown}


def _roll_cases(row: Mapping[str, Any], before: Counted, after: Counted, chosen: Mapping[str, Any]) -> str:
    if row["from_bucket"] == NEW:
        was = f"{before.as_of.isoformat()}.{NEW}"
        return _cases(chosen, as_of=after.as_of.isoformat(), bucket=row["to_bucket"], was=was)
    became = f"{after.as_of.isoformat()}.{row['to_bucket']}"
    return _cases(chosen, as_of=before.as_of.isoformat(), bucket=row["from_bucket"], became=became)


def _cohort(one: Vintage, ages: range, measure: str, kind: str, days: Mapping[str, Any], chosen: Mapping[str, Any]) -> dict[str, Any]:
    """Return a cohort's row: its base, and at each age the share with the cases that were still there in that month."""
    points = {point.age: point for point in one.points}
    top = max((getattr(point, f"{measure}_share") for point in one.points), default=0)
    cells: list[dict[str, Any] | None] = []
    for age in ages:
        point = points.get(age)
        if point is None:
            cells.append(None)
            continue
        share = getattr(point, f"{measure}_share")
        day = days.get(point.month)
        address = _cases(chosen, as_of=day.isoformat(), **{f"{kind}_in": one.cohort}) if day else ""
        cells.append(
            {"share": share, "shade": round(share / top * figures.HEAT_STEPS) if top > 0 else 0, "address": address, "point": point}
        )
    return {"vintage": one, "cells": cells}


def _case_link(row: Mapping[str, Any]) -> str | None:
    try:
        return reverse("case", args=[row["case_id"]])
    except NoReverseMatch:
        return None


def _choices(name: str) -> Callable[[Actor], list[tuple[str, Any]]]:
    """Return the choices of a filter: the names that occur in the newest ages."""

    def choices(actor: Actor) -> list[tuple[str, Any]]:
        return [(value, words.word(value)) for value in newest_names(creditor_id=actor.creditor_id)[name] if value]

    return choices


def _agency_choices(actor: Actor) -> list[tuple[str, Any]]:
    agencies = Agency.objects.filter(creditor_id=actor.creditor_id).order_by("code").values_list("pk", "name")
    return [("none", _("not placed")), *((str(pk), name) for pk, name in agencies)]


HOLD_KINDS = ("stop_list", "dispute", "complaint", "deceased", "bankrupt", "hardship", "paid_already", "erased")
CASES = Listing(
    name="cases",
    title=_("Cases"),
    query=CASES_PAGE,
    order="-balance",
    parameters=lambda actor: {"today": local_day(now(), creditor_of(actor).zone).isoformat()},
    holds_personal=True,
    columns=(
        Column("case_id", _("Case"), kind="code", order="case", link=_case_link),
        Column("number", _("Account"), kind="code"),
        Column("bucket", _("Bucket"), kind="word"),
        Column("days_past_due", _("Days past due"), kind="count", order="days"),
        Column("balance_minor", _("Balance"), kind="money", order="balance"),
        Column("product_class", _("Product"), kind="word"),
        Column("region", _("Region"), is_shown=False),
        Column("agency_name", _("Agency")),
        Column("placed_on", _("Placed on"), kind="day", is_shown=False),
        Column("term_until_on", _("Term until"), kind="day"),
        Column("hand_count", _("Hand"), kind="count"),
        Column("state", _("State"), kind="badge", is_shown=False),
        Column("account_count", _("Accounts"), kind="count", is_shown=False),
        Column("opened_on", _("Opened on"), kind="day", is_shown=False),
        Column("closed_on", _("Closed on"), kind="day", is_shown=False),
        Column("agency_code", _("Agency code"), kind="code", is_shown=False),
        Column("as_of", _("Aged on"), kind="day", is_shown=False),
    ),
    filters=(
        Filter("number", _("Account number"), hint=_("exact")),
        Filter("bucket", _("Bucket"), choices=_choices("bucket")),
        Filter("agency", _("Agency"), choices=_agency_choices),
        Filter("product", _("Product"), choices=_choices("product_class")),
        Filter("region", _("Region"), choices=_choices("region")),
        Filter("state", _("State"), choices=lambda _actor: [("open", _("open")), ("closed", _("closed"))]),
        Filter("dpd_min", _("Days past due from"), kind="number"),
        Filter("dpd_max", _("Days past due to"), kind="number"),
        Filter("balance_min", _("Balance from"), kind="money"),
        Filter("balance_max", _("Balance to"), kind="money"),
        Filter("placed_from", _("Placed from"), kind="date"),
        Filter("placed_until", _("Placed until"), kind="date"),
        Filter("hold", _("Stop"), choices=lambda _actor: [(kind, words.word(f"hold_{kind}")) for kind in HOLD_KINDS]),
        Filter("hand", _("Hand"), choices=lambda _actor: [(str(number), str(number)) for number in range(HANDS)]),
        Filter("as_of", _("As on"), kind="date"),
        Filter("placed_in", _("Placed in the month"), hint="2026-09"),
        Filter("opened_in", _("First overdue in the month"), hint="2026-09"),
        Filter("was", _("Was"), hint="2026-08-01.M1"),
        Filter("became", _("Became"), hint="2026-09-01.M2"),
    ),
)


@require_safe
@creditor_only
def cases(request: HttpRequest) -> HttpResponse:
    """Show the long list of cases."""
    return listing_page(request, CASES, template="console/portfolio/cases.html", extra={"here": "cases", "day": today(request)})


urlpatterns = [
    path("portfolio/", buckets, name="portfolio"),
    path("portfolio/rolls/", rolls, name="portfolio-rolls"),
    path("portfolio/vintages/", curves, name="portfolio-vintages"),
    path("portfolio/cases/", cases, name="cases"),
]

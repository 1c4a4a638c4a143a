"""Scorecards: how agencies did against what was expected of their cases, with intervals, month by month; never a bare rank."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path
from django.views.decorators.http import require_safe

from duecourse.doors import charts, figures
from duecourse.doors.console.shell import creditor_only
from duecourse.engine.evaluation import WHY_NOT
from duecourse.settlement.selectors import scorecards_since

MONTHS_SHOWN = 12
EVIDENCE = ("randomised", "adjusted")
MEASURES = ("money", "payers")


@require_safe
@creditor_only
def scorecards(request: HttpRequest) -> HttpResponse:
    """Show a month's scorecards by evidence and measure, and each agency's months."""
    found = scorecards_since(creditor_id=request.actor.creditor_id, months=MONTHS_SHOWN)
    months = sorted({card["month"] for card in found}, reverse=True)
    month = request.GET.get("month", "")
    month = month if month in months else next(iter(months), "")
    evidence = request.GET.get("evidence", "")
    measure = request.GET.get("measure", "")
    measure = measure if measure in MEASURES else MEASURES[0]
    cards = [card for card in found if card["month"] == month]
    evidence = evidence if evidence in EVIDENCE else _strongest(cards, measure)
    axis = figures.axis_of(cards)
    context = {
        "month": month,
        "months": months,
        "evidence": evidence,
        "measure": measure,
        "evidences": EVIDENCE,
        "measures": MEASURES,
        "axis": axis,
        "kinds": _groups(cards, axis),
        "reasons": _reasons(cards),
        "metric_versions": sorted({card["metric_version"] for card in cards}),
        "currency": request.creditor.currency,
        "trends": _trends(found, evidence=evidence, measure=measure),
    }
    return TemplateResponse(request, "console/scorecards/scorecards.html", context)


def _strongest(cards: Sequence[dict[str, Any]], measure: str) -> str:
    """Return the random slice where it can rank anybody, else all cases."""
    can_rank = any(card["can_rank"] for card in cards if card["evidence"] == "randomised" and card["measure"] == measure)
    return "randomised" if can_rank else "adjusted"


def _groups(cards: Sequence[dict[str, Any]], axis: figures.Axis) -> list[dict[str, Any]]:
    """Return the cards by evidence and measure; agencies stand by code, for there is no rank."""
    groups = []
    for evidence in EVIDENCE:
        for measure in MEASURES:
            own = sorted(
                (card for card in cards if (card["evidence"], card["measure"]) == (evidence, measure)), key=lambda card: card["agency_code"]
            )
            if own:
                shown = [{**card, "plot": figures.interval_of(card, axis)} for card in own]
                groups.append({"evidence": evidence, "measure": measure, "cards": shown})
    return groups


def _reasons(cards: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return why agencies cannot be ranked: each reason with the evidence and the agencies it holds for."""
    found: dict[tuple[str, str], set[str]] = {}
    for card in cards:
        if card["why_not"] in WHY_NOT:
            found.setdefault((card["evidence"], card["why_not"]), set()).add(card["agency_name"])
    return [
        {"evidence": evidence, "text": dict(zip(("en", "zh"), WHY_NOT[code], strict=True)), "agencies": sorted(names)}
        for (evidence, code), names in sorted(found.items(), key=lambda item: (EVIDENCE.index(item[0][0]), item[0][1]))
    ]


def _trends(found: Sequence[dict[str, Any]], *, evidence: str, measure: str) -> list[dict[str, Any]]:
    """Return each agency's months under one evidence and measure, on one scale."""
    own = [card for card in found if (card["evidence"], card["measure"]) == (evidence, measure)]
    months = sorted({card["month"] for card in own})
    axis = figures.axis_of(own)
    by_agency: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for card in sorted(own, key=lambda card: card["month"]):
        by_agency.setdefault((card["agency_code"], card["contract_id"]), []).append(card)
    return [
        {"name": cards[0]["agency_name"], "cards": cards, "trend": charts.trend_of(cards, months=months, low=axis.low, high=axis.high)}
        for _, cards in sorted(by_agency.items())
    ]


urlpatterns = [path("scorecards/", scorecards, name="scorecards")]

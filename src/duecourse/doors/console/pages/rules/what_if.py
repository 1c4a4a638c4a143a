"""What if a value were another: a form, a job over a quarter's contacts, and what would have been refused by agency and hour."""

from __future__ import annotations

import secrets
from collections import Counter
from datetime import date, timedelta
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from duecourse.doors.console.forms import Form
from duecourse.doors.console.pages.rules.library import own_packs
from duecourse.doors.console.rule_words import parameter_title, rule_address, rule_title, said, shown_value, text_title
from duecourse.doors.console.shell import creditor_only, today
from duecourse.doors.jobs import job_start
from duecourse.doors.rule_jobs import KIND
from duecourse.doors.words import told
from duecourse.kit.errors import Absent, InvalidInput
from duecourse.ledger.selectors import job_rows
from duecourse.parties.access import require
from duecourse.parties.models import Agency, Role
from duecourse.rules.form import Pack, Parameter, Unit
from duecourse.rules.what_if import Way, changed, parsed

ROLES = (Role.COMPLIANCE, Role.MANAGER, Role.ANALYST)
QUARTERS = 5
TRIALS_MAX = 200
HOURS = range(24)


class TrialForm(Form):
    """Which value to try, and over which contacts."""

    parameter = forms.ChoiceField(label=gettext_lazy("Value of a rule"))
    value = forms.CharField(
        label=gettext_lazy("What it would be"),
        max_length=20,
        help_text=gettext_lazy("A time as 21:00, yes as 1 and no as 0, else a whole number."),
    )
    way = forms.ChoiceField(label=gettext_lazy("Tried as"), widget=forms.RadioSelect, initial=Way.draft)
    quarter = forms.ChoiceField(label=gettext_lazy("Over the contacts of"))

    def __init__(self, *args: Any, packs: tuple[Pack, ...], on: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.packs = packs
        rules = [rule for pack in packs for rule in pack.rules if rule.subject == "contact"]
        self.fields["parameter"].choices = [("", _("choose")), *(
            (said(rule.title), [(one.id, f"{said(rule.title)} · {said(one.title)}") for one in rule.parameters])
            for rule in sorted(rules, key=lambda rule: said(rule.title))
        )]  # fmt: skip
        self.fields["way"].choices = [
            (Way.draft, _("a new text: stricter or looser, as if the law read so")),
            (Way.policy, _("a policy of ours: it can only make things stricter")),
        ]
        self.fields["quarter"].choices = [(first.isoformat(), _quarter_text(first)) for first in quarters(on)]

    def clean(self) -> dict[str, Any]:
        """Read the value in its parameter's unit, and see that it can be tried."""
        found = super().clean()
        if "parameter" in found and "value" in found and "way" in found:
            try:
                change = parsed(f"{found['parameter']}={found['value'].strip()}", packs=self.packs, way=Way(found["way"]))
                changed(self.packs, changes=[change], layers=())
            except InvalidInput as refused:
                self.add_refusal(refused, field="value")
            else:
                found["change"] = change
        return found


def quarters(on: date) -> list[date]:
    """Return the first days of the quarter that a day is in and of those before it, the newest first."""
    first = date(on.year, (on.month - 1) // 3 * 3 + 1, 1)
    found = [first]
    while len(found) < QUARTERS:
        before = found[-1] - timedelta(days=1)
        found.append(date(before.year, (before.month - 1) // 3 * 3 + 1, 1))
    return found


@require_http_methods(["GET", "HEAD", "POST"])
@creditor_only
def what_if(request: HttpRequest) -> HttpResponse:
    """Ask for a trial and show the earlier ones of this person; by POST, begin it behind the page."""
    may_try = not request.actor.roles.isdisjoint(map(str, ROLES))
    on = today(request)
    initial = {"way": Way.draft, "quarter": quarters(on)[0], "parameter": request.GET.get("parameter", "")}
    form = TrialForm(request.POST if request.method == "POST" else None, packs=own_packs(request), on=on, initial=initial)
    if request.method == "POST":
        require(request.actor, *ROLES, action="try a value")
        if form.is_valid():
            change, first = form.cleaned_data["change"], date.fromisoformat(form.cleaned_data["quarter"])
            asked = {"parameter": change.parameter, "value": change.value, "way": change.way.value, "mark": secrets.token_hex(8)}
            span = {"from_on": first.isoformat(), "until_on": _after(first).isoformat()}
            return redirect("job", job_start(actor=request.actor, kind=KIND, parameters=asked | span))
    trials = [_trial(row, request=request) for row in _jobs(request)]
    context = {"form": form, "may_try": may_try, "trials": trials[:20]}
    return TemplateResponse(request, "console/rules/what_if.html", context, status=422 if form.errors else 200)


@require_safe
@creditor_only
def result(request: HttpRequest, mark: str) -> HttpResponse:
    """Show what a trial of this person found."""
    row = next((row for row in _jobs(request) if row["parameters"].get("mark") == mark), None)
    if row is None or "what_if" not in (row["result"] or {}):
        raise Absent(entity="trial")
    found = row["result"]["what_if"]
    names = dict(Agency.objects.filter(creditor_id=request.actor.creditor_id).values_list("code", "name"))
    context = {
        "trial": _trial(row, request=request),
        "found": found,
        "before": [(text_title(text), value) for text, _space, value in (one.rpartition(" ") for one in found["changes"][0]["texts"])],
        "grids": [
            grid for grid in (_grid(found, change, names=names) for change in ("newly_refused", "newly_allowed", "newly_warned")) if grid
        ],
        "hours": HOURS,
        "problems": [told(one["what"], told_of) for one in found["problems"] if "rule" not in (told_of := one.get("parameters", {}))],
        "not_judged": [{"title": rule_title(name), "address": rule_address(name)} for name in _rule_ids(found.get("rules_not_judged", []))],
    }
    return TemplateResponse(request, "console/rules/what_if_result.html", context)


def _jobs(request: HttpRequest) -> list[dict[str, Any]]:
    asked = {"creditor_id": request.actor.creditor_id, "agency_id": None, "asked_by": request.actor.user_id}
    return [row for row in job_rows(**asked, limit=TRIALS_MAX) if row["kind"] == KIND]


def _trial(row: dict[str, Any], *, request: HttpRequest) -> dict[str, Any]:
    """Return a trial in words."""
    asked = row["parameters"]
    rule_id, _dot, name = asked["parameter"].rpartition(".")
    unit = _unit(asked["parameter"], request=request)
    counts = (row["result"] or {}).get("counts", {})
    return {
        "title": f"{rule_title(rule_id)} · {parameter_title(rule_id, name)}",
        "value": shown_value(asked["value"], unit) if unit else asked["value"],
        "way": _("a new text") if asked["way"] == Way.draft else _("a policy of ours"),
        "span": _quarter_text(date.fromisoformat(asked["from_on"])),
        "mark": asked["mark"],
        "job_id": row["id"],
        "is_done": row["state"] == "done",
        "counts": counts,
        "asked_at": row["asked_at"],
        "rule_address": rule_address(rule_id),
    }


def _unit(parameter_id: str, *, request: HttpRequest) -> Unit | None:
    found: Parameter | None = next(
        (one for pack in own_packs(request) for rule in pack.rules for one in rule.parameters if one.id == parameter_id), None
    )
    return found.unit if found else None


def _grid(found: dict[str, Any], change: str, *, names: dict[str, str]) -> dict[str, Any] | None:
    """Return what changed in one way as a table of agencies and hours, None when nothing did."""
    cells: dict[str, Counter[int]] = {}
    unknown: Counter[str] = Counter()
    for row in found["by_performer_and_hour"]:
        if row["change"] != change:
            continue
        cells.setdefault(row["performer"], Counter())
        if row["local_hour"] is None:
            unknown[row["performer"]] += row["event_count"]
        else:
            cells[row["performer"]][row["local_hour"]] += row["event_count"]
    if not cells:
        return None
    most = max((number for hours in cells.values() for number in hours.values()), default=1)
    rows = [
        {
            "name": names.get(code, code),
            "total": hours.total() + unknown[code],
            "cells": [{"number": hours[hour], "heat": -(-4 * hours[hour] // most)} for hour in HOURS],
        }
        for code, hours in cells.items()
    ]
    titles = {
        "newly_refused": _("Would have been refused"),
        "newly_allowed": _("Would have been allowed"),
        "newly_warned": _("Would have been warned of"),
    }
    ordered = sorted(rows, key=lambda row: (-row["total"], row["name"]))
    return {"change": change, "title": titles[change], "rows": ordered, "total": sum(row["total"] for row in rows)}


def _rule_ids(told: Any) -> list[str]:
    rows = told if isinstance(told, list) else list(told)
    return [str(row.get("rule", "")) if isinstance(row, dict) else str(row) for row in rows]


def _after(first: date) -> date:
    return date(first.year + (first.month == 10), first.month % 12 + 3 if first.month < 10 else 1, 1)


def _quarter_text(first: date) -> str:
    return _("quarter %(number)s of %(year)s") % {"number": (first.month + 2) // 3, "year": first.year}


urlpatterns = [path("what-if/", what_if, name="what-if"), path("what-if/<slug:mark>/", result, name="what-if-result")]

"""Papers of lower layers: the creditor's policy, an agency's contract, an agreement with a debtor; written by one person, approved by another."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from duecourse.contact.models import Paper, PaperLayer
from duecourse.contact.selectors.paper_layers import layers_on
from duecourse.contact.selectors.papers import PAPERS_PAGE, access_paper
from duecourse.contact.services import paper_add, paper_end
from duecourse.doors.console.forms import DayField, Form
from duecourse.doors.console.pages.rules.library import own_packs
from duecourse.doors.console.rule_words import cited_article, rule_address, said, shown_value, stricter_said
from duecourse.doors.console.shell import creditor_only, today
from duecourse.doors.console.tables import Column, Filter, Listing, listing_page
from duecourse.doors.words import in_language, word
from duecourse.kit.errors import Absent, InvalidInput
from duecourse.ledger.selectors import page
from duecourse.parties.access import require
from duecourse.parties.models import Agency, Approval, Role
from duecourse.portfolio.selectors import access_case
from duecourse.rules.form import Layer, Overlay, Parameter, Rule, Tighter, Unit
from duecourse.rules.library import rule_on
from duecourse.rules.resolve import Effective

WRITERS = (Role.COMPLIANCE, Role.MANAGER)
FIELD = "value-"
OPEN_MAX = 8
"""Beyond so many rules those about other things than contacts are folded."""
_CLOCK = re.compile(r"(?:[01]?\d|2[0-3]):[0-5]\d|24:00")


class PaperForm(Form):
    """The head of a paper; its values stand in a table beside it."""

    code = forms.RegexField(
        r"^[\w.-]{1,64}$",
        label=gettext_lazy("Number of the paper"),
        max_length=64,
        help_text=gettext_lazy("A second version of the same paper has the same number."),
    )
    title_zh = forms.CharField(
        label=gettext_lazy("Title in Chinese"), max_length=200, help_text=gettext_lazy("Names no debtor: answers cite it.")
    )
    title_en = forms.CharField(label=gettext_lazy("Title in English"), max_length=200)
    clause = forms.CharField(
        label=gettext_lazy("Clause"), max_length=60, required=False, help_text=gettext_lazy("Where in the paper the values stand.")
    )
    issued_on = DayField(label=gettext_lazy("Signed on"))
    effective_on = DayField(label=gettext_lazy("Binds from"))

    def clean(self) -> dict[str, Any]:
        """A paper binds no earlier than it was signed."""
        found = super().clean()
        if found.get("issued_on") and found.get("effective_on") and found["effective_on"] < found["issued_on"]:
            self.add_error("effective_on", _("Not before the day it was signed."))
        return found


@dataclass(frozen=True, slots=True)
class Party:
    """Whose paper it is: the layer, and the agency or debtor it names."""

    layer: str
    name: str
    agency_id: int | None = None
    person_id: int | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One parameter that a paper may set: what binds without it, and what was typed."""

    rule: Rule
    parameter: Parameter
    effective: Effective
    may_loosen: bool
    typed: str
    fault: str

    @property
    def key(self) -> str:
        """The name of its field."""
        return f"{FIELD}{self.parameter.id}"

    @property
    def is_yes_no(self) -> bool:
        """Whether it is chosen, not typed."""
        return self.parameter.unit is Unit.yes_no

    @property
    def title(self) -> str:
        """What it is called."""
        return said(self.parameter.title)

    @property
    def binding(self) -> str:
        """What binds without the paper."""
        return shown_value(self.effective.value, self.parameter.unit)

    @property
    def by(self) -> str:
        """The paper or text by which it binds."""
        source = self.effective.sources[0].reference
        article = cited_article({"text": source.text.id, "article": source.article})
        return f"{word(source.text.layer)} · {said(source.text.title)} {article}".strip()

    @property
    def stricter(self) -> str:
        """Which way is stricter."""
        return stricter_said(self.parameter)


PAPERS = Listing(
    name="papers",
    title=gettext_lazy("Papers"),
    query=PAPERS_PAGE,
    order="-known",
    columns=(
        Column("code", gettext_lazy("Number of the paper"), kind="code", order="code", link=lambda row: reverse("paper", args=[row["paper_id"]])),
        Column("number", gettext_lazy("Version"), kind="count"),
        Column("title", gettext_lazy("Title"), can_export=False),
        Column("layer", gettext_lazy("Layer"), kind="word"),
        Column("agency", gettext_lazy("Agency")),
        Column("effective_on", gettext_lazy("Binds from"), kind="day"),
        Column("state_text", gettext_lazy("State"), can_export=False),
        Column("state", gettext_lazy("State (code)"), kind="code", is_shown=False),
        Column("added_by_name", gettext_lazy("Written by")),
        Column("decided_by_name", gettext_lazy("Decided by")),
        Column("known_at", gettext_lazy("Written"), kind="instant", order="known", is_shown=False),
    ),
    filters=(
        Filter("q", gettext_lazy("Number or title")),
        Filter("layer", gettext_lazy("Layer"), choices=lambda _actor: [(layer, word(layer)) for layer in PaperLayer.values]),
        Filter("state", gettext_lazy("State"),
               choices=lambda _actor: [(state, word(f"paper_{state}")) for state in ("waiting", "approved", "refused", "end")]),
        Filter("agency", gettext_lazy("Agency"), choices=lambda actor: _agencies(actor.creditor_id)),
    ),
)  # fmt: skip


@require_safe
@creditor_only
def papers(request: HttpRequest) -> HttpResponse:
    """List every version of every paper, and offer to write one."""
    hint = _("The law alone binds. A paper makes it stricter for everybody, for one agency or for one debtor, once a second person agrees.")
    response = listing_page(
        request, PAPERS, template="console/rules/papers.html", extra={"agencies": _agencies(request.actor.creditor_id), "empty_hint": hint}
    )
    for row in response.context_data["rows"]:
        row.update(title=_title(row), state_text=word(f"paper_{row['state']}"))
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@creditor_only
def paper_new(request: HttpRequest) -> HttpResponse:
    """Show every parameter with the value that binds, and take what the paper sets; what is wrong or would never bind is refused."""
    require(request.actor, *WRITERS, action="write a paper")
    party = _party(request)
    if party is None:
        messages.warning(request, _("Choose whose paper it is; what you typed is not known here."))
        return redirect("papers")
    form = PaperForm(
        request.POST if request.method == "POST" else None, initial={"issued_on": today(request), "effective_on": today(request)}
    )
    is_sound = request.method == "POST" and form.is_valid()
    on = form.cleaned_data["effective_on"] if is_sound else today(request)
    lines = _lines(request, party=party, on=on, without=form.cleaned_data["code"] if is_sound else "")
    written = [line for line in lines if line.typed]
    if is_sound and not written:
        form.add_error(None, _("Set at least one value, or the paper says nothing."))
    if is_sound and written and not form.errors and not any(line.fault for line in lines):
        try:
            made = _added(request, party=party, form=form, lines=written)
        except InvalidInput as refused:
            form.add_refusal(refused)
        else:
            messages.success(request, _("Written. It binds from its day on, once another person has approved it."))
            return redirect("paper", made.pk)
    is_wrong = request.method == "POST"
    context = {
        "party": party,
        "form": form,
        "by_rule": _by_rule(lines),
        "written_count": len(written),
        "fault_count": sum(bool(line.fault) for line in lines),
    }
    return TemplateResponse(request, "console/rules/paper_new.html", context, status=422 if is_wrong else 200)


@require_safe
@creditor_only
def paper(request: HttpRequest, paper_id: int) -> HttpResponse:
    """Show one version of a paper: what it sets beside what binds without it, and who wrote and decided it."""
    found = access_paper(request.actor, paper_id=paper_id)
    of = {"creditor_id": request.actor.creditor_id}
    versions = page(PAPERS_PAGE, creditor_id=request.actor.creditor_id, order="-known", filters={"q": found.code}, limit=200).rows
    versions = [row | {"state_text": word(f"paper_{row['state']}")} for row in versions if row["code"] == found.code]
    row = next(row for row in versions if row["paper_id"] == found.pk)
    decision = Approval.objects.filter(**of, subject_kind="paper", subject_id=found.pk).first()
    is_newest = max(row["number"] for row in versions) == found.number
    context = {
        "row": row | {"title": _title(row)},
        "decision": decision,
        "versions": versions,
        "terms": _terms(request, found),
        "may_write": not request.actor.roles.isdisjoint(map(str, WRITERS)),
        "own_id": request.actor.user_id,
        "may_end": is_newest and row["state"] == "approved",
        "day": today(request),
    }
    return TemplateResponse(request, "console/rules/paper.html", context)


@creditor_only
@require_POST
def paper_finish(request: HttpRequest, paper_id: int) -> HttpResponse:
    """Ask for the end of a paper from a day on; another person approves it."""
    found = access_paper(request.actor, paper_id=paper_id)
    try:
        on = date.fromisoformat(request.POST.get("on", ""))
    except ValueError:
        messages.warning(request, _("Write a day as 2026-09-30."))
        return redirect("paper", paper_id)
    ended = paper_end(actor=request.actor, code=found.code, on=on)
    messages.success(request, _("Asked for. The paper binds on until another person approves its end."))
    return redirect("paper", ended.pk)


def _agencies(creditor_id: int) -> list[tuple[str, str]]:
    rows = Agency.objects.filter(creditor_id=creditor_id).order_by("code").values_list("pk", "name")
    return [(str(number), name) for number, name in rows]


def _title(row: Mapping[str, Any]) -> str:
    title = in_language({"zh": row["title_zh"], "en": row["title_en"]})
    return _("End of %(title)s") % {"title": title} if row["is_end"] else title


def _party(request: HttpRequest) -> Party | None:
    """Return whose paper the address asks for, None when it names nobody that is there."""
    layer, typed = request.GET.get("layer", ""), request.GET.get("target", "").strip()
    number = int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 19 else 0
    if layer == PaperLayer.CREDITOR_POLICY:
        return Party(layer, request.creditor.name)
    if layer == PaperLayer.AGENCY_CONTRACT:
        agency = Agency.objects.filter(creditor_id=request.actor.creditor_id, pk=number).first()
        return Party(layer, agency.name, agency_id=agency.pk) if agency else None
    if layer == PaperLayer.AGREEMENT:
        try:
            case = access_case(request.actor, case_id=number)
        except Absent:
            return None
        return Party(layer, _("the debtor of case %(number)s") % {"number": case.pk}, person_id=case.person_id)
    return None


def _lines(request: HttpRequest, *, party: Party, on: date, without: str) -> list[Line]:
    """Return every parameter in force with what binds without this paper, and what was typed for it."""
    layers = layers_on(actor=request.actor, on=on, agency_id=party.agency_id, person_id=party.person_id)
    layers = tuple(overlay for overlay in layers if not without or not _is_of(overlay, without, request=request))
    found = []
    for pack in own_packs(request):
        for rule in pack.rules:
            state = rule_on(rule, pack=pack, as_of=on, overlays=layers, lender_class=request.creditor.lender_class)
            for effective in state.effective:
                typed = request.POST.get(f"{FIELD}{effective.parameter.id}", "").strip()[:40]
                loosen = any(one.layer == Layer(party.layer) and effective.parameter.name in one.parameters for one in rule.exceptions)
                fault = _fault(typed, effective=effective, may_loosen=loosen) if typed else ""
                if _is_strictest(effective) and not loosen and not typed:
                    continue
                found.append(Line(rule, effective.parameter, effective, loosen, typed, fault))
    return found


def _is_strictest(effective: Effective) -> bool:
    """Say whether nothing can be stricter than what binds, so that a paper has nothing to set."""
    unit, tighter = effective.parameter.unit, effective.parameter.tighter
    return effective.value == (0 if tighter is Tighter.if_lower else unit.largest)


def _is_of(overlay: Overlay, code: str, *, request: HttpRequest) -> bool:
    """Say whether an overlay is a version of this paper, which the new version takes the place of."""
    number = overlay.text.id.removeprefix("paper-")
    return number.isdecimal() and Paper.objects.filter(creditor_id=request.actor.creditor_id, pk=int(number), code=code).exists()


def _fault(typed: str, *, effective: Effective, may_loosen: bool) -> str:
    """Return why a value cannot stand, in words, '' when it can."""
    parameter = effective.parameter
    value = _number(typed, parameter.unit)
    if value is None:
        return _("Write a time as 08:00.") if parameter.unit is Unit.minute_of_day else _("Write a whole number from 0.")
    if value > parameter.unit.largest:
        return _("At most %(largest)s.") % {"largest": shown_value(parameter.unit.largest, parameter.unit)}
    is_looser = value > effective.value if parameter.tighter is Tighter.if_lower else value < effective.value
    if is_looser and not may_loosen:
        return _("Looser than %(value)s, which binds already: it would never count.") % {
            "value": shown_value(effective.value, parameter.unit)
        }
    if value == effective.value:
        return _("That binds already; leave it empty.")
    return ""


def _number(typed: str, unit: Unit) -> int | None:
    if unit is Unit.minute_of_day:
        hours, _colon, minutes = typed.partition(":")
        return int(hours) * 60 + int(minutes) if _CLOCK.fullmatch(typed) and typed.isascii() else None
    return int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 17 else None


def _added(request: HttpRequest, *, party: Party, form: PaperForm, lines: list[Line]) -> Paper:
    head = form.cleaned_data
    stands = {"effective_on": head["effective_on"], "article": head["clause"], "confidence": "verbatim"}
    parameters = {line.parameter.id: {"unit": line.parameter.unit.value, "values": [{"value": _kept(line), **stands}]} for line in lines}
    return paper_add(
        actor=request.actor,
        layer=party.layer,
        agency_id=party.agency_id,
        person_id=party.person_id,
        parameters=parameters,
        **{name: head[name] for name in ("code", "title_zh", "title_en", "issued_on", "effective_on")},
    )


def _kept(line: Line) -> int | str | bool | None:
    """Return a typed value in the form in which papers are read: a time as a text, yes and no as such, all else as a number."""
    unit = line.parameter.unit
    if unit is Unit.minute_of_day:
        return line.typed.zfill(5)
    return _number(line.typed, unit)


def _by_rule(lines: list[Line]) -> list[dict[str, Any]]:
    """Return the lines by rule, those of contacts first."""
    gathered: dict[str, dict[str, Any]] = {}
    for line in lines:
        address = rule_address(line.rule.id)
        rule = gathered.setdefault(line.rule.id, {"title": said(line.rule.title), "address": address, "rule": line.rule, "lines": []})
        rule["lines"].append(line)
    for rule in gathered.values():
        rule["is_typed"] = any(line.typed for line in rule["lines"])
        rule["is_open"] = rule["is_typed"] or len(gathered) < OPEN_MAX or rule["rule"].subject == "contact"
    return sorted(gathered.values(), key=lambda rule: (rule["rule"].subject != "contact", rule["title"]))


def _terms(request: HttpRequest, found: Paper) -> list[dict[str, Any]]:
    """Return what a version sets, with what binds on its day altogether."""
    terms = []
    layers = layers_on(
        actor=request.actor, on=max(found.effective_on, today(request)), agency_id=found.agency_id, person_id=found.person_id
    )
    by_id = {parameter.id: (pack, rule, parameter) for pack in own_packs(request) for rule in pack.rules for parameter in rule.parameters}
    for name, written in sorted(found.parameters.items()):
        if name not in by_id:
            terms.append({"title": name, "rule": "", "address": "", "shown": str(written), "binding": "–", "by": ""})
            continue
        pack, rule, parameter = by_id[name]
        state = rule_on(
            rule, pack=pack, as_of=max(found.effective_on, today(request)), overlays=layers, lender_class=request.creditor.lender_class
        )
        effective = next((one for one in state.effective if one.parameter is parameter), None)
        value = written["values"][0]
        shown = _number(str(value["value"]), parameter.unit)
        terms.append({
            "title": said(parameter.title), "rule": said(rule.title), "address": rule_address(rule.id), "article": value.get("article", ""),
            "shown": shown_value(shown, parameter.unit) if shown is not None else str(value["value"]),
            "binding": shown_value(effective.value, parameter.unit) if effective else "–",
            "by": word(effective.sources[0].reference.text.layer) if effective else "",
        })  # fmt: skip
    return terms


urlpatterns = [
    path("papers/", papers, name="papers"),
    path("papers/new/", paper_new, name="paper-new"),
    path("papers/<int:paper_id>/", paper, name="paper"),
    path("papers/<int:paper_id>/end/", paper_finish, name="paper-end"),
]

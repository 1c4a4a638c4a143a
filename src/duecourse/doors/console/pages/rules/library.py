"""The rule library: every rule that ships, as of any day: what it says, which values bind this creditor, on what they rest, and its cases."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from duecourse.doors.console.pages.rules.own import own_papers
from duecourse.doors.console.rule_words import (
    answers_said,
    article_said,
    case_name,
    facts_read,
    noted,
    parameter_title,
    rule_address,
    said,
    senses,
    shown_value,
    stricter_said,
)
from duecourse.doors.console.shell import creditor_only, today
from duecourse.doors.words import is_chinese, word
from duecourse.kit.errors import Absent
from duecourse.rules import library
from duecourse.rules.form import OVERLAY_LAYERS, TEXT_LAYERS, Confidence, DatedValue, Modality, Overlay, Pack, Parameter, Text, Unit
from duecourse.rules.library import RuleOn, RuleState
from duecourse.rules.load import shipped_packs
from duecourse.rules.resolve import Effective, Standing

REVIEW_DAYS_MAX = 365
FILTERS = ("q", "pack", "layer", "modality", "subject", "state", "confidence")


def day_asked(request: HttpRequest) -> date:
    """Return the day that the address asks for, today where it asks for none that there is."""
    try:
        return date.fromisoformat(request.GET.get("as_of", ""))
    except ValueError:
        return today(request)


def own_packs(request: HttpRequest) -> tuple[Pack, ...]:
    """Return the packs in force for the creditor, of those that ship."""
    return tuple(pack for pack in shipped_packs() if pack.id in request.creditor.packs)


@require_safe
@creditor_only
def rules(request: HttpRequest) -> HttpResponse:
    """List the rules of the creditor's packs, or of all that ship, with what they say on a day."""
    as_of, is_all = day_asked(request), request.GET.get("all") == "1"
    packs = shipped_packs() if is_all else own_packs(request)
    papers = own_papers(request, as_of=as_of)
    asked = {name: request.GET.get(name, "").strip()[:200] for name in FILTERS}
    every = [_on(request, rule, pack=pack, as_of=as_of, papers=papers) for pack in packs for rule in pack.rules]
    found = [one for one in every if _answers(one, asked)]
    groups = [(pack, [_row(one) for one in found if one.pack is pack]) for pack in packs]
    context = {
        "as_of": as_of,
        "is_today": as_of == today(request),
        "is_all": is_all,
        "asked": asked,
        "choices": _choices(every),
        "by_pack": [{"pack": pack, "title": said(pack.title), "rows": rows, "is_own": pack.id in request.creditor.packs}
                   for pack, rows in groups if rows],
        "found_count": len(found),
        "rule_count": len(every),
        "is_filtered": any(asked.values()),
        "binding_count": sum(one.state is RuleState.binds for one in every),
        "disabled_count": sum(one.state is RuleState.disabled for one in every),
        "old_count": sum(len(pack.unreviewed(today(request), days_max=REVIEW_DAYS_MAX)) for pack in packs),
        "tab": "rules",
    }  # fmt: skip
    return TemplateResponse(request, "console/rules/list.html", context)


@require_safe
@creditor_only
def rule(request: HttpRequest, pack_id: str, name: str) -> HttpResponse:
    """Show one rule as of a day: its sense, its values in time, which bind, its exceptions, its cases as they come out now, and its code."""
    pack = next((one for one in shipped_packs() if one.id == pack_id), None)
    found = next((one for one in pack.rules if one.name == name), None) if pack else None
    if pack is None or found is None:
        raise Absent(entity="rule")
    as_of = day_asked(request)
    on = _on(request, found, pack=pack, as_of=as_of, papers=own_papers(request, as_of=as_of))
    runs = library.run_cases(found, pack=pack)
    cases = [_case(run.case, faults=run.faults, pack=pack) for run in runs] or [_case(case, faults=(), pack=pack) for case in found.cases]
    written = senses(found)
    context = {
        "rule": found,
        "pack": pack,
        "title": said(found.title),
        "pack_title": said(pack.title),
        "is_own": pack.id in request.creditor.packs,
        "channels": sorted(found.channels),
        "about": said(pack.vocabulary.subjects[found.subject]),
        "as_of": as_of,
        "is_today": as_of == today(request),
        "state": on.state,
        "why": word(f"rule_{on.state}"),
        "error": on.error,
        "layers": list(dict.fromkeys(text.layer for text in library.texts_of(found))),
        "confidences": list(dict.fromkeys(value.confidence for _parameter, value in library.dated_values(found))),
        "sense": written[0],
        "answers": answers_said(found, pack=pack),
        "is_english_only": is_chinese() and written[0].lang == "en",
        "other_senses": written[1:],
        "binding": [_binding(effective, pack=pack) for effective in on.effective],
        "values": [_dated(parameter, value, pack=pack, as_of=as_of) for parameter, value in library.dated_values(found)],
        "exceptions": [_exception(one, pack=pack) for one in found.exceptions],
        "facts": facts_read(found, pack=pack),
        "texts": [_text(text, on=today(request)) for text in library.texts_of(found)],
        "cases": cases,
        "are_cases_run": bool(runs),
        "failed_count": sum(bool(run.faults) for run in runs),
        "code": library.body_of(found),
    }
    return TemplateResponse(request, "console/rules/rule.html", context)


@require_safe
@creditor_only
def texts(request: HttpRequest) -> HttpResponse:
    """List the texts behind the rules with the day somebody last compared them; a text not looked at for a year is marked."""
    is_all = request.GET.get("all") == "1"
    packs = shipped_packs() if is_all else own_packs(request)
    groups = [{"pack": pack, "title": said(pack.title), "rows": [_text(text, on=today(request)) | {"rules": _resting(pack, text)}
                                                                   for text in pack.texts.values()]} for pack in packs]  # fmt: skip
    context = {
        "by_pack": groups,
        "is_all": is_all,
        "old_count": sum(row["is_old"] for group in groups for row in group["rows"]),
        "days_max": REVIEW_DAYS_MAX,
        "tab": "texts",
    }
    return TemplateResponse(request, "console/rules/texts.html", context)


@require_safe
@creditor_only
def disabled(request: HttpRequest) -> HttpResponse:
    """List the values that decisions do not use, because they are known too weakly."""
    is_all = request.GET.get("all") == "1"
    packs = shipped_packs() if is_all else own_packs(request)
    rows = [
        {
            "pack": said(pack.title),
            "address": rule_address(rule.id),
            "title": said(rule.title),
            **_dated(parameter, value, pack=pack, as_of=today(request)),
        }
        for pack in packs
        for rule, parameter, value in pack.disabled()
    ]
    return TemplateResponse(request, "console/rules/disabled.html", {"rows": rows, "is_all": is_all, "tab": "disabled"})


def _on(request: HttpRequest, rule: library.Rule, *, pack: Pack, as_of: date, papers: tuple[Overlay, ...]) -> RuleOn:
    return library.rule_on(rule, pack=pack, as_of=as_of, overlays=papers, lender_class=request.creditor.lender_class)


def _answers(one: RuleOn, asked: Mapping[str, str]) -> bool:
    rule, values = one.rule, [value for _parameter, value in library.dated_values(one.rule)]
    return (
        library.speaks_of(rule, asked["q"])
        and asked["pack"] in ("", one.pack.id)
        and (not asked["layer"] or any(value.reference.text.layer == asked["layer"] for value in values))
        and asked["modality"] in ("", rule.modality)
        and asked["subject"] in ("", rule.subject)
        and asked["state"] in ("", one.state)
        and (not asked["confidence"] or any(value.confidence == asked["confidence"] for value in values))
    )


def _choices(every: list[RuleOn]) -> list[dict[str, Any]]:
    """Return the filters with the values that occur, each with its word and how many rules have it."""
    packs = {one.pack.id: said(one.pack.title) for one in every}
    subjects = {one.rule.subject: said(one.pack.vocabulary.subjects[one.rule.subject]) for one in every}
    return [
        {"name": "pack", "label": _("Pack"), "options": list(packs.items())},
        {"name": "layer", "label": _("Layer"), "options": [(layer.value, word(layer)) for layer in TEXT_LAYERS]},
        {"name": "modality", "label": _("What follows"), "options": [(one.value, word(one)) for one in Modality]},
        {"name": "subject", "label": _("About"), "options": list(subjects.items())},
        {"name": "state", "label": _("State"), "options": [(state.value, word(f"rule_{state}")) for state in RuleState]},
        {"name": "confidence", "label": _("Confidence"), "options": [(one.value, word(one)) for one in Confidence]},
    ]


def _row(one: RuleOn) -> dict[str, Any]:
    rule = one.rule
    references = dict.fromkeys((value.reference.text, value.reference.article) for _parameter, value in library.dated_values(rule))
    return {
        "pack_id": one.pack.id,
        "rule": rule,
        "title": said(rule.title),
        "other_title": rule.title.en if said(rule.title) == rule.title.zh else rule.title.zh,
        "references": [{"title": said(text.title), "layer": text.layer, "article": article_said(article, pack=one.pack)}
                       for text, article in references],
        "values": [
            {"title": said(effective.parameter.title), "shown": shown_value(effective.value, effective.parameter.unit),
             "is_own": any(source.reference.text.layer in OVERLAY_LAYERS for source in effective.sources)}
            for effective in one.effective
        ],
        "state": one.state,
    }  # fmt: skip


def _binding(effective: Effective, *, pack: Pack) -> dict[str, Any]:
    unit = effective.parameter.unit
    return {
        "title": said(effective.parameter.title),
        "name": effective.parameter.name,
        "shown": shown_value(effective.value, unit),
        "tighter": stricter_said(effective.parameter),
        "sources": [_standing(one, effective, pack=pack) for one in effective.sources],
        "overruled": [_standing(one, effective, pack=pack) for one in effective.overruled],
    }


def _standing(one: Standing, effective: Effective, *, pack: Pack) -> dict[str, Any]:
    return {
        "shown": shown_value(one.dated.value, effective.parameter.unit),
        "text": said(one.reference.text.title),
        "layer": one.reference.text.layer,
        "article": article_said(one.reference.article, pack=pack),
        "effective_on": one.dated.effective_on,
        "confidence": one.dated.confidence,
        "exceptions": [said(exception.title) for exception in one.exceptions],
    }


def _dated(parameter: Parameter, value: DatedValue, *, pack: Pack, as_of: date) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "parameter": said(parameter.title),
        "shown": shown_value(value.value, value.unit),
        "effective_on": value.effective_on,
        "until_on": value.until_on,
        "text": said(value.reference.text.title),
        "layer": value.reference.text.layer,
        "article": article_said(value.reference.article, pack=pack),
        "note": noted(value.reference),
        "confidence": value.confidence,
        "is_enabled": value.is_enabled,
        "is_held": value.holds(as_of),
    }


def _exception(one: library.Exception_, *, pack: Pack) -> dict[str, Any]:
    return {
        "title": said(one.title),
        "layer": one.layer,
        "parameters": one.parameters,
        "text": said(one.reference.text.title),
        "article": article_said(one.reference.article, pack=pack),
        "note": noted(one.reference),
    }


def _text(text: Text, *, on: date) -> dict[str, Any]:
    age_days = (on - text.last_reviewed_on).days
    return {
        "id": text.id,
        "title": said(text.title),
        "layer": text.layer,
        "issued_on": text.issued_on,
        "effective_on": text.effective_on,
        "last_reviewed_on": text.last_reviewed_on,
        "age_days": age_days,
        "is_old": age_days > REVIEW_DAYS_MAX,
        "lenders": [word(f"lender_{one}") for one in text.lender_classes],
        "products": [word(one) for one in text.product_classes],
    }


def _resting(pack: Pack, text: Text) -> int:
    return sum(text in library.texts_of(rule) for rule in pack.rules)


def _case(case: Mapping[str, Any], *, faults: tuple[str, ...], pack: Pack) -> dict[str, Any]:
    told = [(_("Day"), str(case["as_of"]))] if "as_of" in case else []
    for name, value in case.get("facts", {}).items():
        fact = pack.vocabulary.facts.get(name)
        told.append((said(fact.title) if fact else word(f"case_{name}"), _fact_shown(name, value, unit=fact.unit if fact else None)))
    for layer in OVERLAY_LAYERS:
        told += [(word(layer), _set(key, value, pack=pack)) for key, value in case.get(layer, {}).items()]
    found = word(f"finding_{case['finding']}") if "finding" in case else word(f"case_ends_{case['error']}")
    name, lang = case_name(case)
    return {"text": name, "lang": lang, "told": told, "found": found, "next_at": case.get("next_allowed_at"), "faults": faults}


def _fact_shown(name: str, value: int | str | None, *, unit: Unit | None) -> str:
    """Return the value of a fact in a case as a person reads it."""
    if value is None:
        return _("unknown")
    if unit is not None and isinstance(value, int):
        return shown_value(value, unit)
    codes = {"lender_class": f"lender_{value}", "performer_kind": "external" if value == "agency" else str(value)}
    return word(codes.get(name, str(value)))


def _set(parameter_id: str, value: int | str, *, pack: Pack) -> str:
    """Return what a lower layer sets in a case: the parameter by its title, and its value."""
    rule_id, name = parameter_id.rsplit(".", 1)
    units = {parameter.id: parameter.unit for rule in pack.rules for parameter in rule.parameters}
    shown = shown_value(value, units[parameter_id]) if isinstance(value, int) and parameter_id in units else value
    return f"{parameter_title(rule_id, name)} {shown}"


urlpatterns = [
    path("rules/", rules, name="rules"),
    path("rules/texts/", texts, name="rule-texts"),
    path("rules/disabled/", disabled, name="rule-disabled"),
    path("rules/<slug:pack_id>/<slug:name>/", rule, name="rule"),
]

"""The mapping assistant: how a sender's columns become fields, guessed, shown beside samples, corrected by hand, tried, saved, used."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.translation import get_language, gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from duecourse.doors.console.pages.feeds import SHIPPED_WORDS, receive, refusal_of, said
from duecourse.doors.console.receiving import received_file, receives_files, size_limits
from duecourse.doors.console.shell import creditor_only, today
from duecourse.doors.feed_jobs import OVERDUE, chosen_mapping
from duecourse.doors.words import told, word
from duecourse.kit.errors import DuecourseError, InvalidInput
from duecourse.kit.records import ColumnGuess, Mapping, MappingGuess, MappingInvalid, guess_mapping
from duecourse.kit.records.proposal import QUARANTINE
from duecourse.kit.records.saved import NAME, saved_versions
from duecourse.parties.access import require
from duecourse.parties.models import Role
from duecourse.portfolio import selectors, services
from duecourse.portfolio.services import OVERDUE_TAPE
from duecourse.portfolio.services.trials import TRIAL_ROWS, tape_trial

PASSED_OVER = "-"
COLUMNS_MAX = 300
"""Columns that can be corrected by hand on one page; those behind are passed over, and that is said."""
DRAFT_NAME = "draft"
SURE, LIKELY = 0.8, 0.5


class NameUnusable(InvalidInput):
    """A mapping is to be saved under a name that is none."""

    what = "A mapping cannot be saved under this name."
    todo = "Use 1 to 64 small letters, digits, _ and -, for example first-bank."


class DayUnreadable(InvalidInput):
    """The day of a file cannot be read."""

    what = "The day whose state the file shows cannot be read."
    todo = "Write it as 2026-09-30."


@dataclass(frozen=True, slots=True)
class Row:
    """One column of the file, as the page shows it beside its field.

    Attributes:
        place: its number on the page, from 0.
        guess: what was guessed.
        chosen: what stands in its select: a field, `quarantine` or `-`.
        reasons: why it was guessed, in the reader's language.
        sure: guess_sure, guess_likely or guess_doubtful.
    """

    place: int
    guess: ColumnGuess
    chosen: str
    reasons: list[str]
    sure: str

    @property
    def is_set_aside(self) -> bool:
        """Whether it was guessed to be over-collected."""
        return self.guess.proposal == QUARANTINE


@creditor_only
@require_safe
def listed(request: HttpRequest) -> HttpResponse:
    """List the mappings that can be used: saved here, in dated versions, and shipped."""
    uses = selectors.mapping_uses(creditor_id=request.actor.creditor_id)
    saved = [
        {"name": name, "versions": [{"text": str(version), "use": uses.get((name, str(version)))} for version in versions]}
        for name, versions in saved_versions(services.saved_folder(request.actor.creditor_id)).items()
    ]
    shipped = [
        {"mapping": mapping, "what": SHIPPED_WORDS.get(mapping.name, ""), "use": uses.get((mapping.name, str(mapping.version)))}
        for mapping in services.shipped_mappings()
    ]
    return TemplateResponse(request, "console/mapping/list.html", {"saved": saved, "shipped": shipped})


@creditor_only
@require_safe
def shown(request: HttpRequest, name: str) -> HttpResponse:
    """Show one mapping in the form in which it is kept, and what each column becomes."""
    mapping = chosen_mapping(name, creditor_id=request.actor.creditor_id)
    lang = get_language() or "en"
    names: dict[str, list[str]] = {}
    for column, field in mapping.columns.items():
        names.setdefault(field, []).append(column)
    for field, columns in (*mapping.synonyms.items(), *mapping.sums.items()):
        names.setdefault(field, []).extend(columns)
    shown_fields = [(f.label(lang), names.get(f.name, []), mapping.constants.get(f.name, "")) for f in OVERDUE_TAPE.kept]
    fields = [row for row in shown_fields if row[1] or row[2]]
    context = {"mapping": mapping, "name": name, "fields": fields, "yaml": mapping.to_yaml()}
    return TemplateResponse(request, "console/mapping/mapping.html", context)


@creditor_only
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Ask for a file of a sender and keep it, sealed, while its columns are looked at."""
    context: dict[str, Any] = {**size_limits()}
    if request.method != "POST":
        return TemplateResponse(request, "console/mapping/new.html", context)
    require(request.actor, Role.MANAGER, action="make a mapping")
    try:
        source, name = received_file(request)
        file_id = services.upload_put(actor=request.actor, path=source, name=name)
        _guessed(request, file_id)
    except InvalidInput as error:
        context["refusal"] = refusal_of(error)
        return TemplateResponse(request, "console/mapping/new.html", context, status=error.http_status)
    return redirect("mapping-draft", file_id=file_id)


@creditor_only
@require_safe
def draft(request: HttpRequest, file_id: int) -> HttpResponse:
    """Show the columns of an upload beside what they were guessed to be, to be corrected by hand."""
    require(request.actor, Role.MANAGER, action="make a mapping")
    try:
        guess, trial = _guessed(request, file_id)
    except InvalidInput as error:
        return _draft_refused(request, error)
    return TemplateResponse(request, "console/mapping/draft.html", _draft_context(request, file_id, guess, trial))


@creditor_only
@require_POST
def check(request: HttpRequest, file_id: int) -> HttpResponse:
    """Say what would become of the first rows with the columns as they are chosen now."""
    require(request.actor, Role.MANAGER, action="make a mapping")
    try:
        guess, trial = _guessed(request, file_id, request.POST)
    except InvalidInput as error:
        return TemplateResponse(request, "console/mapping/check.html", {"refusal": refusal_of(error)})
    return TemplateResponse(request, "console/mapping/check.html", _check_context(request, guess, trial))


@creditor_only
@require_POST
def save(request: HttpRequest, file_id: int) -> HttpResponse:
    """Save the mapping as the next version of its name; with `take`, take the file in with it at once."""
    require(request.actor, Role.MANAGER, action="make a mapping")
    guess, trial = _guessed(request, file_id, request.POST)
    try:
        name = request.POST.get("name", "").strip()
        if not NAME.fullmatch(name):
            raise NameUnusable
        as_of = _day(request)
        version = services.mapping_save(actor=request.actor, mapping=_made(guess, request.POST, name=name))
    except InvalidInput as error:
        context = _draft_context(request, file_id, guess, trial) | {"save_refusal": refusal_of(error)}
        return TemplateResponse(request, "console/mapping/draft.html", context, status=error.http_status)
    messages.success(request, gettext("Saved as %(version)s.") % {"version": version})
    if "take" not in request.POST:
        return redirect("mapping", name=version)
    given: dict[str, Any] = {"mapping": version, "as_of": as_of, "kind": OVERDUE}
    if request.POST.get("kind") == "new":
        given |= {"kind": "new", "feed_at": _instant(request.POST.get("feed_at", ""))}
    declared = {key: request.POST.get(key, "") for key in ("control_rows", "control_minor")}
    given |= {key: int(text) for key, text in declared.items() if text.isdecimal() and len(text) < 19}
    return redirect("job", job_id=receive(request, file_id, given))


def _guessed(request: HttpRequest, file_id: int, chosen: Any = None) -> tuple[MappingGuess, dict[str, Any]]:
    """Return the guess over an upload, and what the trial of it says: a `Trial`, or why it cannot be tried."""
    given = chosen if chosen is not None else request.GET
    with services.upload_opened(actor=request.actor, file_id=file_id) as source:
        guess = guess_mapping(source, spec=OVERDUE_TAPE, known=services.shipped_mappings(), sheet=given.get("sheet", "")[:64])
        try:
            made = _made(guess, chosen)
            return guess, {"trial": tape_trial(source, mapping=made, as_of=_day(request), zone=request.creditor.zone), "refusal": None}
        except InvalidInput as error:
            return guess, {"trial": None, "refusal": refusal_of(error), "is_incomplete": isinstance(error, MappingInvalid)}


def _made(guess: MappingGuess, chosen: Any, *, name: str = DRAFT_NAME) -> Mapping:
    """Return the mapping that the form says, or the guess says where there is no form yet."""
    if chosen is None:
        return guess.to_mapping(name, version=1)
    columns = guess.columns[:COLUMNS_MAX]
    corrections: dict[str, str | None] = {}
    for place, column in enumerate(columns):
        target = chosen.get(f"field-{place}")
        if target is not None and target != (column.proposal or PASSED_OVER):
            corrections[column.column] = None if target == PASSED_OVER else target
    constants = {f.name: chosen[f"constant-{f.name}"] for f in OVERDUE_TAPE.kept if chosen.get(f"constant-{f.name}")}
    currency = constants.pop("currency", "").upper()
    merged = [column for place, column in enumerate(_merged(guess)) if chosen.get(f"fill-{place}")]
    known = {f.name for f in OVERDUE_TAPE.kept} | {QUARANTINE}
    corrections = {column: target for column, target in corrections.items() if target is None or target in known}
    return guess.to_mapping(name, version=1, corrections=corrections, constants=constants, currency=currency, fill_merged=merged)


def _draft_context(request: HttpRequest, file_id: int, guess: MappingGuess, tried: dict[str, Any]) -> dict[str, Any]:
    given = request.POST if request.method == "POST" else request.GET
    rows = [_row(place, column, given) for place, column in enumerate(guess.columns[:COLUMNS_MAX])]
    lang = get_language() or "en"
    return _check_context(request, guess, tried) | {
        "file_id": file_id,
        "guess": guess,
        "asked": [row for row in rows if not row.is_set_aside],
        "set_aside": [row for row in rows if row.is_set_aside],
        "beyond_count": max(len(guess.columns) - COLUMNS_MAX, 0),
        "fields": [(f.name, f.label(lang), f.required) for f in OVERDUE_TAPE.kept],
        "merged": list(enumerate(_merged(guess))),
        "sheets": [notice.column for notice in guess.notices if notice.code in ("OtherSheet", "HiddenSheet")],
        "sheet": given.get("sheet", ""),
        "notices": said([notice for notice in guess.notices if notice.code not in ("OtherSheet", "HiddenSheet", "MergedCells")]),
        "as_of": given.get("as_of") or today(request).isoformat(),
        "name": given.get("name", ""),
        "carried": {key: given[key][:40] for key in ("kind", "feed_at", "control_rows", "control_minor") if given.get(key)},
        "passed_over": PASSED_OVER,
        "quarantine": QUARANTINE,
    }


def _check_context(request: HttpRequest, guess: MappingGuess, tried: dict[str, Any]) -> dict[str, Any]:
    """Return what the panel of the live check shows: what is missing, and what would become of the first rows."""
    trial = tried["trial"]
    given = request.POST if request.method == "POST" else {}
    lang = get_language() or "en"
    targets = {given.get(f"field-{place}", column.proposal) for place, column in enumerate(guess.columns)}
    filled = targets | ({"currency"} if guess.currency else set())
    needed = [f for f in OVERDUE_TAPE.kept if f.required and f.name not in filled]
    missing = [
        {
            "name": f.name,
            "label": f.label(lang),
            "choices": [(code, _word(f.name, code)) for code in f.choices],
            "value": given.get(f"constant-{f.name}", ""),
            "is_constant": bool(f.choices) or f.name == "currency",
        }
        for f in needed
    ]
    context: dict[str, Any] = {
        "missing": missing,
        "open_count": sum(1 for row in missing if not row["value"]),
        "refusal": tried["refusal"],
        "is_incomplete": tried.get("is_incomplete", False),
        "trial": trial,
        "rows_max": TRIAL_ROWS,
    }
    if trial is not None:
        counts = [trial.counts[problem.code, problem.column] for problem in trial.problems]
        context["problems"] = [row | {"count": count} for row, count in zip(said(trial.problems), counts, strict=True)]
        context["balances"] = sorted(trial.balance_minor.items())
    return context


def _word(field: str, code: str) -> str:
    return word(f"lender_{code}") if field == "lender_class" and code != "other" else word(code)


def _row(place: int, column: ColumnGuess, given: Any) -> Row:
    lang = get_language() or "en"
    reasons = []
    for reason in column.reasons:
        parameters = dict(reason.parameters)
        if parameters.get("field") in OVERDUE_TAPE.names:
            parameters["field"] = OVERDUE_TAPE.field(parameters["field"]).label(lang)
        reasons.append(told(reason.template, parameters))
    sure = "guess_sure" if column.score >= SURE else "guess_likely" if column.score >= LIKELY else "guess_doubtful"
    return Row(place, column, given.get(f"field-{place}", column.proposal or PASSED_OVER), reasons, sure)


def _merged(guess: MappingGuess) -> list[str]:
    """Return the columns with merged cells whose value may stand for all of their rows: none that is read as an amount."""
    amounts = {column.column for column in guess.columns if column.proposal in {f.name for f in OVERDUE_TAPE.kept if f.type == "amount"}}
    return [notice.column for notice in guess.notices if notice.code == "MergedCells" and notice.column not in amounts]


def _day(request: HttpRequest) -> date:
    given = (request.POST if request.method == "POST" else request.GET).get("as_of", "")
    if not given:
        return today(request)
    try:
        return date.fromisoformat(given)
    except ValueError as error:
        raise DayUnreadable from error


def _instant(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise DayUnreadable from error


def _draft_refused(request: HttpRequest, error: DuecourseError) -> HttpResponse:
    context = {**size_limits(), "refusal": refusal_of(error)}
    return TemplateResponse(request, "console/mapping/new.html", context, status=error.http_status)


urlpatterns = [
    path("mappings/", listed, name="mappings"),
    path("mappings/new/", receives_files(new), name="mapping-new"),
    path("mappings/new/<int:file_id>/", draft, name="mapping-draft"),
    path("mappings/new/<int:file_id>/check/", check, name="mapping-check"),
    path("mappings/new/<int:file_id>/save/", save, name="mapping-save"),
    path("mappings/<str:name>/", shown, name="mapping"),
]

"""What a lead may ask of the creditor for placed cases: keep them past their term, or give them back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from duecourse.doors import evidence, words
from duecourse.doors.console.forms import DayField, Form
from duecourse.doors.console.shell import today
from duecourse.doors.workbench.shell import lead_only, numbers_of
from duecourse.kit.errors import Absent, DuecourseError
from duecourse.parties.models import Role
from duecourse.placement.errors import MoveUnclear
from duecourse.placement.selectors import access_move_set, kind_text, move_counts, move_reasons, move_rows, move_sets, policy_on, state_text
from duecourse.placement.services import moves_apply, moves_preview, moves_undo
from duecourse.placement.services.moves import NEEDS_SECOND

KINDS = ("extend", "return")
ROWS_SHOWN = 100
WORDS_MAX = 500


class AskForm(Form):
    """What is asked for, why, and until when."""

    reason = forms.ChoiceField(label=_("What and why"))
    until_on = DayField(label=_("New last day"), required=False, help_text=_("For an extension."))
    words = forms.CharField(label=_("In a sentence"), required=False, max_length=WORDS_MAX, help_text=_("Nothing about a person."))

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        on = today(request)
        self.fields["reason"].choices = [("", gettext("choose")), *((_in(kind_text(kind)), _reasons(kind)) for kind in KINDS)]
        policy = policy_on(creditor_id=request.actor.creditor_id, on=on)
        self.fields["until_on"].help_text = gettext("For an extension; days longer at most: %(days)s.") % {
            "days": policy.extension_days_max
        }
        self.fields["until_on"].widget.attrs["min"] = (on + timedelta(days=1)).isoformat()

    def clean(self) -> dict[str, Any]:
        """Split the choice into kind and reason, and ask for what it needs."""
        given = super().clean() or {}
        kind, _, code = given.get("reason", "").partition(":")
        reason = move_reasons(kind).get(code) if kind in KINDS else None
        if kind == "extend" and not given.get("until_on") and "until_on" not in self.errors:
            self.add_error("until_on", gettext("An extension names its new last day."))
        if reason and reason.needs_words and not given.get("words", "").strip():
            self.add_error("words", gettext("This reason asks for a sentence of your own."))
        return given | {"kind": kind, "reason_code": code}


def _reasons(kind: str) -> list[tuple[str, str]]:
    return [
        (f"{kind}:{row.code}", row.zh if words.is_chinese() else row.en) for row in move_reasons(kind).values() if Role.LEAD in row.roles
    ]


def _in(texts: tuple[str, str]) -> str:
    return texts[words.is_chinese()]


@lead_only
@require_safe
def moves(request: HttpRequest) -> HttpResponse:
    """List what the agency asked for."""
    found = move_sets(creditor_id=request.actor.creditor_id)[:100]
    rows = [{"set": row, "kind": _in(kind_text(row.kind)), "state": _in(state_text(row.state)), "reason": _reason(row)} for row in found]
    return TemplateResponse(request, "workbench/moves.html", {"rows": rows})


@lead_only
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest) -> HttpResponse:
    """Ask for a move of chosen cases or of a whole batch: first its preview."""
    given = request.POST if request.method == "POST" else request.GET
    case_ids, batch_ids = numbers_of(given.getlist("ids")), numbers_of([given.get("batch", "")])
    is_asked = "preview" in request.POST
    form = AskForm(request.POST if is_asked else None, request=request)
    if is_asked and form.is_valid() and (case_ids or batch_ids):
        wanted = {name: form.cleaned_data[name] for name in ("kind", "reason_code", "words")}
        on = today(request)
        try:
            move_set = moves_preview(
                actor=request.actor,
                as_of=on,
                case_ids=case_ids or None,
                batch_id=None if case_ids else batch_ids[0],
                until_on=form.cleaned_data["until_on"] if wanted["kind"] == "extend" else None,
                grounds=evidence.extension_grounds(actor=request.actor, on=on) if wanted["kind"] == "extend" else None,
                **wanted,
            )
        except DuecourseError as error:
            if isinstance(error, Absent):
                raise
            form.add_refusal(error)
        else:
            return redirect("work-move", move_set_id=move_set.pk)
    context = {"form": form, "case_ids": case_ids, "batch_id": batch_ids[0] if batch_ids else "", "case_count": len(case_ids)}
    return TemplateResponse(request, "workbench/move_ask.html", context, status=422 if is_asked else 200)


@lead_only
@require_safe
def move(request: HttpRequest, move_set_id: int) -> HttpResponse:
    """Show one set: what its preview allowed case by case, or what became of it."""
    creditor_id = request.actor.creditor_id
    found = access_move_set(request.actor, move_set_id=move_set_id)
    counts = move_counts(creditor_id=creditor_id, move_set_id=move_set_id)
    context = {
        "set": found,
        "kind": _in(kind_text(found.kind)),
        "state": _in(state_text(found.state)),
        "reason": _reason(found),
        "counts": [row | {"text": words.in_language(row)} for row in counts],
        "allowed_count": sum(row["case_count"] for row in counts if row["verdict"] == "allowed"),
        "rows": [
            row | {"text": words.in_language(row)} for row in move_rows(creditor_id=creditor_id, move_set_id=move_set_id)[:ROWS_SHOWN]
        ],
        "needs_second": found.kind in NEEDS_SECOND,
    }
    return TemplateResponse(request, "workbench/move.html", context)


@lead_only
@require_POST
def apply(request: HttpRequest, move_set_id: int) -> HttpResponse:
    """Give the cases back, or send the extension to the creditor."""
    result = moves_apply(actor=request.actor, move_set_id=move_set_id)
    told = (
        gettext("Sent to the creditor.")
        if result.state == "requested"
        else gettext("Done; cases moved: %(count)s.") % {"count": result.applied_count}
    )
    messages.success(request, told)
    return redirect("work-move", move_set_id=move_set_id)


@lead_only
@require_POST
def withdraw(request: HttpRequest, move_set_id: int) -> HttpResponse:
    """Take a set back that nothing was done with."""
    if access_move_set(request.actor, move_set_id=move_set_id).state not in ("previewed", "requested", "withdrawn"):
        raise MoveUnclear(reasons=gettext("it was decided already"))
    moves_undo(actor=request.actor, move_set_id=move_set_id)
    messages.success(request, gettext("Withdrawn."))
    return redirect("work-moves")


def _reason(move_set: Any) -> str:
    reason = move_reasons(move_set.kind).get(move_set.reason_code)
    return (reason.zh if words.is_chinese() else reason.en) if reason else move_set.reason_code


urlpatterns = [
    path("moves/", moves, name="work-moves"),
    path("moves/new/", ask, name="work-move-new"),
    path("moves/<int:move_set_id>/", move, name="work-move"),
    path("moves/<int:move_set_id>/apply/", apply, name="work-move-apply"),
    path("moves/<int:move_set_id>/withdraw/", withdraw, name="work-move-withdraw"),
]

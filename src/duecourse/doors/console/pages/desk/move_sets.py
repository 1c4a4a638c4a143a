"""One set of moves: what its preview says, applying it or asking a second person, their decision, undoing, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.translation import gettext
from django.views.decorators.http import require_POST, require_safe

from duecourse.doors import words
from duecourse.doors.console.pages.desk.move_words import in_words, kind_text, own, state_text
from duecourse.doors.console.pages.desk.moves import ROWS_HERE_MAX
from duecourse.doors.console.shell import creditor_only
from duecourse.doors.desk import due_counts_forget
from duecourse.doors.desk_jobs import carried
from duecourse.doors.jobs import job_start
from duecourse.ledger.selectors import page
from duecourse.parties.access import Actor
from duecourse.parties.models import Agency, Role
from duecourse.parties.selectors import approval_of
from duecourse.placement import selectors, services
from duecourse.placement.models import PlacementMoveSet
from duecourse.placement.services.moves import NEEDS_SECOND, SUBJECT

ROWS_SHOWN = 25
_DECIDERS = {str(Role.MANAGER), str(Role.COMPLIANCE)}


@require_safe
@creditor_only
def shown(request: HttpRequest, move_set_id: int) -> HttpResponse:
    """Show a set: what may move and what may not and why, what became of it, and what can be done with it now."""
    actor = request.actor
    found = selectors.access_move_set(actor, move_set_id=move_set_id)
    counts = selectors.move_counts(creditor_id=actor.creditor_id, move_set_id=move_set_id)
    reason = selectors.move_reasons(found.kind)[found.reason_code]
    approval = approval_of(actor=actor, subject_kind=SUBJECT, subject_id=found.pk)
    by_said = _by_said(counts)
    staying = page(
        selectors.MOVE_ROWS, creditor_id=actor.creditor_id, order="said", filters={"set": str(found.pk), "stays": "yes"}, limit=ROWS_SHOWN
    )
    names = dict(Agency.objects.filter(creditor_id=actor.creditor_id).values_list("pk", "name"))
    context = {
        "set": found,
        "kind": kind_text(found.kind),
        "state": state_text(found.state),
        "reason": own(reason.en, reason.zh),
        "facts": _facts(found, names=names),
        "by_said": by_said,
        "case_count": sum(row["case_count"] for row in counts),
        "moving_count": sum(row["case_count"] for row in by_said if row["moves"]),
        "staying": [in_words(row) for row in staying.rows],
        "is_more_staying": staying.after is not None,
        "taken_count": sum(row["case_count"] for row in by_said if row["said"] == "changed"),
        "shares": selectors.extension_shares(creditor_id=actor.creditor_id, move_set_id=found.pk) if found.kind == "extend" else [],
        "rivals": selectors.rival_sets(creditor_id=actor.creditor_id, move_set_id=found.pk) if found.state == "previewed" else [],
        "approval": approval,
        **_possible(found, actor, roles=reason.roles),
    }
    for row in context["rivals"]:
        row["kind"] = kind_text(row["kind"])
    return TemplateResponse(request, "console/moves/set.html", context)


@creditor_only
@require_POST
def apply(request: HttpRequest, move_set_id: int) -> HttpResponse:
    """Move what the preview allowed, or ask a second person."""
    return _done(request, move_set_id, "moves_apply")


@creditor_only
@require_POST
def approve(request: HttpRequest, move_set_id: int) -> HttpResponse:
    """Approve a set as the second person, and move it."""
    return _done(request, move_set_id, "moves_approve")


@creditor_only
@require_POST
def reject(request: HttpRequest, move_set_id: int) -> HttpResponse:
    """Refuse a set as the second person."""
    services.moves_reject(actor=request.actor, move_set_id=move_set_id, words=request.POST.get("words", "")[:500])
    messages.success(request, gettext("The set is refused; nothing has moved."))
    return redirect("move", move_set_id=move_set_id)


@creditor_only
@require_POST
def undo(request: HttpRequest, move_set_id: int) -> HttpResponse:
    """Withdraw a set that waits, or cancel its recalls while they are pending."""
    result = services.moves_undo(actor=request.actor, move_set_id=move_set_id)
    due_counts_forget(actor=request.actor)
    undone = result.outcomes.get("undone", 0)
    if result.state == "undone":
        messages.success(request, gettext("Recalls cancelled: {count}. The agency keeps these cases.").format(count=f"{undone:,}"))
    else:
        messages.success(request, gettext("The set is withdrawn; nothing has moved."))
    return redirect("move", move_set_id=move_set_id)


def _done(request: HttpRequest, move_set_id: int, kind: str) -> HttpResponse:
    """Apply or approve, as a job when the set is large, and say what became of it."""
    actor = request.actor
    found = selectors.access_move_set(actor, move_set_id=move_set_id)
    counts = selectors.move_set_counts(creditor_id=actor.creditor_id, move_set_ids=[found.pk])
    wanted = {"move_set_id": found.pk, "words": request.POST.get("words", "")[:500]}
    is_request = kind == "moves_apply" and found.kind in NEEDS_SECOND
    if counts.get(found.pk, {"case_count": 0})["case_count"] > ROWS_HERE_MAX and not is_request:
        return redirect("job", job_id=job_start(actor=actor, kind=kind, parameters=wanted))
    result = carried(actor, kind, wanted)
    if result.state == "requested":
        messages.success(request, gettext("The set waits for a second person; nothing has moved yet."))
    else:
        left = sum(result.outcomes.values()) - result.applied_count
        text = gettext("Cases moved: {count}.").format(count=f"{result.applied_count:,}")
        if left:
            text += " " + gettext("Cases that stay where they are: {count}.").format(count=f"{left:,}")
        messages.success(request, text)
    return redirect("move", move_set_id=found.pk)


def _possible(found: PlacementMoveSet, actor: Actor, *, roles: Sequence[str]) -> dict[str, bool]:
    """Return what the actor may do with a set now, and why not where that needs saying."""
    may_move, may_decide = not actor.roles.isdisjoint(roles), not actor.roles.isdisjoint(_DECIDERS)
    is_own = found.requested_by == actor.user_id
    is_recall = found.kind == "recall" and bool(found.parameters.get("final_on"))
    return {
        "needs_second": found.kind in NEEDS_SECOND,
        "may_apply": found.state == "previewed" and may_move,
        "may_decide": found.state == "requested" and may_decide and not is_own,
        "is_waiting_for_other": found.state == "requested" and is_own,
        "may_withdraw": found.state in ("previewed", "requested") and may_move,
        "may_undo": found.state == "applied" and is_recall and may_move,
    }


def _facts(found: PlacementMoveSet, *, names: Mapping[int, str]) -> list[tuple[str, Any]]:
    given = found.parameters
    facts: list[tuple[str, Any]] = [(gettext("Day"), found.as_of.isoformat())]
    if "asked_on" in given:
        facts.append((gettext("New last day"), given["asked_on"]))
        moved = sorted({end["until_on"] for end in given.get("ends", [])} - {given["asked_on"]})
        if moved:
            facts.append((gettext("Moved off holidays to"), ", ".join(moved)))
        if any(not end["is_calendar_known"] for end in given.get("ends", [])):
            facts.append((gettext("Holidays"), gettext("The calendar does not know that year, so the day was not moved.")))
    if found.kind == "recall":
        facts.append((gettext("Final day"), given.get("final_on") or gettext("at once")))
    if "to_agency_id" in given:
        facts.append((gettext("To agency"), names.get(given["to_agency_id"], "–")))
    if found.words:
        facts.append((gettext("Words"), found.words))
    if found.agency_id:
        facts.append((gettext("Asked by the agency"), names.get(found.agency_id, "–")))
    return facts


def _by_said(counts: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return how many rows have which word, the largest first, with its share of all."""
    found: dict[str, dict[str, Any]] = {}
    total = sum(row["case_count"] for row in counts) or 1
    for row in counts:
        said = row["outcome"] or row["verdict"]
        one = found.setdefault(
            said, {"said": said, "text": words.in_language(dict(row)), "case_count": 0, "moves": said in ("allowed", "applied")}
        )
        one["case_count"] += row["case_count"]
    for one in found.values():
        one["length"] = max(1, one["case_count"] * 100 // total)
    return sorted(found.values(), key=lambda one: (not one["moves"], -one["case_count"]))


urlpatterns = [
    path("moves/<int:move_set_id>/", shown, name="move"),
    path("moves/<int:move_set_id>/apply/", apply, name="move-apply"),
    path("moves/<int:move_set_id>/approve/", approve, name="move-approve"),
    path("moves/<int:move_set_id>/reject/", reject, name="move-reject"),
    path("moves/<int:move_set_id>/undo/", undo, name="move-undo"),
]

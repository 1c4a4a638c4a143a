"""Moves of many cases behind the page: previewing, applying, approving; the desk calls the same functions for few."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from duecourse.doors import evidence
from duecourse.doors.desk import due_counts_forget
from duecourse.doors.jobs import Progress, job
from duecourse.parties.access import Actor
from duecourse.placement import services
from duecourse.placement.models import PlacementMoveSet


def previewed(actor: Actor, wanted: Mapping[str, Any]) -> PlacementMoveSet:
    """Preview what a form or a job wants: the arguments of a preview, days as texts."""
    as_of = date.fromisoformat(wanted["as_of"])
    arguments = {name: value for name, value in wanted.items() if name not in {"as_of", "until_on"}}
    grounds = evidence.extension_grounds(actor=actor, on=as_of) if wanted["kind"] == "extend" else None
    until_on = date.fromisoformat(wanted["until_on"]) if wanted.get("until_on") else None
    return services.moves_preview(actor=actor, as_of=as_of, until_on=until_on, grounds=grounds, **arguments)


def carried(actor: Actor, kind: str, wanted: Mapping[str, Any]) -> services.MovesResult:
    """Apply or approve a set and return what became of it."""
    due_counts_forget(actor=actor)
    if kind == "moves_approve":
        return services.moves_approve(actor=actor, move_set_id=wanted["move_set_id"], words=wanted["words"])
    return services.moves_apply(actor=actor, move_set_id=wanted["move_set_id"])


@job("moves_preview", title=_("Previewing moves"))
def moves_preview_job(*, actor: Actor, parameters: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Preview a large set of moves."""
    found = previewed(actor, parameters)
    progress(len(parameters["case_ids"]), len(parameters["case_ids"]))
    return {"url": reverse("move", args=[found.pk]), "counts": {"case_count": len(parameters["case_ids"])}}


@job("moves_apply", title=_("Moving cases"))
def moves_apply_job(*, actor: Actor, parameters: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Apply a large set of moves."""
    return _carried_job(actor, "moves_apply", parameters, progress)


@job("moves_approve", title=_("Moving cases"))
def moves_approve_job(*, actor: Actor, parameters: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Approve and apply a large set of moves."""
    return _carried_job(actor, "moves_approve", parameters, progress)


def _carried_job(actor: Actor, kind: str, parameters: dict[str, Any], progress: Progress) -> dict[str, Any]:
    result = carried(actor, kind, parameters)
    progress(result.applied_count, result.applied_count)
    return {"url": reverse("move", args=[result.move_set_id]), "counts": {"case_count": result.applied_count}}

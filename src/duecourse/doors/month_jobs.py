"""Steps of a month and drafts of its allocation behind the page."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from duecourse.cycle.services import allocation_draft, perform
from duecourse.cycle.steps import STEPS
from duecourse.doors import words
from duecourse.doors.commands.cycle import month_of
from duecourse.doors.jobs import Progress, job
from duecourse.parties.access import Actor, require
from duecourse.parties.models import Role

BY_ROLE = {"repay": {Role.ACCOUNTANT}, "measure": {Role.ACCOUNTANT, Role.ANALYST}, "settle": {Role.ACCOUNTANT}, "allocate": {Role.ANALYST}}
"""Who beside a manager may run a step; the services behind it hold the same."""


@job("allocation_draft", title=_("Computing a draft allocation"))
def allocation_draft_job(*, actor: Actor, parameters: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Compute a draft; the same choices on the same facts are the same draft."""
    month = month_of(actor, parameters["month"], as_of=date.fromisoformat(parameters["as_of"]), allocation=parameters["choices"])
    number = allocation_draft(month=month)
    progress(1, 1)
    return {"url": reverse("allocation", args=[number])}


@job("month_steps", title=_("Running steps of the month"))
def month_steps_job(*, actor: Actor, parameters: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Run steps of a month one after the other with what is known now; the same inputs as before do nothing twice."""
    names = parameters["steps"]
    for name in names:
        require(actor, Role.MANAGER, *BY_ROLE.get(name, ()), action="run a step")

    def told(done_count: int, total_count: int, _text: str) -> None:
        if len(names) == 1:
            progress(done_count, total_count)

    options = {name: parameters[name] for name in ("tape_id", "is_early") if parameters.get(name)}
    if parameters.get("choices"):
        options["allocation"] = parameters["choices"]
    as_of = date.fromisoformat(parameters["as_of"]) if parameters.get("as_of") else None
    by_name = {step.name: step for step in STEPS}
    counts: dict[str, Any] = {}
    for number, name in enumerate(names, start=1):
        month = replace(month_of(actor, parameters["month"], as_of=as_of, **options), progress=told)
        counts = perform(by_name[name], month=month).counts
        progress(number, len(names))
    return {
        "url": _outcome(parameters["month"], names[-1], counts),
        "counts": dict(words.counts_shown(counts)[:6]),
    }


def _outcome(month: str, name: str, counts: dict[str, Any]) -> str:
    if name == "allocate":
        return reverse("allocation", args=[counts["allocation_run_id"]])
    if name == "hand_over":
        return f"{reverse('batches')}?allocation={counts['allocation_run_id']}"
    return reverse("month-steps", args=[month])

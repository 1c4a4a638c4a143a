"""The ten steps of a month on one page: what is done with its laws, what comes next, what a step waits for, and its button."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, path, reverse
from django.utils.translation import gettext, gettext_noop
from django.views.decorators.http import require_POST, require_safe

from duecourse.cycle import selectors
from duecourse.cycle.errors import RunMissing
from duecourse.cycle.selectors import Standing, month_standing, month_tapes
from duecourse.cycle.services import run_of, run_open
from duecourse.cycle.steps import STEPS
from duecourse.doors import words
from duecourse.doors.commands.cycle import StepUnknown
from duecourse.doors.console.shell import creditor_only, today
from duecourse.doors.jobs import job_start
from duecourse.doors.month_jobs import BY_ROLE
from duecourse.kit.calendar import Month
from duecourse.kit.errors import Absent
from duecourse.parties.access import Actor, require
from duecourse.parties.models import Role

TOGETHER = (("snapshot", "score"), ("contact", "repay", "measure", "settle"))
"""Steps that one click runs one after the other."""
BARRIERS = {
    "closed": gettext_noop("The month is closed and is never rewritten."),
    "no_tape": gettext_noop("No overdue tape of this month was taken in yet."),
    "before": gettext_noop("It waits for the step before: {step}."),
    "undecided": gettext_noop("Allocation {allocation_run_id} waits for the decision of a second person."),
    "rejected": gettext_noop("Allocation {allocation_run_id} was rejected; propose another one."),
    "unfrozen": gettext_noop("Statements that are not frozen yet: {count}."),
    "not_over": gettext_noop("The month lasts until {day}; it may be closed early on purpose."),
}
WHAT = {
    "intake": gettext_noop("The overdue tape comes in; what is not on it any more leaves."),
    "snapshot": gettext_noop("How old every debt is on the business date."),
    "score": gettext_noop("Which segment each case is in, and what is expected of it."),
    "allocate": gettext_noop("Which agency each case goes to; a second person approves."),
    "hand_over": gettext_noop("Batches, placements and packages of the approved allocation."),
    "contact": gettext_noop("The month's permits, refusals and attempts, counted and checked."),
    "repay": gettext_noop("The month's money, and which promises were kept."),
    "measure": gettext_noop("Recovery rates and scorecards with their uncertainty."),
    "settle": gettext_noop("A statement for every contract, to the last minor unit."),
    "close": gettext_noop("Checks the nine steps before, seals the trail, opens the next month."),
}
_LEADS = {"intake": "feeds", "allocate": "allocations", "hand_over": "batches", "contact": "refusals", "repay": "payments",
          "measure": "scorecards", "settle": "statements"}  # fmt: skip


@require_safe
@creditor_only
def steps(request: HttpRequest, month: str) -> HttpResponse:
    """Show the ten steps of a month, or offer to open it."""
    actor = request.actor
    months = [run.month for run in selectors.runs(actor.creditor_id)]
    context: dict[str, Any] = {
        "month": month,
        "months": months[:24],
        "before": str(Month.parse(month).previous()),
        "after": str(Month.parse(month).next()),
    }
    try:
        run = run_of(actor=actor, month=month, is_open=False)
    except RunMissing:
        return TemplateResponse(request, "console/allocations/month_new.html", context)
    standing = month_standing(run, on=today(request))
    upcoming = next((step for step in standing if not step.is_done), None)
    context |= {
        "run": run,
        "steps": [_shown(step, request=request, upcoming=upcoming) for step in standing],
        "tapes": month_tapes(run),
        "together": _together(standing, actor),
        "upload": _address("feed-upload") or "/feeds/upload/",
        "allocation": selectors.proposal_of(run),
        "default_on": (standing[0].step_run.period if standing[0].step_run else Month.parse(month).first.isoformat()),
    }
    return TemplateResponse(request, "console/allocations/steps.html", context)


@creditor_only
@require_POST
def opened(request: HttpRequest, month: str) -> HttpResponse:
    """Open a month and publish the commitment to its random draw."""
    run = run_open(actor=request.actor, month=month)
    messages.success(
        request, gettext("{month} is open; its draw is committed to by {commitment}.").format(month=month, commitment=run.commitment[:16])
    )
    return redirect("month-steps", month=month)


@creditor_only
@require_POST
def run_step(request: HttpRequest, month: str) -> HttpResponse:
    """Run steps of a month behind the page."""
    names = [name for name in request.POST.get("steps", "").split(",") if name]
    known = [step.name for step in STEPS]
    if not names or not set(names) <= set(known):
        raise StepUnknown(step=", ".join(names)[:60], known=", ".join(known))
    for name in names:
        require(request.actor, Role.MANAGER, *BY_ROLE.get(name, ()), action="run a step")
    run_of(actor=request.actor, month=month)
    parameters: dict[str, Any] = {"month": month, "steps": names, "is_early": "is_early" in request.POST}
    if "intake" in names:
        tape = _tape(request, month)
        parameters |= {"tape_id": tape.pk, "as_of": tape.as_of.isoformat()}
    return redirect("job", job_id=job_start(actor=request.actor, kind="month_steps", parameters=parameters))


def _tape(request: HttpRequest, month: str) -> Any:
    """Return the tape that the form names, of those that may be the month's.

    Raises:
        Absent: it is none of them.
    """
    run = run_of(actor=request.actor, month=month)
    for tape in month_tapes(run):
        if str(tape.pk) == request.POST.get("tape_id", ""):
            return tape
    raise Absent(entity="tape")


def _shown(step: Standing, *, request: HttpRequest, upcoming: Standing | None) -> dict[str, Any]:
    found = step.step_run
    currency = request.creditor.currency
    values = step.values | ({"step": gettext(words.STEPS[step.values["step"]])} if "step" in step.values else {})
    may_run = not request.actor.roles.isdisjoint(map(str, {Role.MANAGER, *BY_ROLE.get(step.name, ())}))
    counts = words.counts_shown(found.counts)[:4] if found else []
    return {
        "number": step.number,
        "name": step.name,
        "text": gettext(words.STEPS[step.name]),
        "what": gettext(WHAT[step.name]),
        "run": found,
        "is_done": step.is_done,
        "is_next": step is upcoming,
        "counts": [(words.word(code), number, currency if code.endswith("_minor") else "") for code, number in counts],
        "law_count": len(found.laws) if found else 0,
        "barrier": gettext(BARRIERS[step.barrier]).format(**values) if step.barrier else "",
        "barrier_code": step.barrier,
        "values": step.values,
        "may_run": may_run and (not step.barrier or step.barrier == "not_over"),
        "lead": _address(_LEADS.get(step.name, "")),
    }


def _together(standing: list[Standing], actor: Actor) -> str:
    """Return the steps that one click can run now one after the other, as the form names them, or ''."""
    by_name = {step.name: step for step in standing}
    if str(Role.MANAGER) not in actor.roles:
        return ""
    for names in TOGETHER:
        if not by_name[names[0]].is_done and not by_name[names[0]].barrier:
            return ",".join(names)
    return ""


def _address(name: str) -> str:
    try:
        return reverse(name) if name else ""
    except NoReverseMatch:
        return ""


urlpatterns = [
    path("months/<month:month>/steps/", steps, name="month-steps"),
    path("months/<month:month>/open/", opened, name="month-open"),
    path("months/<month:month>/run/", run_step, name="month-run"),
]

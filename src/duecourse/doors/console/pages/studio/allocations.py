"""The allocation studio: choose within the contracts, look at a draft before anything is made, compare, propose, decide, hand over."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from duecourse.cycle import selectors as cycle
from duecourse.cycle.models import Run
from duecourse.cycle.services.policy import policy_of
from duecourse.doors import words
from duecourse.doors.console.pages.desk.move_words import case_address, own
from duecourse.doors.console.pages.studio.previews import choices_shown, compared, preview_shown
from duecourse.doors.console.pages.studio.studio_forms import StudioForm, agency_forms, choices_of
from duecourse.doors.console.shell import creditor_only
from duecourse.doors.console.tables import Column, Filter, Listing, listing_page
from duecourse.doors.jobs import job_start
from duecourse.ledger.selectors.trail import event_details
from duecourse.parties.access import Actor, require
from duecourse.parties.models import Agency, Role
from duecourse.parties.selectors import approval_of
from duecourse.placement import selectors, services
from duecourse.placement.models import AllocationRun
from duecourse.placement.services.allocations import SUBJECT

STATES = ("draft", "proposed", "approved", "published", "rejected")
_PROPOSERS, _DECIDERS = {str(Role.MANAGER), str(Role.ANALYST)}, {str(Role.MANAGER), str(Role.COMPLIANCE)}

ALLOCATIONS = Listing(
    name="allocations",
    title=_("Allocation"),
    query=selectors.ALLOCATIONS,
    order="-number",
    columns=(
        Column(
            "allocation_run_id",
            _("Allocation"),
            kind="code",
            order="number",
            link=lambda row: reverse("allocation", args=[row["allocation_run_id"]]),
        ),
        Column("as_of", _("Of the day"), kind="day", order="as_of"),
        Column("state", _("State"), kind="badge"),
        Column("placed_count", _("Cases placed"), kind="count", order="placed"),
        Column("placed_minor", _("Balance"), kind="money"),
        Column("value_minor", _("Expected net recovery"), kind="money", order="value"),
        Column("slice_count", _("Random slice"), kind="count"),
        Column("has_choices", _("Own choices"), kind="bool"),
        Column("proposer", _("Computed by")),
        Column("decider", _("Decided by")),
        Column("known_at", _("When"), kind="instant", is_shown=False),
    ),
    filters=(
        Filter("month", _("Month"), hint="2026-09"),
        Filter("state", _("State"), choices=lambda _actor: [(state, words.word(state)) for state in STATES]),
        Filter("swaps", _("Swaps"), choices=lambda _actor: [("yes", _("with them"))]),
    ),
)

ROWS = Listing(
    name="allocation-rows",
    title=_("Cases of an allocation"),
    query=selectors.ALLOCATION_ROWS,
    order="-balance",
    columns=(
        Column("number", _("Account"), kind="code", link=case_address),
        Column("agency_code", _("Agency")),
        Column("reason", _("Reason")),
        Column("balance_minor", _("Balance"), kind="money", order="balance"),
        Column("expected_recovered_minor", _("Expected"), kind="money", order="expected"),
        Column("days_past_due", _("Days past due"), kind="count", order="days"),
        Column("segment_key", _("Segment"), kind="code"),
        Column("hand", _("Hand"), kind="count"),
        Column("is_random_slice", _("At random"), kind="bool"),
        Column("propensity_share", _("Probability"), kind="percent"),
        Column("case_id", _("Case"), kind="code", order="case", is_shown=False),
    ),
    filters=(
        Filter("allocation", _("Allocation"), kind="number"),
        Filter(
            "agency",
            _("Agency"),
            choices=lambda actor: [
                (str(row.pk), row.name) for row in Agency.objects.filter(creditor_id=actor.creditor_id).order_by("code")
            ],
        ),
        Filter("placed", _("Placed"), choices=lambda _actor: [("yes", _("with an agency")), ("no", _("left out"))]),
        Filter("reason", _("Reason's code")),
        Filter("slice", _("At random"), choices=lambda _actor: [("yes", _("yes")), ("no", _("no"))]),
        Filter("segment", _("Segment")),
        Filter("balance_min", _("Balance from"), kind="money"),
    ),
)


@require_safe
@creditor_only
def listed(request: HttpRequest) -> HttpResponse:
    """List the allocations, drafts among them."""
    open_months = [run.month for run in cycle.runs(request.actor.creditor_id) if run.closed_at is None]
    return listing_page(request, ALLOCATIONS, template="console/allocations/list.html", extra={"open_months": open_months})


@require_safe
@creditor_only
def rows(request: HttpRequest) -> HttpResponse:
    """List what allocations decided of each case."""
    response = listing_page(request, ROWS, template="console/allocations/rows.html", extra={"number": request.GET.get("allocation", "")})
    for row in response.context_data["rows"]:
        row["reason"] = own(*selectors.reason_text(row["reason"]))
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@creditor_only
def new(request: HttpRequest) -> HttpResponse:
    """Choose within the contracts, and have a draft computed behind the page."""
    actor = request.actor
    earlier = _earlier(request)
    runs = [run for run in cycle.runs(actor.creditor_id) if run.closed_at is None]
    wanted = request.POST.get("month") or request.GET.get("month") or ""
    scored = {run.month: cycle.latest_step(run, step="score") for run in runs}
    ready = [run for run in runs if scored[run.month]]
    run = next(
        (run for run in ready if run.month == wanted or (earlier and run.pk == earlier.run_id)), ready[-1] if ready and not wanted else None
    )
    if run is None:
        return TemplateResponse(request, "console/allocations/not_ready.html", {"runs": runs, "wanted": wanted})
    as_of = date.fromisoformat(scored[run.month].period)
    limits = selectors.contract_limits(creditor_id=actor.creditor_id, on=as_of)
    policy = policy_of(actor).allocation()
    choices = (earlier.policy.get("choices") or {}) if earlier else {}
    initial = {"objective": choices.get("objective", "net")} | {
        name: choices.get(name, policy[name]) for name in ("explore_share_bp", "may_return_to_previous_agency")
    }
    form = StudioForm(request.POST or None, initial=initial)
    agencies = agency_forms(limits, currency=request.creditor.currency, given=request.POST or None, choices=choices)
    if request.method == "POST":
        require(actor, *_PROPOSERS, action="draft an allocation")
        if _are_valid(form, agencies):
            parameters = {"month": run.month, "as_of": as_of.isoformat(), "choices": choices_of(form, agencies, policy=policy)}
            return redirect("job", job_id=job_start(actor=actor, kind="allocation_draft", parameters=parameters))
    context = {"form": form, "agencies": agencies, "run": run, "as_of": as_of, "ready": ready, "earlier": earlier}
    return TemplateResponse(request, "console/allocations/new.html", context, status=422 if request.method == "POST" else 200)


def _are_valid(form: StudioForm, agencies: list[Any]) -> bool:
    checks = [form.is_valid(), *(one.is_valid() for one in agencies)]
    if not all(checks):
        return False
    if not any(one.cleaned_data["is_asked"] for one in agencies):
        form.add_error(None, gettext("No agency takes part."))
    if sum(one.cleaned_data.get("share_min_bp") or 0 for one in agencies if one.cleaned_data["is_asked"]) > 10_000:
        form.add_error(None, gettext("The smallest shares add up to more than the whole."))
    return not form.errors


def _earlier(request: HttpRequest) -> AllocationRun | None:
    """Return the allocation whose choices the form begins with, or None."""
    number = request.GET.get("from", "")
    if not (number.isascii() and number.isdecimal() and len(number) < 19):
        return None
    return selectors.access_allocation(request.actor, allocation_run_id=int(number))


@require_safe
@creditor_only
def shown(request: HttpRequest, allocation_run_id: int) -> HttpResponse:
    """Show an allocation before and after anything is made of it, and what can be done with it now."""
    actor = request.actor
    found = selectors.access_allocation(actor, allocation_run_id=allocation_run_id)
    run = Run.objects.filter(creditor_id=actor.creditor_id, pk=found.run_id).first() if found.run_id else None
    current = cycle.proposal_of(run) if run else None
    context = {
        "found": found,
        "month": run.month if run else "",
        "run": run,
        "choices": choices_shown(found, names=_names(actor), currency=found.policy["currency"]),
        "approval": approval_of(actor=actor, subject_kind=SUBJECT, subject_id=found.pk),
        "batches": list(_batches(actor, found)) if found.state == "published" else [],
        "others": _others(actor, found),
        "secret": _secret(actor, run),
        "is_superseded": bool(run and current and current.pk != found.pk and found.state in ("proposed", "approved")),
        "current": current,
        "draft_count": selectors.other_drafts(found),
        **preview_shown(found, creditor_id=actor.creditor_id),
        **_possible(found, actor, run=run),
    }
    return TemplateResponse(request, "console/allocations/allocation.html", context)


@require_safe
@creditor_only
def compare(request: HttpRequest) -> HttpResponse:
    """Show two allocations side by side, and what the difference in constraints costs."""
    numbers = [request.GET.get(side, "") for side in ("left", "right")]
    found = [
        selectors.access_allocation(request.actor, allocation_run_id=int(number))
        for number in numbers
        if number.isascii() and number.isdecimal() and len(number) < 19
    ]
    context: dict[str, Any] = {
        "known": list(AllocationRun.objects.filter(creditor_id=request.actor.creditor_id).exclude(run_id=0).order_by("-pk")[:50])
    }
    context |= {"left_id": found[0].pk if found else None, "right_id": found[1].pk if len(found) == 2 else None}
    if len(found) == 2:
        names = _names(request.actor)
        context |= compared(*found, creditor_id=request.actor.creditor_id)
        context["sides"] = [{"found": one, "choices": choices_shown(one, names=names, currency=one.policy["currency"])} for one in found]
    return TemplateResponse(request, "console/allocations/compare.html", context)


@creditor_only
@require_POST
def propose(request: HttpRequest, allocation_run_id: int) -> HttpResponse:
    """Make a draft the month's proposal: the step is run with the same choices."""
    actor = request.actor
    require(actor, *_PROPOSERS, action="propose an allocation")
    found = selectors.access_allocation(actor, allocation_run_id=allocation_run_id)
    run = Run.objects.get(creditor_id=actor.creditor_id, pk=found.run_id)
    parameters = {"month": run.month, "steps": ["allocate"], "as_of": found.as_of.isoformat(), "choices": found.policy.get("choices") or {}}
    return redirect("job", job_id=job_start(actor=actor, kind="month_steps", parameters=parameters))


@creditor_only
@require_POST
def approve(request: HttpRequest, allocation_run_id: int) -> HttpResponse:
    """Approve exactly these rows as the second person."""
    services.allocation_approve(actor=request.actor, allocation_run_id=allocation_run_id, reason=request.POST.get("words", "")[:500])
    messages.success(request, gettext("Allocation {number} is approved. Nothing has moved yet.").format(number=allocation_run_id))
    return redirect("allocation", allocation_run_id=allocation_run_id)


@creditor_only
@require_POST
def reject(request: HttpRequest, allocation_run_id: int) -> HttpResponse:
    """Reject it as the second person."""
    services.allocation_reject(actor=request.actor, allocation_run_id=allocation_run_id, reason=request.POST.get("words", "")[:500])
    messages.success(request, gettext("Allocation {number} is rejected.").format(number=allocation_run_id))
    return redirect("allocation", allocation_run_id=allocation_run_id)


@creditor_only
@require_POST
def hand_over(request: HttpRequest, allocation_run_id: int) -> HttpResponse:
    """Publish an approved allocation and make the packages, as the month's step, behind the page."""
    require(request.actor, Role.MANAGER, action="publish an allocation")
    found = selectors.access_allocation(request.actor, allocation_run_id=allocation_run_id)
    run = Run.objects.get(creditor_id=request.actor.creditor_id, pk=found.run_id)
    parameters = {"month": run.month, "steps": ["hand_over"], "as_of": found.as_of.isoformat()}
    return redirect("job", job_id=job_start(actor=request.actor, kind="month_steps", parameters=parameters))


def _possible(found: AllocationRun, actor: Actor, *, run: Run | None) -> dict[str, bool]:
    """Return what the actor may do with an allocation now."""
    is_open = run is not None and run.closed_at is None
    may_decide = not actor.roles.isdisjoint(_DECIDERS)
    is_own = found.proposed_by == actor.user_id
    return {
        "may_propose": found.state == "draft" and is_open and not actor.roles.isdisjoint(_PROPOSERS),
        "may_decide": found.state == "proposed" and may_decide and not is_own,
        "is_waiting_for_other": found.state == "proposed" and is_own,
        "may_hand_over": found.state in ("approved", "published") and is_open and str(Role.MANAGER) in actor.roles,
        "may_change": is_open and not actor.roles.isdisjoint(_PROPOSERS),
    }


def _names(actor: Actor) -> dict[int, str]:
    return dict(Agency.objects.filter(creditor_id=actor.creditor_id).values_list("pk", "name"))


def _others(actor: Actor, found: AllocationRun) -> list[AllocationRun]:
    """Return the other allocations of the same month, to compare with."""
    return (
        list(AllocationRun.objects.filter(creditor_id=actor.creditor_id, run_id=found.run_id).exclude(pk=found.pk).order_by("-pk")[:20])
        if found.run_id
        else []
    )


def _batches(actor: Actor, found: AllocationRun) -> list[Mapping[str, Any]]:
    from duecourse.ledger.selectors import page

    return page(selectors.BATCHES, creditor_id=actor.creditor_id, order="placed_on", filters={"allocation": str(found.pk)}, limit=200).rows


def _secret(actor: Actor, run: Run | None) -> str:
    """Return the secret of the month's draw once the month is closed, '' before."""
    if run is None or run.closed_at is None:
        return ""
    details = event_details(creditor_id=actor.creditor_id, subject_kind="run", subject_id=run.pk, action="run_closed")
    return next((str(detail.get("secret", "")) for detail in details), "")


urlpatterns = [
    path("allocations/", listed, name="allocations"),
    path("allocations/new/", new, name="allocation-new"),
    path("allocations/rows/", rows, name="allocation-rows"),
    path("allocations/compare/", compare, name="allocation-compare"),
    path("allocations/<int:allocation_run_id>/", shown, name="allocation"),
    path("allocations/<int:allocation_run_id>/propose/", propose, name="allocation-propose"),
    path("allocations/<int:allocation_run_id>/approve/", approve, name="allocation-approve"),
    path("allocations/<int:allocation_run_id>/reject/", reject, name="allocation-reject"),
    path("allocations/<int:allocation_run_id>/hand-over/", hand_over, name="allocation-hand-over"),
]

"""The first page of the day: where the month stands, what waits for this person, and how the month goes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _
from django.views.decorators.http import require_safe

from duecourse.contact.selectors import call_finding_counts
from duecourse.contact.selectors.stop_reach import compliance_counts
from duecourse.cycle.selectors import OWED_MAX, MonthLine, StepShown, ToDo, first_contacts_owed, month_figures, month_line, to_dos
from duecourse.doors.console.pages.studio.month_steps import BARRIERS
from duecourse.doors.console.shell import creditor_only, today
from duecourse.kit.calendar import Month
from duecourse.kit.clock import now
from duecourse.kit.errors import fill
from duecourse.parties.models import Role

OWED_SECONDS = 300
"""How long the one slow count is kept."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How something that waits is shown: its words, icon, the section it leads to, that section's query, and whose it is."""

    text: str
    icon: str
    section: str
    query: str = ""
    roles: tuple[str, ...] = (Role.MANAGER,)
    late: str = ""


KINDS: dict[str, Kind] = {
    "allocation_proposed": Kind(_("An allocation waits for a second person"), "arrows-split-2", "allocations"),
    "allocation_approved": Kind(_("An approved allocation is not handed over"), "arrows-split-2", "allocations"),
    "moves_requested": Kind(_("Moves wait for a second person"), "arrows-exchange", "approvals"),
    "exports_asked": Kind(_("Exports wait for a second person"), "file-export", "approvals", roles=(Role.MANAGER, Role.COMPLIANCE)),
    "batches_unhanded": Kind(_("Batches without a handover package"), "packages", "batches"),
    "batches_unaccepted": Kind(_("Batches the agency has not accepted"), "packages", "batches"),
    "recalls_due": Kind(_("Recalls whose last day is over"), "arrow-back-up", "moves", late=_("due")),
    "recalls_pending": Kind(_("Recalls pending"), "arrow-back-up", "moves"),
    "terms_ending": Kind(_("Terms that end within 7 days"), "calendar-due", "moves"),
    "first_contact_owed": Kind(_("First contacts owed"), "phone-outgoing", "moves"),
    "suspense": Kind(_("Payments in suspense"), "cash", "payments", roles=(Role.ACCOUNTANT, Role.MANAGER)),
    "statements_to_agree": Kind(
        _("Statements the agency has not agreed"), "file-invoice", "statements", roles=(Role.ACCOUNTANT,), late=_("disputed")
    ),
    "statements_to_approve": Kind(_("Statements to approve"), "file-invoice", "statements", roles=(Role.ACCOUNTANT, Role.MANAGER)),
    "statements_to_freeze": Kind(_("Statements to freeze"), "file-invoice", "statements", roles=(Role.ACCOUNTANT, Role.MANAGER)),
    "complaints_open": Kind(_("Complaints open"), "message-report", "complaints", roles=(Role.COMPLIANCE, Role.MANAGER), late=_("overdue")),
    "disputes_open": Kind(_("Disputes open"), "message-question", "disputes", roles=(Role.COMPLIANCE, Role.MANAGER)),
    "tapes_with_rejects": Kind(_("Files with rejected rows to mend"), "file-alert", "feeds"),
    "qualifications_expiring": Kind(
        _("Qualifications that expire within 30 days"), "certificate", "agencies", roles=(Role.MANAGER, Role.COMPLIANCE), late=_("expired")
    ),
    "stop_lifts_asked": Kind(
        _("Lifting an emergency stop waits for a second person"), "hand-stop", "contact-stops", roles=(Role.COMPLIANCE,)
    ),
    "contact_stops_open": Kind(_("Emergency stops that stand"), "hand-stop", "contact-stops", roles=(Role.COMPLIANCE,)),
    "papers_waiting": Kind(_("Papers wait for a second person"), "file-certificate", "approvals", roles=(Role.COMPLIANCE, Role.MANAGER)),
    "terms_waiting": Kind(
        _("Terms of the gate wait for a second person"), "adjustments-check", "approvals", roles=(Role.COMPLIANCE, Role.MANAGER)
    ),
    "collector_evidence_waiting": Kind(
        _("Evidence of collectors waits to be confirmed"), "certificate", "approvals", roles=(Role.COMPLIANCE, Role.MANAGER)
    ),
    "collector_evidence_ending": Kind(
        _("Evidence of collectors that ends within 30 days"), "certificate", "agencies", roles=(Role.MANAGER, Role.COMPLIANCE)
    ),
    "calls_without_permit": Kind(
        _("Calls without a permit in the last 7 days"), "phone-off", "call-findings", "kind=call_without_permit", roles=(Role.COMPLIANCE,)
    ),
    "stops_ending": Kind(_("Stops that end within 7 days"), "hand-stop", "holds", roles=(Role.COMPLIANCE, Role.MANAGER)),
}
"""What may wait, in the order in which it is shown."""

SECTION_OF = {
    "intake": "feeds",
    "snapshot": "portfolio",
    "score": "portfolio",
    "allocate": "allocations",
    "hand_over": "allocations",
    "contact": "refusals",
    "repay": "payments",
    "measure": "scorecards",
    "settle": "statements",
    "close": "statements",
}
FIGURES = (
    ("placed_minor", _("Placed"), "money", "cases"),
    ("recovered_minor", _("Recovered"), "money", "scorecards"),
    ("connected_count", _("Connected calls"), "count", "refusals"),
    ("refusal_count", _("Contacts refused"), "count", "refusals"),
    ("complaint_count", _("Complaints"), "count", "complaints"),
)


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Show the day of the creditor's people; lead an agency's to their workbench."""
    if request.actor.is_agency:
        return redirect(_address("workbench") or _address("own"))
    day = today(request)
    line = month_line(creditor_id=request.actor.creditor_id, on=day, at=now())
    if line is None:
        return TemplateResponse(request, "console/home/fresh.html", {"feeds": _address("feeds"), "agencies": _address("agencies")})
    own, others = _waiting(request, to_dos(creditor_id=request.actor.creditor_id, on=day) + _compliance(request, day))
    context = {
        "line": line,
        "steps": [{"step": step, "address": _address(SECTION_OF[step.name])} for step in line.steps],
        "next": _next(line, line.upcoming),
        "own": own,
        "others": others,
        "day": day,
        "moves": _address("moves"),
        "is_owed_mine": _is_mine(request, KINDS["first_contact_owed"]),
        **_figures(request, line, day),
    }
    return TemplateResponse(request, "console/home/home.html", context)


@require_safe
@creditor_only
def owed(request: HttpRequest) -> HttpResponse:
    """Give the one line that takes longer to count; kept for five minutes."""
    day = today(request)
    key = f"owed:{request.actor.creditor_id}:{day.isoformat()}"
    count = cache.get(key)
    if count is None:
        count = first_contacts_owed(creditor_id=request.actor.creditor_id, on=day)
        cache.set(key, count, OWED_SECONDS)
    shown = [_shown(ToDo("first_contact_owed", min(count, OWED_MAX), 0))] if count else []
    return TemplateResponse(request, "console/home/owed.html", {"items": shown, "is_more": count > OWED_MAX})


def _waiting(request: HttpRequest, found: list[ToDo]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return what waits for this person, and what waits for others, each in the order of KINDS."""
    by_code = {item.code: item for item in found if item.code in KINDS}
    ordered = [by_code[code] for code in KINDS if code in by_code]
    own = [_shown(item) for item in ordered if _is_mine(request, KINDS[item.code])]
    others = [_shown(item) for item in ordered if not _is_mine(request, KINDS[item.code])]
    return own, others


def _compliance(request: HttpRequest, day: date) -> list[ToDo]:
    """Return what waits for compliance; what is counted over call records is kept for five minutes."""
    key = f"compliance:{request.actor.creditor_id}:{day.isoformat()}"
    calls = cache.get(key)
    if calls is None:
        span = {"from_on": day - timedelta(days=7), "until_on": day}
        found = call_finding_counts(creditor_id=request.actor.creditor_id, **span, kind="call_without_permit")
        calls = sum(one.finding_count for one in found)
        cache.set(key, calls, OWED_SECONDS)
    counts = compliance_counts(actor=request.actor, user_id=request.actor.user_id, on=day) | {"calls_without_permit": calls}
    return [ToDo(code, count, 0) for code, count in counts.items() if count]


def _is_mine(request: HttpRequest, kind: Kind) -> bool:
    return not request.actor.roles.isdisjoint(map(str, kind.roles))


def _shown(item: ToDo) -> dict[str, Any]:
    kind = KINDS[item.code]
    address = _address(kind.section)
    return {
        "code": item.code,
        "text": gettext(kind.text),
        "icon": kind.icon,
        "count": item.count,
        "late_count": item.late_count,
        "late": gettext(kind.late) if kind.late else "",
        "minor": sorted((item.minor or {}).items()),
        "address": f"{address}?{kind.query}" if address and kind.query else address,
    }


def _next(line: MonthLine, step: StepShown | None) -> dict[str, Any] | None:
    """Return what to press next: the step, where it is pressed, and what it waits for."""
    if step is None:
        return None
    barrier = fill(gettext(BARRIERS[step.barrier]), step.values) if step.barrier else ""
    section = {"undecided": "approvals", "rejected": "allocations", "unfrozen": "statements"}.get(step.barrier, "")
    return {"step": step, "barrier": barrier, "address": _address(section) or reverse("month-steps", args=[line.month])}


def _figures(request: HttpRequest, line: MonthLine, day: date) -> dict[str, Any]:
    """Return the month's figures so far beside those of as many days of the month before; of the last month while this one is empty."""
    month = Month.parse(line.month)
    if not any(step.state == "done" for step in line.steps):
        month = month.previous()
    until = min(max(day, month.first), month.last)
    earlier = month.previous()
    same_day = earlier.last if until == month.last else min(earlier.first + timedelta(days=(until - month.first).days), earlier.last)
    creditor = request.creditor
    given = {"creditor_id": creditor.pk, "currency": creditor.currency, "zone": creditor.zone}
    own = month_figures(**given, first_on=month.first, last_on=until)
    before = month_figures(**given, first_on=earlier.first, last_on=same_day)
    figures = [
        {"text": gettext(text), "kind": kind, "number": own[name], "before": before[name], "address": _address(section)}
        for name, text, kind, section in FIGURES
    ]
    return {"figures": figures, "figures_month": str(month), "until": until, "before_month": str(earlier), "before_until": same_day}


def _address(section: str) -> str:
    """Return the address of a section, '' while it has none."""
    try:
        return reverse(section)
    except NoReverseMatch:
        return ""


urlpatterns = [path("", home, name="home"), path("home/owed/", owed, name="home-owed")]

"""Approvals: what waits for a second person, deciding it, and what was decided."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from duecourse.doors.console.shell import creditor_only
from duecourse.doors.console.tables import Column, Filter, Listing, listing_page
from duecourse.doors.console.waiting import DECISIONS, SECOND, waiting
from duecourse.doors.words import SUBJECTS, word
from duecourse.kit.clock import now
from duecourse.kit.errors import Absent, Conflict, InvalidInput
from duecourse.parties.selectors import APPROVALS_PAGE, much_exported
from duecourse.parties.selectors.exports import DAY_EXPORTS_MAX, DAY_ROWS_MAX

REASON_MAX = 500

HISTORY = Listing(
    name="approvals",
    title=gettext_lazy("Decisions"),
    query=APPROVALS_PAGE,
    order="-at",
    columns=(
        Column("subject_kind", gettext_lazy("What"), kind="word"),
        Column("subject_id", gettext_lazy("Number"), kind="code"),
        Column("decision", gettext_lazy("Decision"), kind="badge"),
        Column("requested_by_name", gettext_lazy("Asked for by")),
        Column("decided_by_name", gettext_lazy("Decided by")),
        Column("at", gettext_lazy("When"), kind="instant", order="at"),
        Column("reason", gettext_lazy("Reason")),
        Column("content_hash", gettext_lazy("Content hash"), kind="code", is_shown=False),
    ),
    filters=(
        Filter("kind", gettext_lazy("What"), choices=lambda _actor: [(kind, word(kind)) for kind in SUBJECTS]),
        Filter("decision", gettext_lazy("Decision"), choices=lambda _actor: [(name, word(name)) for name in ("granted", "refused")]),
        Filter("decided_by", gettext_lazy("Decided by")),
        Filter("from", gettext_lazy("From"), kind="date"),
    ),
)


class ReasonMissing(InvalidInput):
    """A refusal without a reason."""

    what = "A refusal needs a reason."
    why = "Who asked has to know what to change."
    todo = "Write one sentence and refuse again."


class SubjectChanged(Conflict):
    """What waits is not what was on the page."""

    what = "This is not what was on your page any more."
    why = "It was changed after you opened the list."
    todo = "Look at it again, and decide on what stands there now."


@require_safe
@creditor_only
def approvals(request: HttpRequest) -> HttpResponse:
    """List everything that waits, what is the reader's to decide first."""
    found = [(item, item.barrier(request.actor)) for item in waiting(actor=request.actor)]
    much = much_exported(actor=request.actor, at=now()) if not request.actor.roles.isdisjoint(map(str, SECOND)) else []
    context = {
        "mine": [item for item, barrier in found if not barrier],
        "others": [(item, barrier) for item, barrier in found if barrier],
        "much": much,
        "limits": {"exports": DAY_EXPORTS_MAX, "rows": DAY_ROWS_MAX},
        "reason_max": REASON_MAX,
    }
    return TemplateResponse(request, "console/approvals/list.html", context)


@creditor_only
@require_POST
def decide(request: HttpRequest, kind: str, subject_id: int) -> HttpResponse:
    """Agree to something or refuse it, exactly as it was on the page."""
    decision = DECISIONS.get(kind)
    verdict = request.POST.get("verdict", "")
    if decision is None or verdict not in ("approve", "reject"):
        raise Absent(entity="decision")
    reason = " ".join(request.POST.get("reason", "").split())[:REASON_MAX]
    if verdict == "reject" and not reason:
        raise ReasonMissing
    if decision.hash_of(request.actor, subject_id) != request.POST.get("hash", ""):
        raise SubjectChanged
    (decision.approve if verdict == "approve" else decision.reject)(request.actor, subject_id, reason)
    told = _("%(what)s %(number)s was approved.") if verdict == "approve" else _("%(what)s %(number)s was rejected.")
    messages.success(request, told % {"what": word(kind), "number": subject_id})
    return redirect("approvals")


@require_safe
@creditor_only
def history(request: HttpRequest) -> HttpResponse:
    """List what was decided."""
    return listing_page(request, HISTORY, template="console/approvals/history.html")


urlpatterns = [
    path("approvals/", approvals, name="approvals"),
    path("approvals/history/", history, name="approvals-history"),
    path("approvals/<slug:kind>/<int:subject_id>/", decide, name="approval-decide"),
]

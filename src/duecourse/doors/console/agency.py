"""An agency's own page: the batches it was given and its statements. Row-level security decides what exists for it."""

from __future__ import annotations

from django.db.models import OuterRef, Subquery
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_safe

from duecourse.kit.errors import Absent
from duecourse.parties.models import Agency, Creditor
from duecourse.placement.models import Batch, Handover
from duecourse.settlement.models import Statement, StatementTransition

ROWS_MAX = 200


@require_safe
def own(request: HttpRequest) -> HttpResponse:
    """Show an agency's people their own batches and statements, newest first."""
    actor = request.actor
    if not actor.is_agency:
        raise Absent(entity="page")
    mine = {"creditor_id": actor.creditor_id, "agency_id": actor.agency_id}
    sha256 = Handover.objects.filter(creditor_id=actor.creditor_id, batch=OuterRef("pk")).values("sha256")[:1]
    status = StatementTransition.objects.filter(creditor_id=actor.creditor_id, statement=OuterRef("pk")).order_by("-at", "-pk")
    context = {
        "agency": Agency.objects.get(creditor_id=actor.creditor_id, pk=actor.agency_id),
        "creditor": Creditor.objects.get(pk=actor.creditor_id),
        "batches": list(Batch.objects.filter(**mine).annotate(sha256=Subquery(sha256)).order_by("-placed_on", "-pk")[:ROWS_MAX]),
        "statements": list(
            Statement.objects.filter(**mine)
            .annotate(status=Subquery(status.values("status")[:1]))
            .select_related("contract")
            .order_by("-month", "pk")[:ROWS_MAX]
        ),
    }
    return TemplateResponse(request, "console/own.html", context)

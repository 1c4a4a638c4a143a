"""Cases, placements and batches: what there is to work on. Personal values are masked."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field

from duecourse.doors.api.bearer import Token
from duecourse.doors.api.paging import Changes, Number, Paging, page_of
from duecourse.doors.api.schemas import BatchesPage, CasePageOut, CasesPage, PlacementsPage
from duecourse.parties.access import acting
from duecourse.placement.models import Batch, Placement, PlacementTransition
from duecourse.portfolio.models import Case, CaseTransition
from duecourse.portfolio.selectors import case_page

router = Router(tags=["cases"])

_CASE = ("id", "person_id", "work_stream", "region", "opened_on", "closed_on", "close_reason", "open_agency_id", "hand_count")
_PLACEMENT = (
    *("id", "case_id", "agency_id", "batch_id", "hand", "end_reason"),
    *("term_until_on", "placed_minor", "currency", "days_past_due"),
)
_BATCH = ("id", "code", "agency_id", "contract_id", "placed_on", "term_until_on", "case_count", "placed_minor", "currency")


class CasesWanted(Changes):
    """Which cases."""

    is_open: Annotated[bool | None, Field(None, description="only open ones, or only closed ones")]


class PlacementsWanted(Changes):
    """Which placements."""

    is_open: Annotated[bool | None, Field(None, description="only those that hold, or only ended ones")]


class BatchesWanted(Paging):
    """Which batches."""

    placed_since: Annotated[date | None, Field(None, description="only those placed on this day or later")]


@router.get("/cases", response=CasesPage, auth=Token("cases:read"), operation_id="cases_list")
def cases_list(request: HttpRequest, wanted: Query[CasesWanted]) -> dict[str, Any]:
    """List cases; an agency gets those that are placed with it."""
    actor = request.auth.actor
    found = Case.objects.filter(creditor_id=actor.creditor_id)
    if wanted.is_open is not None:
        found = found.filter(closed_on__isnull=wanted.is_open)
    with acting(actor):
        found = _changed(found, CaseTransition, "case_id", wanted)
        return page_of(found, paging=wanted, shape=lambda row: _fields(row, _CASE))


@router.get("/cases/{case_id}", response=CasePageOut, auth=Token("cases:read"), operation_id="case_get")
def case_get(request: HttpRequest, case_id: Number) -> dict[str, Any]:
    """Return one case with debtor, accounts, holds and history."""
    with acting(request.auth.actor) as actor:
        return case_page(actor=actor, case_id=case_id)


@router.get("/placements", response=PlacementsPage, auth=Token("placements:read"), operation_id="placements_list")
def placements_list(request: HttpRequest, wanted: Query[PlacementsWanted]) -> dict[str, Any]:
    """List placements; an agency gets its own, ended ones included."""
    actor = request.auth.actor
    found = Placement.objects.filter(creditor_id=actor.creditor_id)
    if wanted.is_open is not None:
        found = found.filter(during__upper_inf=wanted.is_open)
    with acting(actor):
        return page_of(_changed(found, PlacementTransition, "placement_id", wanted), paging=wanted, shape=_placement)


@router.get("/batches", response=BatchesPage, auth=Token("placements:read"), operation_id="batches_list")
def batches_list(request: HttpRequest, wanted: Query[BatchesWanted]) -> dict[str, Any]:
    """List batches; an agency gets its own. A batch does not change, so it is narrowed by its day."""
    actor = request.auth.actor
    found = Batch.objects.filter(creditor_id=actor.creditor_id)
    if wanted.placed_since is not None:
        found = found.filter(placed_on__gte=wanted.placed_since)
    with acting(actor):
        return page_of(found, paging=wanted, shape=lambda row: _fields(row, _BATCH))


def _changed(found: QuerySet, history: Any, column: str, wanted: Changes) -> QuerySet:
    """Narrow to rows that have a step of their history since an instant."""
    if wanted.updated_since is None:
        return found
    steps = history.objects.filter(creditor_id=OuterRef("creditor_id"), known_at__gte=wanted.updated_since)
    return found.filter(Exists(steps.filter(**{column: OuterRef("pk")})))


def _fields(row: Any, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}


def _placement(row: Placement) -> dict[str, Any]:
    return _fields(row, _PLACEMENT) | {"placed_at": row.during.lower, "ended_at": row.during.upper}

"""Views of listings that users keep, and the columns they chose last."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import path
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from duecourse.doors.console.tables import LISTINGS, Listing
from duecourse.kit.errors import Absent
from duecourse.parties import services

_TRANSIENT = ("after", "columns", "rows", "view")


@require_POST
def save(request: HttpRequest) -> HttpResponse:
    """Keep what the listing shows now under a label."""
    listing = _listing(request)
    given = QueryDict(request.POST.get("query", "")[:2000]).dict()
    columns = [key for key in given.get("columns", "").split(",") if key in {column.key for column in listing.columns}]
    query = urlencode({name: value for name, value in given.items() if name not in _TRANSIENT and value})
    label = request.POST.get("label", "")
    services.view_save(
        actor=request.actor, listing=listing.name, label=label, query=query, columns=columns, is_shared="is_shared" in request.POST
    )
    messages.success(request, _("The view %(label)s is kept.") % {"label": label})
    chosen = [("columns", ",".join(columns))] if columns else []
    return _back(request, f"{request.POST.get('next', '')}?{urlencode([*QueryDict(query).items(), *chosen])}")


@require_POST
def rename(request: HttpRequest, view_id: int) -> HttpResponse:
    """Give one's own view another label, share it, or take it back."""
    services.view_rename(actor=request.actor, view_id=view_id, label=request.POST.get("label", ""), is_shared="is_shared" in request.POST)
    messages.success(request, _("The view was changed."))
    return _back(request)


@require_POST
def delete(request: HttpRequest, view_id: int) -> HttpResponse:
    """Delete one's own view."""
    services.view_delete(actor=request.actor, view_id=view_id)
    messages.success(request, _("The view was deleted."))
    return _back(request)


@require_POST
def columns(request: HttpRequest) -> HttpResponse:
    """Remember which columns of a listing to show, and show them."""
    listing = _listing(request)
    wanted = set(request.POST.getlist("column"))
    chosen = [column.key for column in listing.columns if column.key in wanted]
    own = [column.key for column in listing.columns if column.is_shown]
    services.columns_remember(actor=request.actor, listing=listing.name, columns=[] if chosen == own else chosen)
    address, _sign, query = request.POST.get("next", "").partition("?")
    given = [(name, value) for name, value in QueryDict(query[:2000]).items() if name not in _TRANSIENT]
    return _back(request, f"{address}?{urlencode(given)}")


def _listing(request: HttpRequest) -> Listing:
    found = LISTINGS.get(request.POST.get("listing", ""))
    if found is None or found.for_agency != request.actor.is_agency:
        raise Absent(entity="listing")
    return found


def _back(request: HttpRequest, address: str = "") -> HttpResponse:
    """Lead back to the listing the form stood on, on this host only."""
    address = address or request.POST.get("next", "")
    is_ours = address.startswith("/") and url_has_allowed_host_and_scheme(address, allowed_hosts=None)
    return redirect(address if is_ours else "/")


urlpatterns = [
    path("views/save/", save, name="view-save"),
    path("views/columns/", columns, name="view-columns"),
    path("views/<int:view_id>/", rename, name="view-rename"),
    path("views/<int:view_id>/delete/", delete, name="view-delete"),
]

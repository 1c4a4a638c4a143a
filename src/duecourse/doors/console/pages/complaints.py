"""Complaints and disputes: what came in about whom, and by when it must be answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from duecourse.care.selectors import CARE_PAGE
from duecourse.contact.services import COMPLAINTS, DISPUTES
from duecourse.doors.console.pages.refusals import performers
from duecourse.doors.console.shell import creditor_only
from duecourse.doors.console.tables import Column, Filter, Listing, Text, listing_page
from duecourse.doors.words import word
from duecourse.kit.calendar import local_day
from duecourse.kit.clock import now
from duecourse.parties.access import Actor, creditor_of


def _words(*codes: str) -> list[tuple[str, Text]]:
    return [(code, word(code)) for code in codes]


def _on(actor: Actor) -> dict[str, Any]:
    return {"on": local_day(now(), creditor_of(actor).zone)}


def _case(row: Mapping[str, Any]) -> str:
    return reverse("case", args=[row["case_id"]])


_CAME = Column("received_on", _("Came in"), kind="day", order="received")
_REFERENCE = Column("external_ref", _("Reference"), kind="code")
_STATE = Column("state", _("State"), kind="badge")
_CASE = Column("case_id", _("Case"), kind="code", link=_case)
_CLOSED = Column("closed_on", _("Closed"), kind="day", is_shown=False)
_DAYS = (Filter("from_on", _("From"), kind="date"), Filter("until_on", _("Until"), kind="date"))
COMPLAINT_LIST = Listing(
    name="complaints",
    title=_("Complaints"),
    query=CARE_PAGE["complaint"],
    order="due",
    parameters=_on,
    columns=(
        Column("due_on", _("Answer by"), kind="day", order="due"),
        _CAME,
        Column("kind", _("About"), kind="word"),
        Column("performer", _("Performer")),
        _STATE,
        _CASE,
        _REFERENCE,
        _CLOSED,
    ),
    filters=(
        Filter("state", _("State"), choices=lambda _actor: _words("open", "overdue", "closed")),
        Filter("kind", _("About"), choices=lambda _actor: _words(*COMPLAINTS)),
        Filter("performer", _("Performer"), choices=performers),
        *_DAYS,
    ),
)
DISPUTE_LIST = Listing(
    name="disputes",
    title=_("Disputes"),
    query=CARE_PAGE["dispute"],
    order="-received",
    columns=(
        _CAME,
        Column("kind", _("About"), kind="word"),
        Column("account_number", _("Account"), kind="code"),
        Column("performer", _("With")),
        _STATE,
        _CASE,
        _REFERENCE,
        _CLOSED,
    ),
    filters=(
        Filter("state", _("State"), choices=lambda _actor: _words("open", "closed")),
        Filter("kind", _("About"), choices=lambda _actor: _words(*DISPUTES)),
        *_DAYS,
    ),
)


@require_safe
@creditor_only
def complaints(request: HttpRequest) -> HttpResponse:
    """List complaints, the one to be answered first on top."""
    return listing_page(request, COMPLAINT_LIST, template="console/complaints/list.html", extra={"tab": "complaints"})


@require_safe
@creditor_only
def disputes(request: HttpRequest) -> HttpResponse:
    """List objections to accounts, the newest on top."""
    return listing_page(request, DISPUTE_LIST, template="console/complaints/list.html", extra={"tab": "disputes"})


urlpatterns = [path("complaints/", complaints, name="complaints"), path("disputes/", disputes, name="disputes")]

"""Webhooks: which programs are told what happened, and whether they took it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from duecourse.doors.console.forms import Form
from duecourse.doors.console.shell import creditor_only
from duecourse.doors.console.tables import Column, Filter, Listing, listing_page
from duecourse.parties import selectors, services
from duecourse.parties.access import require
from duecourse.parties.errors import WebhookFull, WebhookRefused
from duecourse.parties.models import Role

STATES = (("waiting", gettext_lazy("On its way")), ("delivered", gettext_lazy("Delivered")), ("dead", gettext_lazy("Given up for good")))
EVENT_WORDS = {
    "batch.handed_over": gettext_lazy("a batch's package is ready"),
    "batch.accepted": gettext_lazy("the agency accepted a batch"),
    "batch.disputed": gettext_lazy("the agency objected to a batch"),
    "placements.extended": gettext_lazy("cases stay longer"),
    "placements.recall_pending": gettext_lazy("cases are to be recalled on a day"),
    "placements.recall_cancelled": gettext_lazy("a recall was undone"),
    "placements.ended": gettext_lazy("cases have left an agency"),
    "statement.drafted": gettext_lazy("a statement was drawn up"),
    "statement.agreed": gettext_lazy("the agency agreed to a statement"),
    "statement.disputed": gettext_lazy("the agency disputes a statement"),
    "statement.approved": gettext_lazy("a statement was approved"),
    "statement.frozen": gettext_lazy("a statement is final"),
    "permit.refused": gettext_lazy("a contact was refused"),
    "hold.placed": gettext_lazy("cases are to be left alone"),
    "hold.lifted": gettext_lazy("a stop was lifted"),
    "stops.loaded": gettext_lazy("a stop list was loaded"),
    "allocation.published": gettext_lazy("an allocation was published"),
    "case.closed": gettext_lazy("a case was closed"),
    "complaint.received": gettext_lazy("a complaint came in"),
    "dispute.opened": gettext_lazy("a dispute was opened"),
    "feed.received": gettext_lazy("a file was taken in"),
    "month.closed": gettext_lazy("a month was closed"),
    "payments.recorded": gettext_lazy("payments were recorded"),
}
_COLUMNS = (
    Column("event_id", gettext_lazy("Event"), kind="code"),
    Column("kind", gettext_lazy("Kind"), kind="code", order="kind"),
    Column("state", gettext_lazy("State"), kind="badge"),
    Column("try_count", gettext_lazy("Tries"), kind="count", order="tries"),
    Column("last_status", gettext_lazy("Answer"), kind="code"),
    Column("last_problem", gettext_lazy("What was wrong"), kind="word"),
    Column("created_at", gettext_lazy("Put on its way"), kind="instant", order="created"),
    Column("next_try_at", gettext_lazy("Next try"), kind="instant"),
    Column("ended_at", gettext_lazy("Ended"), kind="instant", is_shown=False),
)
DELIVERIES = Listing(
    name="webhook-deliveries",
    title=gettext_lazy("What was sent"),
    query=selectors.DELIVERIES_PAGE,
    order="-created",
    columns=_COLUMNS,
    filters=(Filter("state", gettext_lazy("State"), choices=lambda _actor: STATES), Filter("kind", gettext_lazy("Kind"))),
    parameters=lambda _actor: {"webhook_id": 0},
    roles=(Role.MANAGER,),
)
"""What was sent to one webhook, which its page names."""


class WebhookForm(Form):
    """Where events go to, and which."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=100, help_text=gettext_lazy("Which program it is for."))
    url = forms.CharField(
        label=gettext_lazy("Address"),
        max_length=500,
        help_text=gettext_lazy("Begins with https:// and can be reached from the internet."),
        widget=forms.URLInput(attrs={"placeholder": "https://"}),
    )
    agency_id = forms.TypedChoiceField(label=gettext_lazy("Is told about"), coerce=int, empty_value=None, required=False)
    event_kinds = forms.MultipleChoiceField(label=gettext_lazy("Events"), widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: Any, agencies: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["agency_id"].choices = [("", _("everything of this creditor")), *agencies]
        self.fields["event_kinds"].choices = [(kind, f"{EVENT_WORDS[kind]} · {kind}") for kind in services.CREDITOR_EVENTS]


@require_safe
@creditor_only
def listed(request: HttpRequest) -> HttpResponse:
    """List the webhooks with what waits and what was given up."""
    require(request.actor, Role.MANAGER, action="see webhooks")
    return TemplateResponse(request, "console/webhooks/list.html", {"webhooks": selectors.webhooks(actor=request.actor)})


@require_http_methods(["GET", "HEAD", "POST"])
@creditor_only
def add(request: HttpRequest) -> HttpResponse:
    """Ask for a webhook, add it, and show its secret this once."""
    require(request.actor, Role.MANAGER, action="add a webhook")
    agencies = [(agency.pk, agency.name) for agency in selectors.agencies(actor=request.actor) if agency.closed_on is None]
    form = WebhookForm(request.POST or None, agencies=agencies)
    if request.method == "POST" and form.is_valid():
        try:
            issued = services.webhook_add(actor=request.actor, **form.cleaned_data)
        except (WebhookRefused, WebhookFull) as error:
            form.add_refusal(error)
        else:
            return TemplateResponse(request, "console/webhooks/added.html", {"webhook": issued.webhook, "secret": issued.secret})
    return TemplateResponse(request, "console/webhooks/add.html", {"form": form}, status=422 if request.method == "POST" else 200)


@require_safe
@creditor_only
def shown(request: HttpRequest, webhook_id: int) -> HttpResponse:
    """Show one webhook and what was sent to it."""
    require(request.actor, Role.MANAGER, action="see a webhook")
    webhook = selectors.access_webhook(actor=request.actor, webhook_id=webhook_id)
    listing = replace(DELIVERIES, parameters=lambda _actor: {"webhook_id": webhook_id})
    template, is_living = "console/webhooks/webhook.html", webhook.removed_at is None
    return listing_page(request, listing, template=template, extra={"webhook": webhook}, select=is_living)


@creditor_only
@require_POST
def ping(request: HttpRequest, webhook_id: int) -> HttpResponse:
    """Send a test event."""
    delivery = services.webhook_ping(actor=request.actor, webhook_id=webhook_id)
    messages.success(request, _("Event %(event)s is on its way.") % {"event": delivery.event_id})
    return redirect("webhook", webhook_id=webhook_id)


@creditor_only
@require_POST
def retry(request: HttpRequest, webhook_id: int) -> HttpResponse:
    """Send the chosen events again; those that have arrived meanwhile stay as they are."""
    selectors.access_webhook(actor=request.actor, webhook_id=webhook_id)
    numbers = [int(text) for text in request.POST.getlist("ids") if text.isascii() and text.isdigit() and len(text) < 19]
    again_count = services.deliveries_retry(actor=request.actor, webhook_id=webhook_id, delivery_ids=numbers)
    messages.success(request, _("%(count)s events are on their way again.") % {"count": again_count})
    return redirect("webhook", webhook_id=webhook_id)


@creditor_only
@require_POST
def remove(request: HttpRequest, webhook_id: int) -> HttpResponse:
    """Send nothing more to it."""
    services.webhook_remove(actor=request.actor, webhook_id=webhook_id)
    messages.success(request, _("The webhook is removed; nothing more is sent."))
    return redirect("webhooks")


urlpatterns = [
    path("webhooks/", listed, name="webhooks"),
    path("webhooks/add/", add, name="webhook-add"),
    path("webhooks/<int:webhook_id>/", shown, name="webhook"),
    path("webhooks/<int:webhook_id>/ping/", ping, name="webhook-ping"),
    path("webhooks/<int:webhook_id>/retry/", retry, name="webhook-retry"),
    path("webhooks/<int:webhook_id>/remove/", remove, name="webhook-remove"),
]

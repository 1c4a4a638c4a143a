"""Webhooks: where a program is told what happened, and what was sent there."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field

from duecourse.doors.api.bearer import Token, performed
from duecourse.doors.api.paging import Number, Paging, page_of
from duecourse.doors.api.schemas import DeliveriesPage, DeliveryOut, WebhookIn, WebhookIssuedOut, WebhooksOut
from duecourse.parties import selectors, services
from duecourse.parties.access import Bearer, acting
from duecourse.parties.models import Webhook, WebhookDelivery

router = Router(tags=["webhooks"])
_WEBHOOK = ("id", "name", "url", "event_kinds", "key_id", "agency_id", "created_at")
_DELIVERY = ("id", "event_id", "kind", "state", "try_count", "tries", "created_at", "ended_at")


class DeliveriesWanted(Paging):
    """Which deliveries."""

    state: Annotated[Literal["waiting", "delivered", "dead"] | None, Field(None, description="only those in this state")]


@router.get("/webhooks", response=WebhooksOut, auth=Token("webhooks:read"), operation_id="webhooks_list")
def webhooks_list(request: HttpRequest) -> dict[str, Any]:
    """List the webhooks; an agency gets its own. Secrets are not shown again."""
    with acting(request.auth.actor) as actor:
        return {"items": [_shown(row) for row in selectors.webhooks(actor=actor)]}


@router.post("/webhooks", response={201: WebhookIssuedOut}, auth=Token("webhooks:write"), operation_id="webhook_add")
def webhook_add(request: HttpRequest, body: WebhookIn) -> tuple[int, dict[str, Any]]:
    """Have events sent to an address from now on; `secret` is shown this once. A test token's webhook is checked and not kept."""

    def added(bearer: Bearer) -> dict[str, Any]:
        issued = services.webhook_add(actor=bearer.actor, name=body.name, url=body.url, event_kinds=body.event_kinds)
        shown = _shown(issued.webhook) | {"secret": issued.secret}
        return shown | {"id": None, "secret": None, "key_id": None} if bearer.is_test else shown

    return 201, performed(request, added)


# house: allow write because it is the method of HTTP; the service writes
@router.delete("/webhooks/{webhook_id}", response={204: None}, auth=Token("webhooks:write"), operation_id="webhook_remove")
def webhook_remove(request: HttpRequest, webhook_id: Number) -> tuple[int, None]:
    """Send nothing more to it; what waits is given up."""
    performed(request, lambda bearer: services.webhook_remove(actor=bearer.actor, webhook_id=webhook_id))
    return 204, None


@router.post("/webhooks/{webhook_id}/ping", response={202: DeliveryOut}, auth=Token("webhooks:write"), operation_id="webhook_ping")
def webhook_ping(request: HttpRequest, webhook_id: Number) -> tuple[int, dict[str, Any]]:
    """Send a test event; it is on its way within a second or two."""
    return 202, performed(request, lambda bearer: _sent(services.webhook_ping(actor=bearer.actor, webhook_id=webhook_id)))


@router.get("/webhooks/{webhook_id}/deliveries", response=DeliveriesPage, auth=Token("webhooks:read"), operation_id="deliveries_list")
def deliveries_list(request: HttpRequest, webhook_id: Number, wanted: Query[DeliveriesWanted]) -> dict[str, Any]:
    """List what was sent and is on its way, with every try."""
    with acting(request.auth.actor) as actor:
        found = selectors.deliveries(actor=actor, webhook_id=webhook_id)
        return page_of(found.filter(state=wanted.state) if wanted.state else found, paging=wanted, shape=_sent)


@router.post("/webhooks/deliveries/{delivery_id}/retry", response={202: None}, auth=Token("webhooks:write"), operation_id="delivery_retry")
def delivery_retry(request: HttpRequest, delivery_id: Number) -> tuple[int, None]:
    """Send an event again that was given up, or that waits for its next try."""
    performed(request, lambda bearer: services.delivery_retry(actor=bearer.actor, delivery_id=delivery_id))
    return 202, None


def _shown(row: Webhook) -> dict[str, Any]:
    return {name: getattr(row, name) for name in _WEBHOOK}


def _sent(row: WebhookDelivery) -> dict[str, Any]:
    return {name: getattr(row, name) for name in _DELIVERY}

"""Reading webhooks and what was sent to them. Call inside `acting(...)`: an agency's people see their agency's."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from duecourse.kit.clock import now
from duecourse.kit.errors import Absent
from duecourse.ledger.selectors import PageQuery
from duecourse.ledger.selectors.rows import dicts
from duecourse.parties.access import Actor
from duecourse.parties.models import Webhook, WebhookDelivery

DELIVERIES_PAGE = PageQuery(
    select="d.id AS delivery_id, d.event_id, d.kind, d.state, d.try_count, d.created_at, d.ended_at, d.next_try_at,"
    " coalesce(d.tries -> -1 ->> 'status', '') AS last_status, coalesce(d.tries -> -1 ->> 'problem', '') AS last_problem",
    source="FROM parties_webhookdelivery d",
    always="d.creditor_id = %(creditor_id)s AND d.webhook_id = %(webhook_id)s::bigint",
    wheres={"state": "d.state = %(state)s", "kind": "d.kind = %(kind)s"},
    orders={"created": "d.created_at", "kind": "d.kind", "tries": "d.try_count"},
    key="d.id",
)
"""What was sent to one webhook; its number comes as the parameter `webhook_id`."""


def webhooks(*, actor: Actor) -> list[Webhook]:
    """Return the webhooks the actor may see that were not removed, with `waiting_count`, `dead_count` and agency, in the order of numbers."""
    return list(_seen(actor).filter(removed_at__isnull=True).annotate(**_COUNTS).order_by("pk"))


def access_webhook(*, actor: Actor, webhook_id: int) -> Webhook:
    """Return one webhook, removed ones too, with its counts.

    Raises:
        Absent: there is none, or it is another side's.
    """
    found = _seen(actor).filter(pk=webhook_id).annotate(**_COUNTS).first()
    if found is None:
        raise Absent(entity="webhook")
    return found


def deliveries(*, actor: Actor, webhook_id: int) -> QuerySet[WebhookDelivery]:
    """Return what was sent, and is on its way, to one webhook.

    Raises:
        Absent: there is no such webhook, or it is another side's.
    """
    access_webhook(actor=actor, webhook_id=webhook_id)
    return WebhookDelivery.objects.filter(creditor_id=actor.creditor_id, webhook_id=webhook_id)


def webhooks_listening(*, creditor_id: int) -> list[dict[str, Any]]:
    """Return id, agency, kinds and position of every webhook that is to be told: not removed, its agency not closed."""
    query = """
        SELECT w.id, w.agency_id, w.event_kinds, w.position FROM parties_webhook w
        JOIN parties_creditor c ON c.id = w.creditor_id
        LEFT JOIN parties_agency a ON a.creditor_id = w.creditor_id AND a.id = w.agency_id
        WHERE w.creditor_id = %(creditor_id)s AND w.removed_at IS NULL
          AND (a.closed_on IS NULL OR a.closed_on > (%(at)s::timestamptz AT TIME ZONE c.zone)::date)
        ORDER BY w.id
    """
    return dicts(query, creditor_id=creditor_id, at=now())


def webhooks_due(*, creditor_id: int, at: Any) -> list[int]:
    """Return the webhooks for which something is due at an instant."""
    query = """
        SELECT DISTINCT webhook_id FROM parties_webhookdelivery
        WHERE creditor_id = %(creditor_id)s AND state = 'waiting' AND next_try_at <= %(at)s ORDER BY webhook_id
    """
    return [row["webhook_id"] for row in dicts(query, creditor_id=creditor_id, at=at)]


def _count(state: str) -> Coalesce:
    """Return the number of a webhook's deliveries in a state, as a column."""
    rows = WebhookDelivery.objects.filter(creditor_id=OuterRef("creditor_id"), webhook_id=OuterRef("pk"), state=state).order_by()
    return Coalesce(Subquery(rows.values("webhook_id").annotate(number=Count("pk")).values("number")), 0)


_COUNTS = {"waiting_count": _count("waiting"), "dead_count": _count("dead")}


def _seen(actor: Actor) -> QuerySet[Webhook]:
    return Webhook.objects.filter(creditor_id=actor.creditor_id).select_related("agency")
